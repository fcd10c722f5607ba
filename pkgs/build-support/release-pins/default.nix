# The pins of a release's manifest, for packages written by hand: `pvePin` and `pveSource` in a
# release's scope.
#
# releasePins {
#   release   its name in releases/ ("pve-9.1.8")
#   manifest  its file, if it is elsewhere
# }
#   pins        the tables [source.NAME], by name
#   pvePin      NAME → its pin: url, rev, date, version …; an error if there is none
#   pveSource   NAME → its tree, fetched by the pin: with submodules, without the paths in `omit`
{
  fetchgit,
  lib,
}:
{
  release,
  manifest ? ../../../releases + "/${release}.toml",
}:
let
  file = "releases/${release}.toml";
  pins = (lib.importTOML manifest).source or { };

  pvePin =
    name:
    pins.${name}
      or (throw "${file}: no pin of ${name}; name its repository in rules/sources/${name}.toml and run `cargo xtask lock ${release}`");

  hash =
    name: pin:
    pin.nar-hash
      or (throw "${file}: the pin of ${name} has no nar-hash; `cargo xtask lock ${release}` computes it from a copy of its repository");

  fetched =
    name: pin:
    let
      omit = pin.omit or [ ];
    in
    fetchgit (
      {
        inherit (pin) url rev;
        hash = hash name pin;
      }
      // lib.optionalAttrs (pin.submodules or false) { fetchSubmodules = true; }
      // lib.optionalAttrs (omit != [ ]) {
        postFetch = lib.concatMapStrings (path: "rm -rf \"$out/${path}\"\n") omit;
      }
    );
in
{
  inherit pins pvePin;
  pveSource =
    name:
    let
      pin = pvePin name;
    in
    if pin ? path then ../../.. + "/${pin.path}" else fetched name pin;
}
