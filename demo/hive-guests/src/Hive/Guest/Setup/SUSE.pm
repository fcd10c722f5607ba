package Hive::Guest::Setup::SUSE;

use strict;
use warnings;

use Hive::Guest::Setup::Base;

use base qw(Hive::Guest::Setup::Base);

sub set_timezone {
    my ($self) = @_;
    return if $self->ct_file_exists('/etc/localtime');
    $self->ct_symlink('/usr/share/zoneinfo/UTC', '/etc/localtime');
    return;
}

sub set_network {
    my ($self) = @_;
    $self->ct_make_path('/etc/sysconfig/network');
    $self->ct_file_set_contents('/etc/sysconfig/network/ifcfg-eth0', <<~'EOF');
        STARTMODE='auto'
        BOOTPROTO='dhcp'
        POST_UP_SCRIPT='/usr/bin/true'
        EOF
    return;
}

1;
