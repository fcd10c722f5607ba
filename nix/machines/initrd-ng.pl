# An initrd as nixpkgs' make-initrd-ng lays it out, of leaves that lead into the host's /usr: initrd-ng.pl CONTENTS ROOT copies each
# `source` of CONTENTS (JSON: objects of `source` and, or null, `target`) to its own place below ROOT, with what its symbolic links
# lead to and the libraries of its programs, also those that are loaded on demand; `target` becomes a link to it.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use JSON::PP;

my ($contents, $root) = @ARGV;
my (%seen, @queue);
my ($loader) = grep { -e } glob('/lib64/ld-linux-*.so.2 /lib/ld-linux-*.so.1');

# The path with every directory's symbolic links followed, those below ROOT made on the way.
sub placed {
    my ($path, $depth) = @_;
    die "$path: too many symbolic links\n" if ($depth // 0) > 40;
    my @parts = grep { $_ ne '' && $_ ne '.' } split(m{/}, $path);
    my $name = pop @parts // return '/';
    my $at = '';
    while (defined(my $part = shift @parts)) {
        if ($part eq '..') {
            $at =~ s{/[^/]*$}{};
            next;
        }
        my $next = "$at/$part";
        if (-l $next) {
            my $to = readlink($next);
            link_below($next, $to);
            return placed(join('/', ($to =~ m{^/} ? $to : "$at/$to"), @parts, $name), ($depth // 0) + 1);
        }
        $at = $next;
    }
    return $name eq '..' ? placed($at =~ s{/[^/]*$}{}r, $depth) : "$at/$name";
}

sub link_below {
    my ($place, $to) = @_;
    my $link = "$root$place";
    return if -l $link;
    # What an earlier entry laid there as a directory of its own holds more.
    return if -e $link;
    make_path($link =~ s{/[^/]*$}{}r);
    symlink($to, $link) or die "$link: $!\n";
}

# The libraries that a program or library needs, by the loader, and those that it says it loads on demand.
sub libraries {
    my ($file) = @_;
    my @found;
    # What is linked statically makes the loader fail, and needs none.
    open(my $list, '-|', '/bin/sh', '-c', 'exec "$0" --list "$1" 2>/dev/null', $loader, $file) or die "$loader: $!\n";
    while (<$list>) {
        push @found, $1 if m{=>\s+(/\S+)} || m{^\s*(/\S+)\s+\(};
    }
    close($list);
    open(my $fh, '<:raw', $file) or die "$file: $!\n";
    my $bytes = do { local $/; <$fh> };
    while ($bytes =~ m/"soname":\[([^\]]*)\]/g) {
        for my $name ($1 =~ m/"([^"]+)"/g) {
            push @found, grep { -e } map { "$_/$name" } glob('/usr/lib/*-linux-gnu');
        }
    }
    return @found;
}

sub lay {
    my ($wanted) = @_;
    my $path = placed($wanted);
    return if $seen{$path}++;
    if (-l $path) {
        my $to = readlink($path);
        link_below($path, $to);
        push @queue, $to =~ m{^/} ? $to : ($path =~ s{/[^/]*$}{}r) . "/$to";
        return;
    }
    if (-d $path) {
        make_path("$root$path");
        opendir(my $dh, $path) or die "$path: $!\n";
        push @queue, map { "$path/$_" } grep { $_ ne '.' && $_ ne '..' } readdir($dh);
        return;
    }
    -e $path or die "initrd-ng: $wanted is not there\n";
    make_path("$root$path" =~ s{/[^/]*$}{}r);
    copy($path, "$root$path") or die "$path: $!\n";
    my $mode = (stat($path))[2] & 0777;
    chmod($mode | 0200, "$root$path") or die "$path: $!\n";
    open(my $fh, '<:raw', $path) or die "$path: $!\n";
    read($fh, my $magic, 4);
    push @queue, libraries($path) if ($magic // '') eq "\x7fELF" && $path !~ m/\.ko$/;
}

open(my $fh, '<', $contents) or die "$contents: $!\n";
my $entries = decode_json(do { local $/; <$fh> });
for my $entry (@$entries) {
    if (defined(my $target = $entry->{target})) {
        make_path("$root$target" =~ s{/[^/]*$}{}r);
        symlink($entry->{source}, "$root$target") or -l "$root$target" or die "$root$target: $!\n";
    }
    push @queue, $entry->{source};
}
while (defined(my $path = shift @queue)) {
    lay($path);
}
