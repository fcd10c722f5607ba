#!/usr/bin/perl -T

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use Hive::Cluster;
use Hive::Cluster::IPC;
use Hive::Tools qw(file_set_contents run_command untaint);

delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
$ENV{PATH} = '/usr/bin:/bin';

my $hived = untaint($ENV{HIVED} // 'src/hived/hived');
plan skip_all => "no $hived" if !-x $hived;

my $dir = tempdir(CLEANUP => 1);
file_set_contents("$dir/hived.conf", "# a comment\ncluster: meadow\npools : a,b\n");

my @lines;
run_command(
    [$hived, '-c', "$dir/hived.conf", '-i'],
    input => "GET cluster\nGET nothing\nLIST\nNONSENSE\n",
    outfunc => sub { push @lines, @_ },
);
is_deeply(
    \@lines,
    ['OK meadow', 'ERR no such key', 'cluster', 'pools', 'OK 2', 'ERR unknown word'],
    'answers on standard output',
);

my $pid = fork() // die "fork: $!";
exec($hived, '-c', "$dir/hived.conf", '-s', "$dir/sock") if !$pid;
$ENV{HIVE_SOCKET} = "$dir/sock";
for (1 .. 50) {
    last if -S "$dir/sock";
    select(undef, undef, undef, 0.05);
}
is(Hive::Cluster::IPC::ask('GET', 'cluster'), 'meadow', 'answers over the socket');
is_deeply([Hive::Cluster::IPC::ask('LIST')], ['cluster', 'pools'], 'lists keys');
ok(!eval { Hive::Cluster::IPC::ask('GET', 'x') }, 'an error dies');
like(Hive::Cluster::status()->{daemon}, qr/^running/, 'status sees the daemon');
kill(TERM => $pid);
waitpid($pid, 0);
is($?, 0, 'ends on SIGTERM');
ok(!-e "$dir/sock", 'and takes its socket along');

done_testing();
