# nixpkgs' own, with the programs that check and mend thin pools: it is configured without them, and takes /usr/sbin's. A
# package without a source, Debian's, is taken as it is.
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
