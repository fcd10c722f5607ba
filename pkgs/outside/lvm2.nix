# nixpkgs' own package, with the programs that check and repair thin pools. nixpkgs configures it
# without them, so it uses those in /usr/sbin. A package without a source, such as Debian's, is used
# unchanged.
{
  pkgs,
  thin-provisioning-tools,
}:
let
  program = name: "${thin-provisioning-tools}/bin/${name}";
in
if !(pkgs.lvm2 ? src) then
  pkgs.lvm2
else
  pkgs.lvm2.overrideAttrs (previous: {
    configureFlags = previous.configureFlags ++ [
      "--with-cache-check=${program "cache_check"}"
      "--with-cache-dump=${program "cache_dump"}"
      "--with-cache-repair=${program "cache_repair"}"
      "--with-cache-restore=${program "cache_restore"}"
      "--with-thin-check=${program "thin_check"}"
      "--with-thin-dump=${program "thin_dump"}"
      "--with-thin-repair=${program "thin_repair"}"
      "--with-thin-restore=${program "thin_restore"}"
    ];
  })
