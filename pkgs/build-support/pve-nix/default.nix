# The compiler: `bin/pve-nix`, which generates a release's expressions from its sources. It is built
# only from this tree's Cargo workspace, so that changes of generated files and of the builders do
# not rebuild it.
{
  importCrates,
  lib,
  rustPlatform,
  stdenv,
}:
let
  root = ../../..;
  # The files that the build needs. Tests read the whole tree.
  wanted = [
    "Cargo.lock"
    "Cargo.toml"
    "crates"
    # The program on a node is a member of the workspace, so Cargo reads its manifest.
    "pvenix"
    "pvenix/Cargo.toml"
    "pvenix/src"
    "xtask"
    "xtask/Cargo.toml"
    "xtask/benches"
    "xtask/src"
  ];
  source = builtins.path {
    name = "pve-nix-source";
    path = root;
    filter =
      path: _:
      let
        relative = lib.removePrefix "${toString root}/" (toString path);
      in
      lib.any (
        part: relative == part || part != "xtask" && part != "pvenix" && lib.hasPrefix "${part}/" relative
      ) wanted;
  };
in
rustPlatform.buildRustPackage {
  pname = "pve-nix";
  inherit ((lib.importTOML (root + "/xtask/Cargo.toml")).package) version;

  src = source;
  cargoDeps = importCrates (root + "/Cargo.lock");
  cargoBuildFlags = [
    "--package"
    "pve-nix"
  ];

  # The program itself writes its shell completions and manual pages, if it can run.
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    mkdir -p $out/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,man/man1}
    $out/bin/pve-nix completions bash >$out/share/bash-completion/completions/pve-nix
    $out/bin/pve-nix completions zsh >$out/share/zsh/site-functions/_pve-nix
    $out/bin/pve-nix completions fish >$out/share/fish/vendor_completions.d/pve-nix.fish
    $out/bin/pve-nix man --out $out/share/man/man1
  '';

  # The tests read rules, releases and the demo, and run Nix, so `ci/test` runs them.
  doCheck = false;

  meta = {
    description = "A compiler from Proxmox VE's sources to Nix";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "pve-nix";
    platforms = lib.platforms.linux;
  };
}
