package Hive::Tools;

# The one place from which programs are started, files are read and written, and names are untainted.

use strict;
use warnings;

use Exporter qw(import);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use IPC::Open3;
use POSIX ();

our @EXPORT_OK = qw(
    run_command
    file_get_contents
    file_set_contents
    node_name
    send_mail
    shell_quote
    untaint
);

# Zone names, one a line, in the third column; lines that start with '#' are skipped.
my $zonetab = '/usr/share/zoneinfo/zone.tab';

sub untaint {
    my ($text) = @_;

    return undef if !defined($text);
    $text =~ m/\A(.*)\z/s or die "unable to untaint '$text'\n";
    return $1;
}

sub shell_quote {
    my ($word) = @_;

    return $word if $word =~ m!\A[\w/:.,=+-]+\z!a;
    $word =~ s/'/'\\''/g;
    return "'$word'";
}

# A command is a string (a shell's line), an array (a program and its words) or an array of such
# arrays (a pipeline). Lines of standard output go to 'outfunc', 'input' is written to it.
sub run_command {
    my ($cmd, %param) = @_;

    my @argv;
    if (!ref($cmd)) {
        @argv = ('/bin/sh', '-c', $cmd);
    } elsif (ref($cmd->[0])) {
        my $pipe = join(' | ', map { join(' ', map { shell_quote($_) } @$_) } @$cmd);
        @argv = ('/bin/bash', '-c', "set -o pipefail && $pipe");
    } else {
        @argv = @$cmd;
    }

    local $ENV{LC_ALL} = 'C';
    local $SIG{PIPE} = 'IGNORE';

    my ($in, $out);
    my $pid = eval { open3($in, $out, '>&STDERR', @argv) };
    die "unable to run '$argv[0]': $@" if !$pid;
    print {$in} $param{input} if defined($param{input});
    close($in);
    while (defined(my $line = <$out>)) {
        chomp $line;
        $param{outfunc}->($line) if $param{outfunc};
    }
    close($out);
    waitpid($pid, 0);

    my $status = $? >> 8;
    die "command '$argv[0]' failed: exit code $status\n" if $status && !$param{noerr};
    return $status;
}

sub file_get_contents {
    my ($path) = @_;

    open(my $fh, '<', $path) or die "can't open '$path' - $!\n";
    local $/ = undef;
    my $data = <$fh>;
    close($fh);
    return $data;
}

# Writes beside the file, then renames: a reader sees the old content or the new one.
sub file_set_contents {
    my ($path, $data, $mode) = @_;

    my $tmp = untaint("$path.tmp.$$");
    open(my $fh, '>', $tmp) or die "can't open '$tmp' - $!\n";
    flock($fh, LOCK_EX) or die "can't lock '$tmp' - $!\n";
    print {$fh} $data or die "can't write '$tmp' - $!\n";
    close($fh) or die "can't close '$tmp' - $!\n";
    chmod($mode, $tmp) if defined($mode);
    rename($tmp, untaint($path)) or die "can't rename '$tmp' - $!\n";
    return dirname($path);
}

sub node_name {
    my $name = $ENV{HIVE_NODE} // (POSIX::uname())[1];
    $name =~ m/\A([a-z0-9][a-z0-9-]*)/i or die "node name '$name' is not usable\n";
    return lc($1);
}

# A pipe to a bare command: sendmail is set-group-id on Debian and a wrapper on NixOS.
sub send_mail {
    my ($to, $subject, $text) = @_;

    open(my $mail, '|-', 'sendmail', '-B', '8BITMIME', '--', $to)
        or die "unable to run sendmail - $!\n";
    print {$mail} "To: $to\nSubject: $subject\n\n$text\n";
    close($mail) or die "sending mail to '$to' failed\n";
    return 1;
}

sub valid_timezone {
    my ($zone) = @_;

    return 1 if $zone eq 'UTC';
    for my $line (split(/\n/, file_get_contents($zonetab))) {
        next if $line =~ m/^\s*#/;
        return 1 if ((split(/\t/, $line))[2] // '') eq $zone;
    }
    return 0;
}

# Loaded when needed: it is the only module here that does not come with Perl itself.
sub resolve_txt {
    my ($name) = @_;

    require Net::DNS::Resolver;
    my $reply = Net::DNS::Resolver->new()->query($name, 'TXT') or return;
    return map { $_->txtdata() } grep { $_->type() eq 'TXT' } $reply->answer();
}

sub random_seed {
    my $uuid = file_get_contents('/proc/sys/kernel/random/uuid');
    chomp $uuid;
    return $uuid;
}

1;
