# close-placeholders.pl OUT PERL PATH
#
# Closes what objects leave open in the files and links below OUT: `@pve@` is OUT, `@path@` is PATH, Perl
# programs start with PERL and find their modules, services have PATH.
use strict;
use warnings;

use File::Find qw(find);

my ($out, $perl, $path) = @ARGV;

# A package that is run by path alone has no bin. The wrappers are the machine's.
$path = join(':', grep { -d $_ || m{^/run/} || index($_, "$out/") == 0 } split(/:/, $path));

# A string in a compiled program keeps its length: there the placeholder is padded to this many bytes
# with slashes, and so is what takes its place.
my $padded = 128;
my $padding = $padded - length('@pve@');
die "linkPve: $out is too long for compiled programs, which have room for $padded bytes\n" if length($out) > $padded;

# The kernel reads this much of a program's first line (BINPRM_BUF_SIZE, less the line's end).
my $longest = 255;

sub slurp {
    my ($file) = @_;
    open(my $fh, '<:raw', $file) or die "linkPve: $file: $!\n";
    local $/;
    return scalar(<$fh>) // '';
}

sub spew {
    my ($file, $content) = @_;
    open(my $fh, '>:raw', $file) or die "linkPve: $file: $!\n";
    print {$fh} $content or die "linkPve: $file: $!\n";
    close($fh) or die "linkPve: $file: $!\n";
}

# The first line of a Perl program: its own switches, then where its modules are.
sub first_line {
    my ($file, $switches) = @_;
    $switches =~ s/\s+$//;
    my $line = "#!$perl/bin/perl$switches -I$out/lib/perl5/site_perl";
    die "linkPve: $file: its first line is longer than $longest bytes: $line\n" if length($line) > $longest;
    return $line;
}

sub close_file {
    my ($file) = @_;
    my $old = slurp($file);
    my $new = $old;
    $new =~ s/\@pve\@\/{$padding}/$out . '\/' x ($padded - length($out))/ge;
    if (substr($new, 0, 4) ne "\x7fELF") {
        $new =~ s/\@pve\@/$out/g;
        $new =~ s/\@path\@/$path/g;
        $new =~ s{\A\#![ \t]*(?:\S*/env[ \t]+(?:-S[ \t]+)?)?(?:\S*/)?perl(?=\s)([^\n]*)}{first_line($file, $1)}e;
        # A service that sets PATH itself keeps it.
        if ($file =~ m{^\Q$out\E/lib/systemd/system/[^/]+\.service$} && $new !~ /^Environment=.*\bPATH=/m) {
            $new =~ s/^(\[Service\][^\n]*\n)/$1Environment=PATH=$path\n/m;
        }
    }
    spew($file, $new) if $new ne $old;
}

sub close_link {
    my ($link) = @_;
    my $target = readlink($link);
    return if $target !~ s/^\@pve\@/$out/;
    unlink($link) or die "linkPve: $link: $!\n";
    symlink($target, $link) or die "linkPve: $link: $!\n";
}

my @files;
find({ wanted => sub { push @files, $_ if -l $_ || -f _ }, no_chdir => 1 }, $out);
for my $file (sort @files) {
    -l $file ? close_link($file) : close_file($file);
}
