package Hive::CLI::hivesm;

use strict;
use warnings;

use Hive::Guest::Backup;
use Hive::Guest::Migrate;
use Hive::Guest::Setup;
use Hive::Guest::Virtiofs;
use Hive::Storage;

use parent qw(Hive::CLI);

sub status {
    my $storages = Hive::Storage::list();
    printf("%-12s %-6s %s\n", $_, $storages->{$_}->{kind}, $storages->{$_}->{usable} ? 'usable' : 'not usable')
        for sort keys %$storages;
    return 0;
}

sub scan {
    my $free = Hive::Storage::LVM::volume_groups();
    print "$_ $free->{$_}\n" for sort keys %$free;
    return 0;
}

sub setup {
    my ($rootdir, $hostname) = @_;
    my $conf = { hostname => $hostname // die("ROOT and NAME are needed\n") };
    Hive::Guest::Setup->new($conf, $rootdir)->pre_start();
    return 0;
}

sub commands {
    return {
        'free' => [sub { print Hive::Guest::Backup::free_space(@_), "\n"; 0 }, 'DIR', 'free bytes'],
        'init-disk' => [\&Hive::Storage::Disk::init, 'DISK', 'write a partition table'],
        migrate => [\&Hive::Guest::Migrate::migrate, 'ID NODE', 'move a guest'],
        scan => [\&scan, '', 'list volume groups'],
        setup => [\&setup, 'ROOT NAME', 'prepare a container below ROOT'],
        status => [\&status, '', 'list storages'],
    };
}

1;
