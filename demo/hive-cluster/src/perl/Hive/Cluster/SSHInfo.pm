package Hive::Cluster::SSHInfo;

use strict;
use warnings;

use Hive::Cluster;

# The words that reach a node. What a caller appends is run there, on another machine.
sub ssh_command {
    my ($node, @options) = @_;

    my $address = Hive::Cluster::nodes()->{$node} // die "no such node '$node'\n";
    my $known_hosts = "/etc/hive/nodes/$node/ssh_known_hosts";
    return [
        '/usr/bin/ssh',
        '-e', 'none',
        '-o', 'BatchMode=yes',
        '-o', "UserKnownHostsFile=$known_hosts",
        @options,
        "root\@$address",
    ];
}

1;
