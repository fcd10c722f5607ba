# Packages of which a release uses nixpkgs' recipe rather than the program: attribute → recipe.
{
  lxc = ./lxc.nix;
  qemu = ./qemu.nix;
}
