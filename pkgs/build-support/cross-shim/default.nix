# Compilers and binutils for other processors under Debian's names (`aarch64-linux-gnu-gcc`).
# nixpkgs' names include a vendor, or no processor at all for the machine's own.
{
  lib,
  pkgsCross,
  runCommand,
}:
let
  compilers = {
    aarch64-linux-gnu = pkgsCross.aarch64-multiplatform.buildPackages.gcc;
    riscv64-linux-gnu = pkgsCross.riscv64.buildPackages.gcc;
  };
  # A compiler without a prefix gets Debian's.
  link =
    triplet: gcc:
    let
      prefix = gcc.targetPrefix or "${triplet}-";
    in
    ''
      for program in ${gcc}/bin/${prefix}* ${lib.getBin (gcc.bintools or gcc)}/bin/${prefix}*; do
        name=''${program##*/}
        ln -sf "$program" "$out/bin/${triplet}-''${name#${prefix}}"
      done
      for tool in ar as gcc ld nm objcopy; do
        [ -e "$out/bin/${triplet}-$tool" ] || {
          echo "cross-shim: no $tool for ${triplet}" >&2
          exit 1
        }
      done
    '';
in
runCommand "cross-shim"
  {
    meta = {
      description = "Compilers for other processors by Debian's names";
      license = lib.getLicenseFromSpdxId "MIT";
      platforms = lib.platforms.linux;
    };
  }
  ''
    mkdir -p $out/bin
    ${lib.concatStrings (lib.mapAttrsToList link compilers)}
  ''
