#!/usr/bin/perl -T

use strict;
use warnings;

use Test::More;

use Hive::Guest::Migrate;
use Hive::Storage;

# Commands are recorded instead of run.
my @ran;
{
    no warnings 'redefine';
    my $record = sub { my ($cmd, %param) = @_; push @ran, $cmd; return 0; };
    *Hive::Storage::LVM::run_command = $record;
    *Hive::Storage::Disk::run_command = $record;
    *Hive::Storage::run_command = $record;
    *Hive::Guest::Migrate::run_command = $record;
}
my $program = sub { my ($path) = @_; $path =~ s!.*/!!; return $path };

Hive::Storage::LVM::create_volume_group('tank', '/dev/sdb');
is_deeply([map { $program->($_->[0]) } @ran], ['pvs', 'pvcreate', 'vgcreate'], 'each by its own name');

@ran = ();
Hive::Storage::Disk::init('/dev/sdb');
is_deeply([map { $program->($_->[0]) } @ran], ['wipefs', 'sgdisk'], 'a disk is wiped, then labelled');

@ran = ();
Hive::Guest::Migrate::remote_prepare(['ssh', 'root@b'], 100);
is_deeply($ran[0], ['ssh', 'root@b', '/usr/sbin/hivesm', 'prepare', 100], 'remote paths stay');

is(Hive::Storage::scheduler('/dev/sdb'), '/sys/block/sdb/queue/scheduler', 'kernel path');
ok(Hive::Storage::Disk::is_stable_name('/dev/disk/by-id/wwn-1'), 'regular expressions with paths');
ok(Hive::Guest::is_emulator("/usr/bin/hive-emu\0-name\0"), 'the emulator is known by its path');

done_testing();
