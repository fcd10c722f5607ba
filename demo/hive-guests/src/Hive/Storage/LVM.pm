package Hive::Storage::LVM;

# Each program keeps its own name: pvs is not vgs, pvcreate is not vgcreate.

use strict;
use warnings;

use Hive::Tools qw(run_command untaint);

my @common = ('--separator', ':', '--noheadings', '--units', 'b');

sub physical_volume {
    my ($device) = @_;

    my $cmd = ['/sbin/pvs', @common, '-o', 'pv_name,pv_size,vg_name', untaint($device)];
    my $found;
    run_command(
        $cmd,
        outfunc => sub { $found = [split(/:/, $_[0] =~ s/^\s+//r)] },
        noerr => 1,
    );
    return $found;
}

sub create_volume_group {
    my ($group, $device) = @_;

    ($group, $device) = (untaint($group), untaint($device));
    die "'$device' is in use\n" if physical_volume($device);
    run_command(['/sbin/pvcreate', '--metadatasize', '250k', $device]);
    run_command(['/sbin/vgcreate', $group, $device]);
    return $group;
}

sub volume_groups {
    my $cmd = [qq{/sbin/vgs}, @common, '-o', 'vg_name,vg_free'];
    my %free;
    run_command($cmd, outfunc => sub { $free{$1} = $2 if $_[0] =~ m/^\s*([^:]+):(\d+)/ });
    return \%free;
}

sub list {
    my ($group) = @_;
    # A heredoc that is a shell command line.
    return split(/\n/, <<`EOF`);
/sbin/lvs --noheadings -o lv_name $group
EOF
}

1;
