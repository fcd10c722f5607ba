#!/usr/bin/perl -w

use strict;

print "hook\n";
