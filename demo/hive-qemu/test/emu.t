#!/usr/bin/perl -T

use strict;
use warnings;

use Test::More;

$ENV{PATH} = '/usr/bin:/bin';
delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};

for my $arch (qw(x86_64 aarch64)) {
    my $out = qx(src/hive-emu -firmware firmware/firmware-$arch.hex 2>/dev/null);
    is($out, "42\n", "the firmware of $arch runs");
}
system('src/hive-emu -firmware /nonexistent/firmware 2>/dev/null');
is($? >> 8, 1, 'no firmware, no run');

# The maker of the processor, where it is x86; the kernel tells none for others.
my ($vendor) = map { /^vendor_id\s*:\s*(\S+)/ ? $1 : () } read_lines('/proc/cpuinfo');
system('src/hive-emu', '-vendor', $vendor // '');
is($?, 0, 'the processor tells its maker');

done_testing();

sub read_lines {
    my ($path) = @_;
    open(my $file, '<', $path) or return;
    return map { /(.*)/s ? $1 : () } <$file>;
}
