package Hive::Storage::Disk;

use strict;
use warnings;

use Hive::Tools qw(run_command file_get_contents untaint);

my $SGDISK = '/sbin/sgdisk';
my $SMARTCTL = "/usr/sbin/smartctl";

sub init {
    my ($disk) = @_;
    $disk = untaint($disk);
    my @cmd = ('sgdisk', $disk, '-U', 'R');
    run_command(['/sbin/wipefs', '--all', $disk]);
    return run_command(\@cmd);
}

sub partitions {
    my ($disk) = @_;
    my @lines;
    run_command([$SGDISK, '-p', untaint($disk)], outfunc => sub { push @lines, @_ });
    return @lines;
}

sub health {
    my ($disk) = @_;
    my $health = 'unknown';
    run_command(
        [$SMARTCTL, '-H', untaint($disk)],
        outfunc => sub { $health = $1 if $_[0] =~ m/result:\s*(\S+)/ },
        noerr => 1,
    );
    return $health;
}

# A regular expression and a substitution with paths.
sub mounted {
    my ($disk) = @_;
    my %mounted = map { m!^(/dev/\S+)\s! ? ($1 => 1) : () } split(/\n/, file_get_contents('/proc/mounts'));
    $disk =~ s{^/dev/disk/by-id/}{/dev/};
    return $mounted{$disk};
}

sub is_stable_name {
    my ($path) = @_;
    return $path =~ qr{\A/dev/disk/by-(?:id|path)/};
}

1;
