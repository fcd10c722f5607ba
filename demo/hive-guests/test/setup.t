#!/usr/bin/perl -T

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use Hive::Guest::Setup;
use Hive::Tools qw(file_get_contents);

sub root_with {
    my ($file) = @_;
    my $root = tempdir(CLEANUP => 1);
    my $base = Hive::Guest::Setup::Base->new($root);
    $base->ct_file_set_contents($_, '') for '/sbin/init', $file;
    chmod(0755, "$root$file");
    return $root;
}

my $root = root_with('/usr/bin/dpkg');
my $conf = { hostname => 'ct1', timezone => 'UTC' };
is(Hive::Guest::Setup::detect($root), 'debian', 'dpkg in the root says Debian');
my $setup = Hive::Guest::Setup->new($conf, $root);
$setup->set_hostname();
$setup->set_network();
is(file_get_contents("$root/etc/hostname"), "ct1\n", 'host name is written');
like(
    file_get_contents("$root/etc/network/interfaces"),
    qr!post-up /sbin/ip link!,
    "the guest's own ip, not the host's",
);

$root = root_with('/etc/SUSE-brand');
$setup = Hive::Guest::Setup->new($conf, $root);
isa_ok($setup, 'Hive::Guest::Setup::SUSE');
$setup->set_timezone();
is(readlink("$root/etc/localtime"), '/usr/share/zoneinfo/UTC', 'no store path in a guest');
is($setup->check_init(), '/sbin/init', 'init is found in the guest');

ok(!eval { $setup->ct_path('/a/../../etc'); 1 }, 'a path that leaves the container is refused');

done_testing();
