package PVE::JSONSchema;

# Stands in for upstream's: the two checks that a test needs, failing in the same form.

use strict;
use warnings;

sub validate {
    my ($values, $schema) = @_;

    my %errors;
    for my $name (sort keys %$values) {
        my ($value, $property) = ($values->{$name}, $schema->{properties}->{$name});
        if ($property->{type} eq 'integer' && $value !~ m/\A-?\d+\z/) {
            $errors{$name} = "type check ('integer') failed - got '$value'";
        } elsif ($property->{enum} && !grep { $_ eq $value } @{ $property->{enum} }) {
            $errors{$name} = "value '$value' does not have a value in the enumeration '"
                . join(', ', @{ $property->{enum} }) . "'";
        }
    }
    die { errors => \%errors } if %errors;
    return 1;
}

1;
