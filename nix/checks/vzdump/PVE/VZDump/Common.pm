package PVE::VZDump::Common;

# Stands in for upstream's.

use strict;
use warnings;

sub get_confdesc {
    return {
        bwlimit => { type => 'integer' },
        'exclude-path' => { type => 'array', items => { type => 'string' } },
        mode => { type => 'string', enum => [qw(snapshot suspend stop)] },
        tmpdir => { type => 'string' },
        vmid => { type => 'string' },
    };
}

1;
