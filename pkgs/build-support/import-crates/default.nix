# Provides the crates of a Cargo.lock in the form that cargo reads without a network, like nixpkgs'
# importCargoLock but in less time. It makes one derivation for each crate of a release, not two for
# each crate of each lock, most of which name the same crates.
#
# cratesImporter LOCKS
#   LOCKS  Cargo.lock files that share their crates: those of a release
#
# Returns importCrates.
#
# importCrates LOCK
#   LOCK   a Cargo.lock, in LOCKS or not; all its crates must be from crates.io
#
# Returns a directory: a tree for each crate, Cargo.lock, and .cargo/config.toml, into which nixpkgs'
# hook writes the directory's path.
{
  fetchurl,
  lib,
  runCommand,
}:
let
  registry = "registry+https://github.com/rust-lang/crates.io-index";

  # The crates of a lock. Its other packages are the program's own.
  read =
    lock: lib.filter (package: package ? source) (import ./packages.nix (builtins.readFile lock));

  # Identifies a crate. One that is not from crates.io has no checksum.
  key = package: package.checksum or package.source;

  # The builder's input for a crate.
  line =
    lock: package:
    let
      archive = fetchurl {
        name = "crate-${package.name}-${package.version}.tar.gz";
        url = "https://crates.io/api/v1/crates/${package.name}/${package.version}/download";
        sha256 = package.checksum;
      };
    in
    if package.source != registry then
      throw "importCrates: ${toString lock}: ${package.name} is from ${package.source}; only crates of crates.io are known. Take rustPlatform.importCargoLock for this lock."
    else
      "${package.name}-${package.version}\t${package.checksum}\t${archive}\n";
in
locks:
let
  known = lib.listToAttrs (map (lock: lib.nameValuePair (toString lock) (read lock)) locks);
  shared = lib.listToAttrs (
    lib.concatMap (
      lock: map (package: lib.nameValuePair (key package) (line lock package)) known.${toString lock}
    ) locks
  );
in
lockFile:
runCommand "cargo-vendor-dir"
  {
    inherit lockFile;
    crates = lib.concatMapStrings (package: shared.${key package} or (line lockFile package)) (
      known.${toString lockFile} or (read lockFile)
    );
    passAsFile = [ "crates" ];
  }
  ''
    mkdir -p $out/.cargo
    cp $lockFile $out/Cargo.lock
    while IFS=$'\t' read -r name checksum crate; do
      mkdir $out/$name
      tar xf $crate -C $out/$name --strip-components=1
      printf '{"files":{},"package":"%s"}' $checksum >$out/$name/.cargo-checksum.json
    done <"$cratesPath"
    printf '%s\n' '[source.crates-io]' 'replace-with = "vendored-sources"' \
      '[source.vendored-sources]' 'directory = "@vendor@"' >$out/.cargo/config.toml
  ''
