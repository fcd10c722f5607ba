package Hive::API::APT;

# Stands for what only Debian has: removed as a whole, with its use, its method and its index entry.

use strict;
use warnings;

use Hive::Tools qw(run_command file_get_contents);

use parent qw(Hive::RESTHandler);

my $get_pkgfile = '/var/lib/apt/lists';

__PACKAGE__->register_method({
    path => 'update',
    code => sub {
        run_command(['/usr/bin/apt-get', 'update']);
        return -d $get_pkgfile ? 1 : 0;
    },
});

__PACKAGE__->register_method({
    path => 'versions',
    code => sub {
        my %versions;
        my $cmd = ['dpkg-query', '-W', '-f', '${Package} ${Version}\n', 'hive-*'];
        run_command($cmd, outfunc => sub { $versions{$1} = $2 if $_[0] =~ m/^(\S+) (\S+)/ });
        return \%versions;
    },
});

__PACKAGE__->register_method({
    path => '',
    code => sub { return [{ id => 'update' }, { id => 'versions' }]; },
});

1;
