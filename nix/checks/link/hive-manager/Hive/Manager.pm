package Hive::Manager;
use strict;
use warnings;
use Hive::CLI;

sub name { return 'manager' }

1;
