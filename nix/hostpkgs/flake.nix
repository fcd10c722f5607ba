# So that this directory stands in for nixpkgs where that is a flake, too: `import nixpkgs { … }` is all that is asked of it.
{
  outputs = _: { };
}
