# A test in NixOS' form (`nodes`, `testScript`) for the container driver: a file with the nodes'
# toplevels and the script. docs/modules.md says how to run it.
#
#   test     the test's file
#   nixpkgs  a checkout of nixpkgs, or the parts that pkgs.nix names; NIXPKGS by default
#   package  the link that nodes run (`services.proxmox-ve.package`); by default the default release's
#   virtual  virtual machines in place of containers
#   packages replacements of hostpkgs' packages: `pvenix`, other releases' links in `pveReleases`
{
  test,
  nixpkgs ? builtins.getEnv "NIXPKGS",
  package ? null,
  virtual ? false,
  packages ? { },
}:
let
  source =
    if toString nixpkgs == "" then
      throw "nix/machines: set NIXPKGS to a checkout of nixpkgs, or give --arg nixpkgs PATH"
    else
      /. + toString nixpkgs;
  plain = import ../.. { nixpkgs = ../hostpkgs; };
  release = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
  # The module's default: built from plain hostpkgs, without ifupdown2.
  link =
    if package == null then
      (plain.pveReleases.${release}.overrideScope (_: _: { ifupdown2 = null; })).pve
    else
      package;
  pkgs = import ./pkgs.nix {
    nixpkgs = source;
    pve = {
      pve = link;
    }
    // packages;
  };
  inherit (pkgs) lib;

  described = lib.toFunction (import test) {
    inherit pkgs lib;
  };
  # Numbers as in NixOS' driver.
  numbers = lib.listToAttrs (
    lib.imap1 (number: name: lib.nameValuePair name number) (lib.attrNames described.nodes)
  );
  address = name: vlan: "192.168.${toString vlan}.${toString numbers.${name}}";
  # The machine's network cards, and the names of all machines.
  networks =
    name:
    { config, lib, ... }:
    {
      networking.interfaces = lib.listToAttrs (
        lib.imap1 (
          card: vlan:
          lib.nameValuePair "eth${toString card}" {
            ipv4.addresses = [
              {
                address = address name vlan;
                prefixLength = 24;
              }
            ];
          }
        ) config.virtualisation.vlans
      );
      networking.hosts = lib.mkMerge (
        map (
          other:
          lib.mkIf (other != name && configurations.${other}.virtualisation.vlans != [ ]) {
            ${address other (lib.head configurations.${other}.virtualisation.vlans)} = [ other ];
          }
        ) (lib.attrNames described.nodes)
      );
    };
  build =
    name: node:
    (import (source + "/nixos/lib/eval-config.nix") {
      inherit lib pkgs;
      system = null;
      modules = [
        (if virtual then ./virtual.nix else ./container.nix)
        node
        (networks name)
        (
          { options, ... }:
          {
            networking.hostName = lib.mkDefault name;
            services = lib.optionalAttrs (options ? services.proxmox-ve.package) {
              proxmox-ve.package = lib.mkDefault link;
            };
          }
        )
      ];
    }).config;
  configurations = lib.mapAttrs build described.nodes;
  machine = name: {
    inherit (configurations.${name}.virtualisation)
      memorySize
      cores
      diskSize
      emptyDiskImages
      vlans
      ;
    tpm = configurations.${name}.virtualisation.tpm.enable;
    number = numbers.${name};
  };
in
pkgs.writeText "test-${described.name}.json" (
  builtins.toJSON {
    inherit virtual;
    nodes = lib.mapAttrs (name: configuration: {
      toplevel = toString configuration.system.build.toplevel;
      machine = machine name;
    }) configurations;
    inherit (described) testScript;
  }
)
