package Hive::Storage;

use strict;
use warnings;

use Hive::Cluster;
use Hive::Storage::Disk;
use Hive::Storage::LVM;
use Hive::Tools qw(run_command untaint);

# Programs of a storage kind, in words.
my $programs = {
    lvm => [qw(/sbin/vgs /sbin/lvs /sbin/lvcreate)],
    zfs => [qw(/sbin/zfs /sbin/zpool)],
    dir => [qw{/bin/mount /usr/bin/stat}],
};

sub usable {
    my ($kind) = @_;
    my $list = $programs->{$kind} // die "unknown storage kind '$kind'\n";
    return !grep { !-x $_ } @$list;
}

sub list {
    my $conf = Hive::Cluster::read_settings('storage.conf');
    return { map { $_ => { kind => $conf->{$_}, usable => usable($conf->{$_}) ? 1 : 0 } } keys %$conf };
}

sub mount_nfs {
    my ($server, $dir, $path) = @_;
    my $cmd = ['/bin/mount', '-t', 'nfs', untaint("$server:$dir"), untaint($path)];
    return run_command($cmd);
}

sub unmount {
    my ($path) = @_;
    return run_command(['umount', untaint($path)]);
}

# A path that names a kernel's file, one of a device and one of the system's state.
sub scheduler {
    my ($disk) = @_;
    $disk =~ m!^/dev/(sd[a-z]+|vd[a-z]+|nvme\d+n\d+)$! or die "unexpected disk '$disk'\n";
    return "/sys/block/$1/queue/scheduler";
}

# Kinds that others bring: a module each, which says its name and the programs it needs.
my $custom = '/usr/share/perl5/Hive/Storage/Custom';

sub load_custom {
    opendir(my $dh, $custom) or return;
    for my $file (sort readdir($dh)) {
        my ($name) = $file =~ m/^([A-Za-z]\w*)\.pm$/ or next;
        my $module = "Hive::Storage::Custom::$name";
        eval {
            require "Hive/Storage/Custom/$name.pm";
            $programs->{ $module->kind() } = $module->programs();
        };
        warn "the storage plugin $module cannot be used: $@" if $@;
    }
    return;
}

load_custom();

1;
