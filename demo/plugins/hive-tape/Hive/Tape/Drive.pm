package Hive::Tape::Drive;

use strict;
use warnings;

use Hive::Tools qw(untaint);

my $labels = '/usr/share/hive-tape/labels';

# The drive that the administrator chose, else the first.
sub device {
    open(my $fh, '<', '/etc/hive/tape.conf') or return '/dev/nst0';
    chomp(my $device = <$fh> // '/dev/nst0');
    return untaint($device);
}

sub labels {
    open(my $fh, '<', $labels) or die "no labels: $!\n";
    chomp(my @labels = <$fh>);
    return @labels;
}

1;
