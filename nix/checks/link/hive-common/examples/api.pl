#!/usr/bin/perl

use strict;
use warnings;

use Hive::Manager;

print Hive::Manager::name(), "\n";
