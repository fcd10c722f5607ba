package Hive::API::Templates;

# Templates to make guests from: the index is fetched, its signature checked, its entries listed.

use strict;
use warnings;

use Hive::Cluster;
use Hive::Tools qw(run_command file_get_contents untaint);

use parent qw(Hive::RESTHandler);

# Own data, below /usr/share/doc of all places.
my $keyring = "/usr/share/doc/hive-manager/trustedkeys.gpg";
my $index = '/var/lib/hive-manager/aplinfo/index.dat';
my $packaged = '/usr/share/doc/hive-manager/aplinfo.dat';

sub update {
    my ($url) = @_;

    run_command(['/usr/bin/curl', '-fsS', '-o', "$index.tmp", untaint($url)]);
    run_command(['/usr/bin/gpgv', '-q', '--keyring', $keyring, "$index.asc", "$index.tmp"]);
    rename("$index.tmp", $index) or die "can't rename $index.tmp - $!\n";
    return 1;
}

sub list {
    my ($file) = grep { -f $_ } ($ENV{HIVE_APLINFO} // (), $index, $packaged);
    return [] if !$file;
    return [map { m/^Template:\s*(\S+)/ ? $1 : () } split(/\n/, file_get_contents($file))];
}

__PACKAGE__->register_method({
    path => '',
    code => sub { return list(); },
});

1;
