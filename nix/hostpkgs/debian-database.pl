# Writes dpkg's status file, named by the variable `status`, as JSON to the variable `out`.
use strict;
use warnings;

use JSON::PP;

my %packages;
open(my $in, '<:encoding(UTF-8)', $ENV{status}) or die "$ENV{status}: $!\n";
local $/ = '';
while (my $paragraph = <$in>) {
    $paragraph =~ s/\n[ \t]+/ /g;
    my %field = map { /^([^:\s]+):\s*(.*)/ ? (lc($1), $2) : () } split(/\n/, $paragraph);
    next if !defined($field{package}) || ($field{status} // '') !~ /\binstalled$/;
    my $entry = { version => $field{version}, arch => $field{architecture}, depends => [], provides => [] };
    for my $dependency (split(/\s*,\s*/, join(',', grep { defined } @field{qw(pre-depends depends)}))) {
        push @{ $entry->{depends} }, map { /^([a-z0-9][a-z0-9+.-]*)/ ? $1 : () } split(/\s*\|\s*/, $dependency);
    }
    # Of two architectures of one package the first is the machine's own.
    $packages{ $field{package} } //= $entry;
}
close($in);

open(my $json, '>', $ENV{out}) or die "$ENV{out}: $!\n";
print {$json} JSON::PP->new->canonical->encode(\%packages);
close($json) or die "$ENV{out}: $!\n";
