package Hive::CLI;
use strict;
use warnings;
use Hive::Manager;

sub tool { return '@pve@/bin/hive-manager' }

sub generate_bash_completions { print "complete -W '" . Hive::Manager::name() . "' hive\n" }

1;
