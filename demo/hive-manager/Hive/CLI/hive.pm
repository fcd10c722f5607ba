package Hive::CLI::hive;

use strict;
use warnings;

use Hive::API;
use Hive::Access;
use Hive::Cluster;
use Hive::Guest;
use Hive::Report;
use Hive::Tools qw(run_command send_mail untaint);

use parent qw(Hive::CLI);

sub print_tree {
    my ($data) = @_;
    if (ref($data) eq 'HASH') {
        print "$_: ", ref($data->{$_}) ? join(' ', %{ $data->{$_} }) : $data->{$_}, "\n" for sort keys %$data;
    } elsif (ref($data) eq 'ARRAY') {
        print ref($_) ? join(' ', values %$_) : $_, "\n" for @$data;
    } else {
        print $data;
    }
    return 0;
}

sub status {
    my $status = Hive::Cluster::status();
    print "node:   $status->{node}\n";
    print "nodes:  @{ $status->{nodes} }\n";
    print "hived:  $status->{daemon}\n";
    printf("guests: %d\n", scalar(keys %{ Hive::Guest::list() }));
    return 0;
}

sub guest_list {
    my $guests = Hive::Guest::list();
    printf("%-6s %-12s %-8s %s\n", qw(ID NAME ARCH POOL));
    for my $id (sort { $a <=> $b } keys %$guests) {
        my $guest = $guests->{$id};
        printf("%-6d %-12s %-8s %s\n", $id, $guest->{name} // '', $guest->{arch} // 'x86_64', $guest->{pool});
    }
    return 0;
}

sub guest_run {
    my ($id) = @_;
    my $cmd = Hive::Guest::emulator_command($id);
    exec(@$cmd) or die "exec of $cmd->[0] failed - $!\n";
}

# Called by the emulator, as a patch of hive-qemu has it.
sub guest_ended {
    my ($name) = @_;
    return run_command(['/usr/bin/logger', '-t', 'hive', 'guest ended: ' . untaint($name // '?')]);
}

sub mail_report {
    my ($to) = @_;
    send_mail(untaint($to // 'root'), 'hive report', Hive::Report::full());
    return 0;
}

sub access_check {
    my ($user) = @_;
    my $password = <STDIN> // '';
    chomp $password;
    Hive::Access::check_password(untaint($user // die("user missing\n")), untaint($password));
    print "welcome, $user\n";
    return 0;
}

sub commands {
    return {
        'access check' => [\&access_check, 'USER', 'check a password, read from standard input'],
        api => [sub { print_tree(Hive::API->handle(@_)) }, 'PATH', 'call the API'],
        'guest ended' => [\&guest_ended, 'NAME', 'log the end of a guest'],
        'guest list' => [\&guest_list, '', 'list guests'],
        'guest run' => [\&guest_run, 'ID', 'become the emulator of a guest'],
        'guest show' => [sub { print join(' ', @{ Hive::Guest::emulator_command(@_) }), "\n"; 0 }, 'ID', 'show how'],
        'guest start' => [\&Hive::Guest::start, 'ID', 'start a guest'],
        'guest stop-all' => [\&Hive::Guest::stop_all, '', 'stop all guests'],
        'report' => [sub { print Hive::Report::generate(); 0 }, '', 'print a short report'],
        'report mail' => [\&mail_report, '[TO]', 'mail the full one'],
        status => [\&status, '', 'show nodes, daemon and guests'],
    };
}

1;
