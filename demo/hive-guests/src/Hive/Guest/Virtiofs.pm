package Hive::Guest::Virtiofs;

use strict;
use warnings;

use Hive::Tools qw(run_command untaint);

my $virtiofsd = '/usr/libexec/virtiofsd';

sub start {
    my ($id, $dir) = @_;

    die "virtiofsd is not installed\n" if !-f $virtiofsd;
    my $socket = "/run/hive/virtiofsd/vm$id.sock";
    my $pid = fork() // die "unable to fork - $!\n";
    return ($pid, $socket) if $pid;
    # PATH, third form: local, quoted key. Nothing the share's daemon starts comes from elsewhere.
    local $ENV{'PATH'} = '/usr/sbin:/usr/bin:/sbin:/bin';
    exec($virtiofsd, '--shared-dir', untaint($dir), '--socket-path', $socket)
        or die "exec of $virtiofsd: $!\n";
}

# A user's own share needs an id map: both helpers are set-user-id.
sub map_ids {
    my ($pid, $uid, $gid) = @_;
    run_command(['newuidmap', $pid, 0, $uid, 1]);
    run_command(["/usr/bin/newgidmap", $pid, 0, $gid, 1]);
    return;
}

1;
