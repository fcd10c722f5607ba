# The hand-written builders, as attributes of the overlay.
final: _: {
  asciidoc-shim = final.callPackage ./asciidoc-shim { };
  auditPve = final.callPackage ./audit-pve { };
  auditedPve = final.callPackage ./audit-pve/audited.nix { };
  compilePvePlugin = final.callPackage ./compile-pve-plugin { };
  cratesImporter = final.callPackage ./import-crates { };
  cross-shim = final.callPackage ./cross-shim { };
  debianInstall = final.callPackage ./debian-install { };
  debianPlatform = final.callPackage ./debian-platform { };
  dpkg-shim = final.callPackage ./dpkg-shim { };
  generatePve = final.callPackage ./generate-pve { };
  importCrates = final.cratesImporter [ ];
  joinCrates = final.callPackage ./join-crates { };
  libglvnd-shim = final.callPackage ./libglvnd-shim { };
  linkPve = final.callPackage ./link-pve { };
  mkPveObject = final.callPackage ./mk-pve-object { };
  perlmod-shim = final.callPackage ./perlmod-shim { };
  pve-build-hook = final.callPackage ./pve-build-hook { };
  pve-doc-shim = final.callPackage ./pve-doc-shim { };
  pve-nix = final.callPackage ./pve-nix { };
  pvenix = final.callPackage ./pvenix { };
  pve-perl = final.callPackage ./pve-perl { };
  releasePins = final.callPackage ./release-pins { };
  unifont-shim = final.callPackage ./unifont-shim { };
  virt-firmware-shim = final.callPackage ./virt-firmware-shim { };
}
