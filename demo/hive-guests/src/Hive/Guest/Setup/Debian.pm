package Hive::Guest::Setup::Debian;

use strict;
use warnings;

use parent -norequire, 'Hive::Guest::Setup::Base';

# A heredoc without interpolation, written into the guest: its paths are the guest's.
my $interfaces = <<'EOF';
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
    post-up /sbin/ip link set dev eth0 txqueuelen 1000
EOF

sub set_network {
    my ($self) = @_;
    $self->ct_file_set_contents('/etc/network/interfaces', $interfaces);
    return;
}

sub mask_units {
    my ($self) = @_;
    for my $unit (qw(/lib/systemd/system/sys-kernel-config.mount /etc/systemd/system/dm.service)) {
        next if !$self->ct_file_exists($unit);
        (my $name = $unit) =~ s!.*/!!;
        $self->ct_symlink('/dev/null', "/etc/systemd/system/$name");
    }
    return;
}

sub new_shell {
    my ($self) = @_;
    # Run inside the guest by way of the host's lxc-attach.
    my @cmd = ('lxc-attach', '-n', $self->{conf}->{hostname}, '--', '/bin/login', '-f', 'root');
    return Hive::Tools::run_command(\@cmd);
}

1;
