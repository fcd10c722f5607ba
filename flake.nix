{
  description = "Proxmox VE's packages, compiled from its sources";

  # The input is only imported, so a directory that is not a flake may replace it (nix/hostpkgs).
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
      # Applies a function to each system's packages.
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

      # `services.proxmox-ve`, with the overlay that contains its package.
      nixosModules.default = {
        imports = [ ./nix/modules ];
        nixpkgs.overlays = [ self.overlays.default ];
      };

      # Of it, disks that unlock themselves, for machines without Proxmox VE (docs/unlock.md).
      nixosModules.unlock = {
        imports = [
          ./nix/modules/tang.nix
          ./nix/modules/unlock.nix
        ];
        nixpkgs.overlays = [ self.overlays.default ];
      };

      # The default release, with its objects as NAME-object, and the tool.
      packages = forEach (
        { pkgs, ... }:
        pkgs.pvePackages
        // {
          inherit (pkgs) pve-nix;
          default = pkgs.pve;
        }
      );

      # `pveReleases."9.1.7".pve`, and all of nixpkgs.
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

      # This tree's own version of the formatter, which formats generated files and checks those
      # written by hand.
      formatter = forEach (
        { pkgs, ... }:
        pkgs.writeShellScriptBin "pve-nix-fmt" ''
          exec ${pkgs.pve-nix}/bin/pve-nix-fmt "$@"
        ''
      );
    };
}
