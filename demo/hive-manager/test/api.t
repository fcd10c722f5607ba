#!/usr/bin/perl -T

use strict;
use warnings;

use Test::More;

use Hive::API;
use Hive::CLI::hive;

delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
$ENV{PATH} = '/usr/bin:/bin';
$ENV{HIVE_NODE} = 'alpha';
$ENV{HIVE_SOCKET} = '/nonexistent/hived.sock';
$ENV{HIVE_APLINFO} = 'aplinfo/aplinfo.dat';
Hive::Cluster::set_state_dir('test/state');

my $guests = Hive::API->handle('guests');
is_deeply([sort keys %$guests], [100, 101, 102], 'guests are listed');
is($guests->{102}->{pool}, 'orchard', 'with their pool');
is_deeply(Hive::API->handle('pools'), ['orchard'], 'pools are listed');
is(Hive::API->handle('nodes')->{beta}, '192.0.2.2', 'nodes are listed');

# Holds with a feature removed, too: the index names exactly what is registered.
my @index = sort map { $_->{name} } @{ Hive::API->handle('nodes/alpha') };
is_deeply(\@index, [grep { $_ ne '' } Hive::API::Nodes::Info->paths()], 'the index is complete');

is_deeply(
    Hive::API->handle('nodes/alpha/templates'),
    ['meadow-1-standard', 'orchard-2-minimal'],
    'templates are listed',
);
like(Hive::API->handle('nodes/alpha/report'), qr/^guests: 3$/m, 'a report is made');
ok(!eval { Hive::API->handle('nothing') }, 'an unknown path dies');

my $cmd = Hive::Guest::emulator_command(101);
is($cmd->[0] =~ s!.*/!!r, 'hive-emu', 'a guest is run by the emulator');
ok((grep { m!/firmware-aarch64\.hex$! } @$cmd), 'with the firmware of its architecture');
ok(Hive::CLI::hive->verify_api(), 'all words have code');

done_testing();
