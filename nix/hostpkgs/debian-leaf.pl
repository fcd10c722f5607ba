# Makes a leaf: links below `out` to what the file lists in `lists` name, at the places that Nix packages have, then what
# `table` adds (a place and a target a line, with a tab between).
use strict;
use warnings;

use File::Path qw(make_path);

my $out = $ENV{out};

# The place of a path of Debian in the output, or nothing.
sub place {
    my ($path) = @_;
    # A unit of Debian's names Debian's places.
    return if $path =~ m{^(?:/usr)?/lib/(?:systemd/(?:system|user)|udev/rules\.d)/};
    return "lib/perl5/site_perl/$1" if $path =~ m{^/usr/(?:share/perl5|lib/[^/]+-linux-gnu/perl5/[^/]+)/(.+)};
    return "lib/$1" if $path =~ m{^(?:/usr)?/lib/[^/]+-linux-gnu/(.+)};
    return "bin/$1" if $path =~ m{^(?:/usr)?/s?bin/(.+)};
    return "$1" if $path =~ m{^(?:/usr)?/((?:lib|libexec|share|include)/.+)};
    return "$1" if $path =~ m{^/(etc/.+)};
    return;
}

sub lay {
    my ($place, $target) = @_;
    my $link = "$out/$place";
    return if -e $link || -l $link;
    make_path("$out/$1") if $place =~ m{^(.*)/};
    return wrap($link, $target) if $ENV{hostPath} && $place =~ m{^bin/};
    symlink($target, $link) or die "$link: $!\n";
}

# A program that finds the host's others, after those that the build names.
sub wrap {
    my ($file, $program) = @_;
    open(my $fh, '>', $file) or die "$file: $!\n";
    print {$fh} "#!/bin/sh\nPATH=\"\${PATH:+\$PATH:}/usr/bin:/usr/sbin\" exec $program \"\$@\"\n";
    close($fh) or die "$file: $!\n";
    chmod(0755, $file);
}

make_path($out);
my @paths;
for my $list (split(' ', $ENV{lists})) {
    open(my $fh, '<', $list) or die "$list: $!\n";
    push @paths, <$fh>;
}
chomp(@paths);
# A directory is one that another line stands in, or that the machine has; an empty one is of no use.
my %directory = map { m{^(.*)/} ? ($1 => 1) : () } @paths;
for my $path (grep { !$directory{$_} && $_ ne '/.' && (!-d $_ || -l $_) } @paths) {
    my $place = place($path) // next;
    lay($place, $path);
}
for my $line (split(/\n/, $ENV{table})) {
    my ($place, $target) = split(/\t/, $line, 2);
    unlink("$out/$place");
    lay($place, $target);
}
if (length($ENV{propagated})) {
    make_path("$out/nix-support");
    open(my $fh, '>', "$out/nix-support/propagated-build-inputs") or die "$out: $!\n";
    print {$fh} $ENV{propagated};
    close($fh) or die "$out: $!\n";
}
