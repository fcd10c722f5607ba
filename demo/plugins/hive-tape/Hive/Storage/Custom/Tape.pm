package Hive::Storage::Custom::Tape;

# A kind of storage that is no part of the hive: backups on magnetic tape.

use strict;
use warnings;

use Hive::Tape::Drive;
use Hive::Tools qw(run_command untaint);

sub kind {
    return 'tape';
}

sub programs {
    return [qw(/bin/tar /usr/bin/shred)];
}

# A copy of a file on the tape, told to the machine's administrator.
sub store {
    my ($file) = @_;
    my $device = Hive::Tape::Drive::device();
    run_command(['/bin/tar', '-cf', $device, untaint($file)]);
    run_command(['/usr/sbin/hive', 'guest', 'list']);
    return $device;
}

sub erase {
    return run_command(['shred', '-n', '1', Hive::Tape::Drive::device()]);
}

1;
