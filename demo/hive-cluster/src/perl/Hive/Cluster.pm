package Hive::Cluster;

# The state directory and what stands in it: nodes and settings. Everything else asks here.

use strict;
use warnings;

use Hive::Cluster::IPC;
use Hive::Tools qw(file_get_contents node_name untaint);

my $default_state_dir = '/var/lib/hive';
my $state_dir;

sub set_state_dir {
    ($state_dir) = @_;
    return $state_dir;
}

sub state_dir {
    return $state_dir // $ENV{HIVE_STATE} // $default_state_dir;
}

# Lines "key: value" below the state directory; a file that is not there is empty.
sub read_settings {
    my ($name) = @_;

    my $path = untaint(state_dir() . "/$name");
    return {} if !-e $path;
    my $settings = {};
    for my $line (split(/\n/, file_get_contents($path))) {
        next if $line =~ m/^\s*(?:#|$)/;
        $line =~ m/^\s*([\w-]+)\s*:\s*(.*?)\s*$/ or die "$path: can't parse '$line'\n";
        $settings->{$1} = $2;
    }
    return $settings;
}

sub nodes {
    my $nodes = read_settings('nodes.conf');
    $nodes->{ node_name() } //= '127.0.0.1';
    return $nodes;
}

sub status {
    my $answer = eval { Hive::Cluster::IPC::ask('PING') };
    my @nodes = sort keys %{ nodes() };
    return {
        node => node_name(),
        nodes => \@nodes,
        daemon => defined($answer) ? "running, load $answer" : 'not running',
    };
}

1;
