package Hive::CLI::hivecm;

use strict;
use warnings;

use Hive::Cluster;
use Hive::Cluster::IPC;
use Hive::Cluster::Setup;

use parent qw(Hive::CLI);

sub status {
    my $status = Hive::Cluster::status();
    print "node: $status->{node}\nnodes: @{ $status->{nodes} }\nhived: $status->{daemon}\n";
    return 0;
}

sub get {
    my ($key) = @_;
    print Hive::Cluster::IPC::ask('GET', $key // die("key missing\n")), "\n";
    return 0;
}

sub commands {
    return {
        create => [\&Hive::Cluster::Setup::create, 'NAME', 'make a cluster'],
        fingerprints =>
            [sub { print Hive::Cluster::Setup::fingerprints(), "\n"; 0 }, '', 'show keys'],
        get => [\&get, 'KEY', "ask hived for one of its settings"],
        join => [\&Hive::Cluster::Setup::join_node, 'NODE', 'join a cluster'],
        status => [\&status, '', 'show nodes and daemon'],
    };
}

1;
