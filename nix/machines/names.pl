# Prints as JSON the attributes of `pkgs` that the Nix files below a directory use: `pkgs.NAME`,
# `with pkgs; [ NAME ]`, `inherit (pkgs) NAME`, `mkPackageOption pkgs "NAME"`.
use strict;
use warnings;

use File::Find;
use JSON::PP;

my $name = qr/[a-zA-Z_][a-zA-Z0-9_-]*/;
my %names;
for my $root (split(' ', $ENV{roots})) {
    find({ no_chdir => 1, wanted => sub {
        return if !-f $_ || !m/\.nix$/;
        open(my $fh, '<', $_) or die "$_: $!\n";
        my $text = do { local $/; <$fh> };
        $names{$1} = 1 while $text =~ m/\bpkgs\.($name)/g;
        $names{$1} = 1 while $text =~ m/mkPackageOption\s+pkgs\s+(?:\[\s*)?"($name)"/g;
        while ($text =~ m/(?:with pkgs;\s*\[([^\]]*)\]|inherit \(pkgs\)([^;]*);)/g) {
            my $list = $1 // $2;
            $names{$1} = 1 while $list =~ m/(?<![.\w])($name)/g;
        }
    } }, $root);
}
open(my $out, '>', $ENV{out}) or die "$ENV{out}: $!\n";
print {$out} JSON::PP->new->canonical->encode([sort keys %names]);
close($out) or die "$ENV{out}: $!\n";
