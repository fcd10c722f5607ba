# lay-objects.pl OBJECTS MODULES OUT
#
# Copies every object's files to OUT and links the outside Perl modules beside the objects' own; what is open in
# those (`@pve@` in a Rust program's shared object) is copied, too. OBJECTS and MODULES hold a line each, a name and a
# directory with a tab between. Two files at one place are an error that names both objects; of two outside modules
# the first is taken, as Perl's @INC would.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Find qw(find);
use File::Path qw(make_path);

my ($objects, $modules, $out) = @ARGV;
my $site_perl = 'lib/perl5/site_perl';
my (%owner, @clashes);

sub table {
    my ($file) = @_;
    open(my $fh, '<', $file) or die "lay-objects: $file: $!\n";
    return map { chomp; [split(/\t/, $_, 2)] } grep { /\S/ } <$fh>;
}

# The files below a directory, relative to it; a link to a directory counts as a file unless $follow.
sub files {
    my ($dir, $follow) = @_;
    my @files;
    return () if !-d $dir;
    my $wanted = sub {
        return if -d $_ && ($follow || !-l $_);
        push @files, substr($_, length($dir) + 1);
    };
    find({ wanted => $wanted, no_chdir => 1, follow_fast => $follow, follow_skip => 2 }, $dir);
    return sort @files;
}

sub parent {
    my ($place) = @_;
    make_path("$out/$1") if $place =~ m{^(.*)/};
}

sub is_open {
    my ($file) = @_;
    open(my $fh, '<:raw', $file) or die "lay-objects: $file: $!\n";
    local $/;
    return index(scalar(<$fh>) // '', '@pve@') >= 0;
}

sub lay {
    my ($name, $dir, $place) = @_;
    if (defined(my $other = $owner{$place})) {
        push @clashes, "$place: from $other and from $name";
        return;
    }
    $owner{$place} = $name;
    parent($place);
    my ($from, $to) = ("$dir/$place", "$out/$place");
    if (-l $from) {
        symlink(readlink($from), $to) or die "lay-objects: $to: $!\n";
        return;
    }
    copy($from, $to) or die "lay-objects: $to: $!\n";
    chmod((-x $from ? 0755 : 0644), $to) or die "lay-objects: $to: $!\n";
}

make_path($out);
for my $object (table($objects)) {
    my ($name, $dir) = @$object;
    lay($name, $dir, $_) for grep { !m{^nix-support/} } files($dir, 0);
}

for my $module (table($modules)) {
    my ($name, $dir) = @$module;
    for my $file (files($dir, 1)) {
        # What installation leaves behind for Perl's own package tools.
        next if $file =~ m{(?:^|/)(?:\.packlist|perllocal\.pod)$};
        my $place = "$site_perl/$file";
        my $other = $owner{$place};
        if (!defined($other)) {
            $owner{$place} = "module $name";
            parent($place);
            if (is_open("$dir/$file")) {
                copy("$dir/$file", "$out/$place") or die "lay-objects: $place: $!\n";
                chmod((-x "$dir/$file" ? 0755 : 0644), "$out/$place") or die "lay-objects: $place: $!\n";
            } else {
                symlink("$dir/$file", "$out/$place") or die "lay-objects: $place: $!\n";
            }
        } elsif ($other !~ /^module /) {
            push @clashes, "$place: from $other and from module $name";
        }
    }
}

die join("\n  ", 'linkPve: two files at one place:', @clashes), "\n" if @clashes;
