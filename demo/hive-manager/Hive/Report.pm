package Hive::Report;

use strict;
use warnings;

use Hive::Cluster;
use Hive::Guest;
use Hive::Tools qw(run_command);

# Commands of the report in each way that Perl has of quoting them.
my @commands = (
    'hostname',
    '/usr/sbin/hive status',
    "/usr/sbin/hivesm status",
    q(lsblk --ascii -o NAME,SIZE),
    qq(/sbin/ip -details -statistics address),
    "cat /proc/cpuinfo | head -n 5",
    'ls -l /dev/disk/by-id',
    'zpool status',
    "/sbin/pvs && /sbin/vgs && /sbin/lvs",
);

sub run_all {
    my @lines;
    for my $cmd (@commands) {
        push @lines, "# $cmd";
        eval { run_command($cmd, outfunc => sub { push @lines, @_ }, noerr => 1) };
        push @lines, $@ if $@;
    }
    return @lines;
}

sub generate {
    # PATH, sixth form: local, double-quoted key, qq().
    local $ENV{"PATH"} = qq(/sbin:/bin:/usr/sbin:/usr/bin);

    my $status = Hive::Cluster::status();
    my $guests = scalar(keys %{ Hive::Guest::list() });
    my @missing = Hive::Guest::missing();
    my $text = <<EOT;
hive report of $status->{node}
daemon: $status->{daemon}
guests: $guests
EOT
    $text .= "missing: @missing\n" if @missing;
    return $text;
}

sub full {
    local $ENV{'PATH'} = '/sbin:/bin:/usr/sbin:/usr/bin';
    return join("\n", generate(), run_all(), '');
}

# Names that the system gives, and no paths: services, a name on the bus, a parameter of the kernel.
my $hive_services = ['hived', 'chrony', 'hiveproxyd.service'];

sub states {
    my $bus = 'org.freedesktop.systemd1';
    my @lines = ("states by $bus");
    for my $service (@$hive_services) {
        push @lines, run_command(['systemctl', 'is-active', $service], noerr => 1);
    }
    open(my $fh, '<', '/proc/sys/net/ipv4/ip_forward') or die "cannot read a parameter: $!\n";
    push @lines, 'forwards: ' . <$fh>;
    close($fh);
    return join("\n", @lines);
}

# The network that this process is in: a path of this node alone, which nobody else is told.
sub namespace {
    return readlink('/proc/self/ns/net') // 'unknown';
}

1;
