package Hive::API::Nodes::Info;

use strict;
use warnings;

use Hive::API::APT;
use Hive::API::Templates;
use Hive::Cluster;
use Hive::Report;

use parent qw(Hive::RESTHandler);

__PACKAGE__->register_method({
    subclass => "Hive::API::APT",
    path => 'apt',
});

__PACKAGE__->register_method({
    subclass => "Hive::API::Templates",
    path => 'templates',
});

__PACKAGE__->register_method({
    path => 'report',
    code => sub { return Hive::Report::generate(); },
});

__PACKAGE__->register_method({
    path => '',
    code => sub {
        my ($param) = @_;

        my $result = [
            { name => 'apt' },
            { name => 'report' },
            { name => 'templates' },
        ];
        return $result;
    },
});

package Hive::API::Nodes;

use strict;
use warnings;

use parent -norequire, 'Hive::RESTHandler';

__PACKAGE__->register_method({
    subclass => "Hive::API::Nodes::Info",
    path => '{node}',
});

__PACKAGE__->register_method({
    path => '',
    code => sub { return Hive::Cluster::nodes(); },
});

1;
