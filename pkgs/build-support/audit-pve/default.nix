# Audits a built package: a derivation that fails if the package still assumes Debian, for
# `passthru.tests`.
#
# auditPve {
#   package  the package to audit
#   kept     the release's kept.json, or a list with those of plugins
# }
#   Returns the report.
{
  lib,
  pve-nix,
  runCommand,
}:
{ package, kept }:
runCommand "${lib.getName package}-audit"
  {
    strictDeps = true;
    nativeBuildInputs = [ pve-nix ];
    meta.description = "What ${lib.getName package} assumes of Debian";
  }
  ''
    # The tool's root is where these are.
    mkdir releases
    ln -s ${../../../rules} rules
    pve-nix audit ${
      lib.concatMapStringsSep " " (file: "--kept ${file}") (lib.toList kept)
    } ${package} | tee $out
  ''
