package Hive::API::Pool;

# Called from hive-cluster and hive-guests, which hive-manager uses in turn.

use strict;
use warnings;

use Hive::Cluster;

sub pools {
    my $settings = Hive::Cluster::read_settings('pools.conf');
    return { map { $_ => [split(/\s*,\s*/, $settings->{$_})] } keys %$settings };
}

sub names {
    return sort keys %{ pools() };
}

sub of_guest {
    my ($id) = @_;
    my $pools = pools();
    my ($pool) = grep {
        my $name = $_;
        grep { $_ eq $id } @{ $pools->{$name} }
    } sort keys %$pools;
    return $pool // '';
}

1;
