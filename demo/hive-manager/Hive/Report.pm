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

1;
