package Hive::API;

use strict;
use warnings;

use Hive::API::Nodes;
use Hive::API::Pool;
use Hive::Guest;

use parent qw(Hive::RESTHandler);

__PACKAGE__->register_method({
    subclass => "Hive::API::Nodes",
    path => 'nodes',
});

__PACKAGE__->register_method({
    path => 'guests',
    code => sub { return Hive::Guest::list(); },
});

__PACKAGE__->register_method({
    path => 'pools',
    code => sub { return [Hive::API::Pool::names()]; },
});

1;
