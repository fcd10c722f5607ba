//! Commands that another node runs, where this node's paths do not apply.

use crate::support::Root;

const SETUP: &str = "demo/hive-cluster/src/perl/Hive/Cluster/Setup.pm";

/// A console on this node or another, and a tunnel to another.
const SUBS: &str = "\
sub console {
    my ($node) = @_;

    my $remcmd = [];
    $remcmd = Hive::Cluster::SSHInfo::ssh_command($node) if $node ne node_name();
    my $shown = ['/usr/bin/hivecm', 'get', 'console'];
    my $worker = sub {
        my $cmd = ['/usr/bin/scp', '--'];
        push @$cmd, @$remcmd, @$shown;
        run_command($cmd);
    };
    return $worker->();
}

sub fork_tunnel {
    my ($self) = @_;

    my $cmd = ['/usr/bin/hivecm', 'get', 'tunnel'];
    return Hive::Tunnel::fork_ssh_tunnel($self->{rem_ssh}, $cmd);
}

";

#[test]
fn what_another_node_runs_is_called_by_its_name() {
    let root = Root::new();
    let text = root.text(SETUP);
    let first = "sub make_ssh_key {";
    assert!(text.contains(first), "{SETUP} has changed");
    root.edit(SETUP, first, &format!("{SUBS}{first}"));
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patches: String = ["0001-paths.patch", "0002-commands.patch"]
        .iter()
        .map(|name| root.text(&format!("pkgs/demo/patches/hive-cluster/{name}")))
        .collect();
    for line in [
        "+    my $shown = ['hivecm', 'get', 'console'];",
        "+    my $cmd = ['hivecm', 'get', 'tunnel'];",
    ] {
        assert!(patches.lines().any(|found| found == line), "{patches}");
    }
}
