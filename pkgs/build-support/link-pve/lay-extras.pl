# lay-extras.pl EXTRAS OUT
#
# Lays what extras hold in bin, lib, libexec and share beside what is there, which stays. EXTRAS holds a line each, a name
# and a directory with a tab between. A file is a link into its package; one that is open (`@pve@`), and a service, which
# is to have the link's PATH, is a copy for close-placeholders.pl.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Find qw(find);
use File::Path qw(make_path);

my ($extras, $out) = @ARGV;

sub is_open {
    my ($file) = @_;
    open(my $fh, '<:raw', $file) or die "linkPve: $file: $!\n";
    local $/;
    return index(scalar(<$fh>) // '', '@pve@') >= 0;
}

sub lay {
    my ($from, $place) = @_;
    my $to = "$out/$place";
    return if -e $to || -l $to;
    make_path("$out/$1") if $place =~ m{^(.*)/};
    my $open_link = -l $from && readlink($from) =~ /^\@pve\@/;
    if ($open_link) {
        symlink(readlink($from), $to) or die "linkPve: $to: $!\n";
    } elsif (-f $from && ($place =~ m{^lib/systemd/system/[^/]+\.service$} || is_open($from))) {
        copy($from, $to) or die "linkPve: $to: $!\n";
        chmod((-x $from ? 0755 : 0644), $to) or die "linkPve: $to: $!\n";
    } else {
        symlink($from, $to) or die "linkPve: $to: $!\n";
    }
}

open(my $table, '<', $extras) or die "linkPve: $extras: $!\n";
for my $line (<$table>) {
    chomp($line);
    my ($name, $dir) = split(/\t/, $line, 2);
    next if !defined($dir);
    for my $part (grep { -d "$dir/$_" } qw(bin lib libexec share)) {
        my @files;
        my $wanted = sub { push @files, substr($_, length($dir) + 1) if -l $_ || !-d $_ };
        find({ wanted => $wanted, no_chdir => 1 }, "$dir/$part");
        lay("$dir/$_", $_) for sort @files;
    }
}
