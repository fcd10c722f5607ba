package Hive::RESTHandler;

# Methods by path: a package registers its own, and packages below it as subclasses.

use strict;
use warnings;

my $registry = {};

sub register_method {
    my ($class, $info) = @_;

    my $path = $info->{path} // die "method without a path\n";
    die "$class: path '$path' is registered twice\n" if $registry->{$class}->{$path};
    die "$class: path '$path' has neither code nor subclass\n" if !$info->{code} && !$info->{subclass};
    $registry->{$class}->{$path} = $info;
    return $info;
}

sub paths {
    my ($class) = @_;
    return sort keys %{ $registry->{$class} };
}

sub handle {
    my ($class, $path, $param) = @_;

    my ($head, $rest) = split('/', $path // '', 2);
    my $info = $registry->{$class}->{ $head // '' };
    my $captured;
    if (!$info) {
        ($info) = grep { $_->{path} =~ m/\A\{/ } values %{ $registry->{$class} };
        die "no such path '$path'\n" if !$info;
        $captured = $info->{path} =~ s/\A\{(\w+)\}\z/$1/r;
    }
    my $arg = { %{ $param // {} }, $captured ? ($captured => $head) : () };
    return $info->{subclass}->handle($rest, $arg) if $info->{subclass};
    return $info->{code}->($arg);
}

1;
