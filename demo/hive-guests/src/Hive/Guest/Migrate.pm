package Hive::Guest::Migrate;

# Moving a guest: what follows the ssh command runs on the other node.

use strict;
use warnings;

use Hive::Cluster::SSHInfo;
use Hive::Guest;
use Hive::Tools qw(run_command shell_quote untaint);

sub remote_prepare {
    my ($self_ssh, $id) = @_;
    # The array comes from the caller and is spliced in: all that follows is remote.
    my $cmd = [@$self_ssh, '/usr/sbin/hivesm', 'prepare', $id];
    run_command($cmd);
    run_command([@$self_ssh, '/bin/mkdir', '-p', '/run/hive/migrate']);
    return;
}

sub migrate {
    my ($id, $node) = @_;

    $id = untaint($id);
    my $ssh = Hive::Cluster::SSHInfo::ssh_command($node, '-o', 'Compression=no');
    remote_prepare($ssh, $id);

    # A pipeline that begins here and ends there.
    my $send = ['/usr/sbin/hivesm', 'export', $id];
    my $pack = ['zstd', '-T0', '-c'];
    my $receive = [@$ssh, '--', '/usr/bin/zstd -dc | /usr/sbin/hivesm import ' . shell_quote($id)];
    run_command([$send, $pack, $receive]);

    my $rsync = ['/usr/bin/rsync', '-e', '/usr/bin/ssh', '--rsync-path', '/usr/bin/rsync'];
    run_command([@$rsync, "/var/lib/hive/guests/$id.conf", "root\@$node:/var/lib/hive/guests/"]);
    return 0;
}

# One string, run by a local shell: '/bin/ss' and '/usr/sbin/hivesm' stand inside longer text.
sub free_port {
    my ($from) = @_;
    my %used;
    run_command(
        "/bin/ss -Htln | awk '{print \$4}' | sed 's/.*://'",
        outfunc => sub { $used{ $_[0] } = 1 },
    );
    my $port = $from // 60000;
    $port++ while $used{$port};
    return $port;
}

sub release_after {
    my ($id, $seconds) = @_;
    return run_command("( sleep $seconds; /usr/sbin/hivesm release $id && /usr/sbin/hive status ) &");
}

1;
