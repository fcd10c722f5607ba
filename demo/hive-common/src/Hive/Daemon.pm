package Hive::Daemon;

# What every daemon does: a clean environment, a pid file, and the words start, stop, restart, status.

use strict;
use warnings;

use Hive::Tools qw(run_command file_get_contents file_set_contents untaint);

# PATH, first form: quoted key, single quotes.
$ENV{'PATH'} = '/sbin:/bin:/usr/sbin:/usr/bin';

my $daemon_pid_dir = '/run/hive';

sub new {
    my ($class, $name, %param) = @_;

    die "daemon without a name\n" if !$name;
    delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
    my $self = bless { name => $name, piddir => $daemon_pid_dir, %param }, $class;
    $self->init();
    return $self;
}

sub init { return; }

sub run { die "a daemon has to implement 'run'\n"; }

sub pidfile {
    my ($self) = @_;
    return "$self->{piddir}/$self->{name}.pid";
}

sub start {
    my ($self, $debug) = @_;

    if (!$debug) {
        my $pid = fork() // die "unable to fork - $!\n";
        return $pid if $pid;
        open(STDIN, '<', '/dev/null') or die "can't open /dev/null - $!\n";
        file_set_contents($self->pidfile(), "$$\n");
    }
    local $SIG{TERM} = sub { $self->{terminate} = 1; };
    $self->run();
    exit(0) if !$debug;
    return;
}

sub running {
    my ($self) = @_;

    my $pid = eval { file_get_contents($self->pidfile()) } // return 0;
    return $pid =~ m/\A(\d+)/ && kill(0, $1) ? $1 : 0;
}

sub restart {
    my ($self) = @_;
    my $unit = untaint($self->{name}) . '.service';
    return run_command(['systemctl', 'reload-or-restart', $unit]);
}

sub handle {
    my ($self, $word, @args) = @_;

    my %words = (
        start => sub { $self->start(grep { $_ eq '--debug' } @args) },
        restart => sub { $self->restart() },
        status => sub { print $self->running() ? "running\n" : "stopped\n" },
        stop => sub { my $pid = $self->running(); kill(TERM => untaint($pid)) if $pid; },
    );
    my $code = $words{ $word // 'help' }
        or die "usage: $self->{name} " . join('|', sort keys %words) . " [--debug]\n";
    $code->();
    return 0;
}

1;

__END__

=head1 NAME

Hive::Daemon - base class of the daemons

=head1 DESCRIPTION

A daemon derives from this class and is started by a unit such as
F</usr/lib/systemd/system/hiveproxyd.service>. Its pid stands in F</run/hive>.

=cut
