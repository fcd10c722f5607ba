# run-deferred.pl OUT PERL PATH DOCMAKE LACKS WHYNOT
#
# Objects hold requests (`pve-deferred: KIND`, then what to run) where upstream makes manual pages and
# completions by running its own programs. Each is run now that all is there, and its output takes the request's place; a
# page needs DOCMAKE, pve-doc-generator's Makefile. One that fails because of what LACKS names (a line each: the name, a tab,
# what that costs) is left out; for any other reason the build fails. WHYNOT is the reason why this machine runs none.
# OUT/nix-support/pve-left-out lists what is left out, a line each: the file, a tab, the reason.
use strict;
use warnings;

use File::Find qw(find);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip $GzipError);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);

my ($out, $perl, $path, $doc_make, $lacks, $why_not) = @ARGV;
my $lib = "$out/lib/perl5/site_perl";
my $work = tempdir(CLEANUP => 1);
my @left_out;
# What the last command said.
my $said = '';

sub slurp {
    my ($file) = @_;
    open(my $fh, '<:raw', $file) or die "linkPve: $file: $!\n";
    local $/;
    return scalar(<$fh>) // '';
}

# The request a file holds, as a kind and a text, or nothing.
sub request {
    my ($file) = @_;
    return if -s $file > 4096;
    my $content = slurp($file);
    if ($content =~ /\A\x1f\x8b/) {
        gunzip(\$content => \my $plain) or return;
        $content = $plain;
    }
    return $content =~ /\Apve-deferred: (\w+)\n(.*)\n\z/s;
}

sub output {
    my ($file, @command) = @_;
    local $ENV{PVE_GENERATING_DOCS} = 1;
    my $pid = open(my $fh, '-|') // die "linkPve: $file: $!\n";
    if (!$pid) {
        open(STDERR, '>', "$work/stderr") or die "linkPve: $file: $!\n";
        exec { $command[0] } @command or die "linkPve: $file: $command[0]: $!\n";
    }
    binmode($fh);
    my $made = do { local $/; scalar(<$fh>) // '' };
    my $done = close($fh);
    $said = slurp("$work/stderr");
    print STDERR $said;
    die "linkPve: $file: `@command` failed with status $?\n$said" if !$done;
    return $made;
}

my %make = (
    perl => sub {
        my ($file, $program) = @_;
        return output($file, "$perl/bin/perl", '-T', "-I$lib", '-e', $program);
    },
    man => sub {
        my ($file, $page) = @_;
        die "linkPve: $file: `$page` is not the name of a page\n" if $page !~ /^\w[\w.-]*$/;
        make_path("$work/bin");
        my $wrapper = "$work/bin/perl";
        open(my $fh, '>', $wrapper) or die "linkPve: $wrapper: $!\n";
        print {$fh} "#!/bin/sh\nexec $perl/bin/perl -I$lib \"\$@\"\n";
        close($fh) or die "linkPve: $wrapper: $!\n";
        chmod(0755, $wrapper);
        local $ENV{PATH} = "$work/bin:$ENV{PATH}";
        output($file, 'make', '-s', '-C', $work, '-f', $doc_make, $page);
        return slurp("$work/$page");
    },
);

sub replace {
    my ($file, $made) = @_;
    die "linkPve: $file: the request gave nothing\n" if $made eq '';
    if ($file =~ /\.gz$/) {
        gzip(\$made => \my $packed, -Level => 9, -Minimal => 1) or die "linkPve: $file: $GzipError\n";
        $made = $packed;
    }
    open(my $fh, '>:raw', $file) or die "linkPve: $file: $!\n";
    print {$fh} $made or die "linkPve: $file: $!\n";
    close($fh) or die "linkPve: $file: $!\n";
}

sub leave_out {
    my ($file, $why) = @_;
    my $name = substr($file, length($out) + 1);
    push @left_out, "$name\t$why";
    print STDERR "linkPve: $name is left out: $why\n";
    unlink($file) or die "linkPve: $file: $!\n";
}

# What is lacking, by name.
my @lacking = map { (split(/\t/))[0] } grep { /\S/ } split(/\n/, slurp($lacks));

# The first of what is lacking that the last command named.
sub culprit {
    my ($found) = grep { $said =~ /(?<![\w-])\Q$_\E(?![\w-])/ } @lacking;
    return $found;
}

my @files;
find({ wanted => sub { push @files, $_ if !-l $_ && -f _ }, no_chdir => 1 }, $out);
for my $file (sort @files) {
    my ($kind, $text) = request($file) or next;
    my $maker = $make{$kind} or die "linkPve: $file: a request of unknown kind `$kind`\n";
    if ($why_not) {
        leave_out($file, $why_not);
    } elsif ($kind eq 'man' && !$doc_make) {
        leave_out($file, 'pve-doc-generator is not there');
    } elsif (!eval { $said = ''; replace($file, $maker->($file, $text)); 1 }) {
        my $error = $@;
        my $name = culprit() // die $error;
        leave_out($file, "$name is lacking");
    }
}

# Second names of pages that were left out.
my @links;
find({ wanted => sub { push @links, $_ if -l $_ && !-e $_ }, no_chdir => 1 }, "$out/share/man") if -d "$out/share/man";
if (@left_out) {
    # Links whose page stdenv compresses later are not broken then.
    leave_out($_, 'its page is left out') for grep { my $page = $_; $page =~ s/\.gz$//; !page_stays($page) } sort @links;
    make_path("$out/nix-support");
    open(my $fh, '>', "$out/nix-support/pve-left-out") or die "linkPve: nix-support: $!\n";
    print {$fh} "$_\n" for sort @left_out;
    close($fh) or die "linkPve: nix-support: $!\n";
}

# Whether a link to a page, with or without `.gz`, leads to one that is there uncompressed.
sub page_stays {
    my ($link) = @_;
    my $target = readlink(-l $link ? $link : "$link.gz") // return 0;
    $target =~ s/\.gz$//;
    my ($dir) = $link =~ m{^(.*)/};
    return -e "$dir/$target" || -e "$dir/$target.gz";
}
