# Lets this directory replace nixpkgs as a flake's input. Only `import nixpkgs { … }` is used.
{
  outputs = _: { };
}
