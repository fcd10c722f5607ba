# What must build, beside the packages.
{ pkgs }:
{
  # The builders.
  link = (pkgs.callPackage ./link { }).test;

  # The demo, whose expressions are kept.
  demo = pkgs.pveReleases.demo.pve;

  # What the tool makes of it at evaluation is what is kept.
  generated = pkgs.runCommand "pve-generated-is-kept" { } ''
    diff -r ${../../pkgs/demo} ${pkgs.pveGenerated.demo}/pkgs/demo
    touch $out
  '';
}
