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

# Whether PAM knows the user by the node's own service; the daemon that asks has loaded the module.
sub knows {
    my ($user, $password) = @_;
    my $pam = Authen::PAM->new('hive', $user, sub { return $password });
    return ref($pam) ? 1 : 0;
}

1;
