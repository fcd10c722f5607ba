package Hive::Cluster::IPC;

# The other side of hived's line protocol: plain Perl, no compiled part.

use strict;
use warnings;

use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);

use Hive::Tools qw(untaint);

my $socket_path = '/run/hive/hived.sock';

sub ask {
    my ($word, @args) = @_;

    my $path = untaint($ENV{HIVE_SOCKET} // $socket_path);
    my $peer = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path)
        or die "hived does not answer at $path - $!\n";
    $peer->print(join(' ', $word, @args), "\n");
    $peer->flush();
    my @lines;
    while (defined(my $line = <$peer>)) {
        chomp $line;
        die "hived: $1\n" if $line =~ m/\AERR (.*)/;
        if ($line =~ m/\AOK(?: (.*))?/) {
            return wantarray && @lines ? @lines : $1;
        }
        push @lines, $line;
    }
    die "hived closed the connection\n";
}

1;
