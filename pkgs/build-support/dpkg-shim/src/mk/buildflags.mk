# Nothing to set: Nix's compiler wrapper hardens by itself.
