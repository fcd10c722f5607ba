# Packages of which a release takes nixpkgs' recipe, not the program: attribute → recipe.
{
  lxc = ./lxc.nix;
  qemu = ./qemu.nix;
}
