package Hive::Cluster::Setup;

# Making a cluster and joining one: keys, trust, the first configuration.

use strict;
use warnings;

use Hive::Cluster;
use Hive::Cluster::SSHInfo;
use Hive::Tools qw(run_command file_set_contents node_name);

# The other way round hive-manager uses Hive::Cluster.
use Hive::API::Pool;

my $keyfile = '/etc/hive/authkey';

sub create {
    my ($name) = @_;

    die "cluster name missing\n" if !$name;
    # The program comes without its directory: it has to be on PATH.
    my $cmd = ['corosync-keygen', '-l', '-k', $keyfile];
    run_command($cmd) if !-f $keyfile;
    make_ssh_key();
    file_set_contents('/etc/hive/hived.conf', first_config($name), 0640);
    run_command(['/bin/systemctl', 'enable', '--now', 'hived.service']);
    return 0;
}

sub make_ssh_key {
    my $key = '/root/.ssh/id_ed25519';

    return if -e $key;
    run_command(<<"EOF");
/usr/bin/ssh-keygen -q -t ed25519 -N '' -f $key </dev/null
/bin/chmod 0600 $key
EOF
    return;
}

sub first_config {
    my ($name) = @_;

    my $node = node_name();
    my $pools = join(',', Hive::API::Pool::names());
    return <<"__CONFIG";
# Read by hived, made by hivecm.
cluster: $name
created-by: $node
pools: $pools
__CONFIG
}

# Words after the ssh command act on the other node: its paths are not ours.
sub join_node {
    my ($node) = @_;

    my $ssh_cmd = Hive::Cluster::SSHInfo::ssh_command($node);
    my $remote = [@$ssh_cmd, '/usr/bin/hivecm', 'add', node_name()];
    run_command($remote);
    run_command(['/usr/bin/scp', '-q', "root\@$node:/etc/hive/authkey", $keyfile]);
    run_command([@$ssh_cmd, '--', 'systemctl', 'restart', 'hived']);
    return 0;
}

# Backticks and both kinds of qx are shell command lines.
sub fingerprints {
    my $kernel = qx(/bin/uname -r);
    my $keys = `/usr/bin/ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub`;
    my $time = qx'date -u +%s';
    chomp($kernel, $keys, $time);
    return "$time $kernel $keys";
}

# The node's time zone is state: what is written there has to outlive the package that wrote it.
sub set_timezone {
    my ($zone) = @_;

    unlink '/etc/localtime';
    symlink("/usr/share/zoneinfo/$zone", '/etc/localtime') or die "cannot set the time zone: $!\n";
    return $zone;
}

1;
