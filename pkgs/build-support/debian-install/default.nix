# Does the work of `dh_install`, `dh_installsystemd`, `dh_link` and the like, beyond `make install`.
#
# debianInstall {
#   files  destination → file or directory of the source tree, both relative; the destination as on
#          Debian ("usr/lib/systemd/system/hive.service" = "debian/hive.service"); at a destination
#          that ends in a slash, patterns of build products ("usr/share/hive/" = [ "build/*.fd" ])
#   links  path → target; both as on Debian, except an absolute target, which stays
#   perlModules  outside Perl modules that its programs use and find whatever runs them
# }
#   Returns the attributes of a derivation that pve-build-hook's install phase reads.
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
