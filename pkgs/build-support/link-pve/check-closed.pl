# check-closed.pl OUT
#
# Fails when anything below OUT is still open, or starts with an interpreter that only Debian has, or lost
# a service's program.
use strict;
use warnings;

use File::Find qw(find);

my ($out) = @ARGV;
my @faults;

sub check_link {
    my ($name, $target) = @_;
    push @faults, "$name: leads to $target" if $target =~ /\@pve\@/;
    push @faults, "$name: leads to $target, which is not there" if $target =~ m{^\Q$out\E/} && !-e $target;
}

sub check_file {
    my ($name, $content, $executable) = @_;
    for my $open ('@pve@', '@path@') {
        push @faults, "$name: $open is open" if index($content, $open) >= 0;
    }
    push @faults, "$name: a request was not run" if $content =~ /\Apve-deferred: /;
    push @faults, "$name: starts with $1" if $executable && $content =~ m{\A\#!\s*(/(?:usr|s?bin)/\S*)};
    if ($name =~ /\.service$/) {
        while ($content =~ m{^Exec\w+=[-\@:+!|]*(\Q$out\E/[^\s;]+)}mg) {
            push @faults, "$name: runs $1, which is not there" if !-x $1;
        }
    }
}

sub check {
    return if -d $_ && !-l $_;
    my $name = substr($_, length($out) + 1);
    if (-l $_) {
        check_link($name, readlink($_));
    } elsif (-f $_) {
        my $executable = -x _;
        open(my $fh, '<:raw', $_) or die "linkPve: $_: $!\n";
        local $/;
        check_file($name, scalar(<$fh>) // '', $executable);
    }
}

find({ wanted => \&check, no_chdir => 1 }, $out);
die join("\n  ", 'linkPve: the output is not closed:', sort @faults), "\n" if @faults;
