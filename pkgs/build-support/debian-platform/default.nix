# Debian's names for a platform, as `dpkg-architecture` prints them on Debian.
#
# debianPlatform stdenv.hostPlatform
#   arch       "amd64", "arm64"
#   multiarch  "x86_64-linux-gnu", "aarch64-linux-gnu"
#   cpu        "x86_64", "aarch64": the GNU name of the processor
#   bits       "64"
#   endian     "little"
{ lib }:
platform:
let
  cpu = platform.parsed.cpu.name;
  architectures = {
    aarch64 = "arm64";
    x86_64 = "amd64";
  };
in
{
  arch = architectures.${cpu} or (throw "pve-nix: Proxmox VE is not built for ${platform.system}");
  multiarch = "${cpu}-linux-gnu";
  inherit cpu;
  bits = toString platform.parsed.cpu.bits;
  endian = if platform.isLittleEndian then "little" else "big";
}
