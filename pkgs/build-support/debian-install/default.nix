# What `dh_install`, `dh_installsystemd`, `dh_link` and their like would put in place beyond `make install`.
#
# debianInstall {
#   files  place → file or directory of the source tree, both relative; the place as Debian has it
#          ("usr/lib/systemd/system/hive.service" = "debian/hive.service"); at a place that ends in a slash,
#          patterns of what the build leaves ("usr/share/hive/" = [ "build/*.fd" ])
#   links  place → target; both as Debian has them, or an absolute target taken as it is
#   perlModules  outside Perl modules that its programs use, which they find whoever runs them
# }
#   The attributes of a derivation that pve-build-hook's install phase reads.
{ lib, perl }:
{
  files ? { },
  links ? { },
  perlModules ? [ ],
}:
let
  line =
    place: from:
    if lib.hasInfix "\t" (place + from) || lib.hasInfix "\n" (place + from) then
      throw "debianInstall: a tab or line break in ${builtins.toJSON place} or ${builtins.toJSON from}"
    else
      "${place}\t${from}\n";
  table =
    pairs:
    lib.concatStrings (
      lib.concatLists (lib.mapAttrsToList (place: from: map (line place) (lib.toList from)) pairs)
    );
  modulePath = lib.concatMapStringsSep " " (module: "${module}/${perl.libPrefix}") (
    lib.filter (module: module != perl) (perl.pkgs.requiredPerlModules perlModules)
  );
in
{
  debianFiles = table files;
  debianLinks = table links;

  ${if perlModules == [ ] then null else "postInstall"} = ''
    for program in "$out"/bin/*; do
      # Behind the first line: a line of the kernel's has no room for them.
      if [[ -f "$program" && ! -L "$program" ]] && head -n 1 "$program" | grep -qE '^#!.*/(env +)?perl( |$)'; then
        sed -i '1a use lib qw(${modulePath});' "$program"
      fi
    done
  '';
}
