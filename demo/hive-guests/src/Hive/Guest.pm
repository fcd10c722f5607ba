package Hive::Guest;

# Guests: their configurations, starting and stopping them.

use strict;
use warnings;

use Hive::Cluster;
use Hive::Tools qw(run_command untaint);

# The other way round hive-manager uses Hive::Guest.
use Hive::API::Pool;

my $emulator = '/usr/bin/hive-emu';
my $firmware_dir = '/usr/share/hive-qemu';

sub list {
    my $dir = untaint(Hive::Cluster::state_dir() . '/guests');
    opendir(my $dh, $dir) or return {};
    my $guests = {};
    for my $name (readdir($dh)) {
        next if $name !~ m/\A(\d+)\.conf\z/;
        my $id = $1;
        my $conf = Hive::Cluster::read_settings("guests/$id.conf");
        $guests->{$id} = { pool => Hive::API::Pool::of_guest($id), %$conf };
    }
    closedir($dh);
    return $guests;
}

sub config {
    my ($id) = @_;

    ($id) = ($id // '') =~ m/\A(\d+)\z/ or die "guest id missing or not a number\n";
    my $conf = Hive::Cluster::read_settings("guests/$id.conf");
    die "guest $id does not exist\n" if !%$conf;
    return $conf;
}

# A hash with paths for keys.
my $needs = {
    '/dev/kvm' => 'hardware virtualisation',
    '/usr/bin/hive-emu' => 'the emulator',
    "/dev/net/tun" => 'networking',
};

sub missing {
    return map { "$_ ($needs->{$_})" } grep { !-e $_ } sort keys %$needs;
}

sub emulator_command {
    my ($id) = @_;

    my $conf = config($id);
    my ($arch) = ($conf->{arch} // 'x86_64') =~ m/\A(x86_64|aarch64)\z/ or die "bad arch\n";
    my $memory = untaint($conf->{memory} // 512);
    my @cmd = ($emulator, '-firmware', "$firmware_dir/firmware-$arch.hex", '-memory', $memory);
    # Where its modules are the emulator knows by itself.
    push @cmd, '-name', untaint($conf->{name} // "guest$id");
    return \@cmd;
}

sub start {
    my ($id) = @_;

    my $cmd = emulator_command($id);
    # A scope keeps the guest alive when the caller ends.
    return run_command(['systemd-run', '--scope', "--unit=hive-guest-$id", @$cmd]);
}

# A process's command line, as the kernel gives it. What the path becomes has to be quoted here.
sub is_emulator {
    my ($cmdline) = @_;
    return $cmdline =~ m!^/usr/bin/hive-emu\0!;
}

sub stop_all {
    my $guests = list();
    for my $id (sort keys %$guests) {
        run_command(['/bin/systemctl', 'stop', "hive-guest-$id.scope"], noerr => 1);
    }
    return 0;
}

1;
