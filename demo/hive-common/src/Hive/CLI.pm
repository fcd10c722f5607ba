package Hive::CLI;

# Base class of command line programs: a table of words to subs, help, completions.

use strict;
use warnings;

use Getopt::Long qw(GetOptionsFromArray);

sub setup_environment {
    # PATH, second form: unquoted key, double quotes.
    $ENV{PATH} = "/sbin:/bin:/usr/sbin:/usr/bin";
    delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
    return;
}

# Each program's package has a 'commands' sub: word => [ sub, usage, summary ].
sub table {
    my ($class) = @_;
    my $code = $class->can('commands') or die "$class has no commands\n";
    return $code->();
}

sub program {
    my ($class) = @_;
    return $class =~ m/::([\w-]+)\z/ ? $1 : $class;
}

sub help {
    my ($class) = @_;

    my ($program, $table) = ($class->program(), $class->table());
    my $words = join('', map { sprintf("    %-14s %s\n", $_, $table->{$_}->[2]) } sort keys %$table);

    # An indented heredoc with interpolation; the path in it is a message to people.
    return <<~"EOF";
        usage: $program [--state DIR] WORD [WORD] [ARGS]

        $words
        Settings are read from /etc/hive, guests from /var/lib/hive.
        EOF
}

sub run_cli_handler {
    my ($class, @args) = @_;

    @args = @ARGV if !@args;
    $class->setup_environment();
    Getopt::Long::Configure(qw(require_order no_auto_abbrev pass_through));
    GetOptionsFromArray(\@args, 'state=s' => \my $state, 'help|h' => \my $help);

    # hive-cluster uses this package, and this sub uses hive-cluster: a circle, closed at run time.
    require Hive::Cluster;
    Hive::Cluster::set_state_dir($state) if defined($state);

    my $table = $class->table();
    my $word = shift(@args) // '';
    $word .= ' ' . shift(@args) if @args && $table->{"$word $args[0]"};
    if ($help || !$table->{$word}) {
        print $class->help();
        exit($help ? 0 : 255);
    }
    my $status = eval { $table->{$word}->[0]->(@args) };
    if (my $err = $@) {
        print STDERR $err;
        exit(1);
    }
    exit($status // 0);
}

# Run by the Makefiles while building, as upstream's of this shape do.
sub generate_bash_completions {
    my ($class) = @_;

    my $program = $class->program();
    my $words = join(' ', sort keys %{ $class->table() });
    print <<EOF;
# $program bash completion, goes to /usr/share/bash-completion/completions/$program
complete -W '$words' $program
EOF
    return;
}

sub verify_api {
    my ($class) = @_;

    my $table = $class->table();
    for my $word (sort keys %$table) {
        die "'$word' has no code\n" if ref($table->{$word}->[0]) ne 'CODE';
    }
    return 1;
}

1;
