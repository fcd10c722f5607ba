{
  description = "Proxmox VE's packages, compiled from its sources";

  # It is only imported, so that a directory that is no flake may stand in for it (nix/hostpkgs).
  inputs.nixpkgs = {
    url = "github:NixOS/nixpkgs/nixos-26.05";
    flake = false;
  };

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "aarch64-linux"
        "x86_64-linux"
      ];
      # What a function makes of each system's packages.
      forEach =
        function:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = function (import ./. { inherit nixpkgs system; });
          }) systems
        );
    in
    {
      overlays.default = import ./overlays;

      # `services.proxmox-ve`, with the overlay that has its package.
      nixosModules.default = {
        imports = [ ./nix/modules ];
        nixpkgs.overlays = [ self.overlays.default ];
      };

      # The default release, its objects as NAME-object; and the tool.
      packages = forEach (
        { pkgs, ... }:
        pkgs.pvePackages
        // {
          inherit (pkgs) pve-nix;
          default = pkgs.pve;
        }
      );

      # `pveReleases."9.1.7".pve`, and everything of nixpkgs.
      legacyPackages = forEach ({ pkgs, ... }: pkgs);

      apps = forEach (
        { pkgs, ... }:
        {
          # `nix run .#regen -- pve-9.1.4`
          regen = {
            type = "app";
            meta.description = "Writes a release's patches, derivations and overlay";
            program = "${pkgs.writeShellScript "regen" ''
              PATH=${pkgs.lib.makeBinPath [ pkgs.git ]}:$PATH exec ${pkgs.pve-nix}/bin/pve-nix regen "$@"
            ''}";
          };
        }
      );

      devShells = forEach (
        { pkgs, ... }:
        {
          default = pkgs.mkShell {
            packages = [
              pkgs.cargo
              pkgs.clippy
              pkgs.git
              pkgs.rustc
              pkgs.rustfmt
            ];
          };
        }
      );

      checks = forEach ({ checks, ... }: checks);

      # By the code that lays out what is generated, and holds what is written by hand against that: not by another version.
      formatter = forEach (
        { pkgs, ... }:
        pkgs.writeShellScriptBin "pve-nix-fmt" ''
          exec ${pkgs.pve-nix}/bin/pve-nix-fmt "$@"
        ''
      );
    };
}
