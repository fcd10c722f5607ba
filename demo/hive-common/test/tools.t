#!/usr/bin/perl -T

use strict;
use warnings;

use lib 'src';

use Test::More;

use Hive::CLI;
use Hive::Daemon;
use Hive::Tools qw(run_command shell_quote untaint);

is($ENV{PATH}, '/sbin:/bin:/usr/sbin:/usr/bin', 'loading Hive::Daemon cleans PATH');
delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};

# Paths of a test: they are run or compared here and never installed.
is(shell_quote('/usr/bin/env'), '/usr/bin/env', 'plain words need no quotes');
is(shell_quote("it's"), q('it'\\''s'), 'others get them');

my @lines;
$ENV{PATH} = untaint(join(':', grep { defined } '/usr/bin:/bin', $ENV{HIVE_TEST_PATH}));
run_command([['printf', "b\\na\\n"], ['sort']], outfunc => sub { push @lines, @_ });
is_deeply(\@lines, ['a', 'b'], 'a pipeline runs');

is(run_command('exit 3', noerr => 1), 3, 'exit status of a shell line');
ok(!eval { run_command(['false']) }, 'failure dies');

my $daemon = Hive::Daemon->new('hivetest', piddir => '/nonexistent');
is($daemon->running(), 0, 'a daemon without a pid file does not run');
is($daemon->pidfile(), '/nonexistent/hivetest.pid', 'its pid file');

done_testing();
