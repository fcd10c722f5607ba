# hashes.pl FILE
#
# Each line of FILE is a password and its hash, parted by a tab: `crypt` must make the one of the other.
use strict;
use warnings;

my ($file) = @ARGV;
open(my $lines, '<', $file) or die "pve-perl: $file: $!\n";
my $count = 0;
while (my $line = <$lines>) {
    chomp($line);
    my ($password, $hash) = split(/\t/, $line, 2);
    my $made = crypt($password, $hash) // 'nothing';
    die "pve-perl: crypt makes $made of the password of $hash\n" if $made ne $hash;
    $count++;
}
die "pve-perl: $file has no hashes\n" if !$count;
