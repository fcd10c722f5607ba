# A node of the cluster "hive" on the test's network. Machines are numbered in the order of their
# names.
let
  address = number: "192.168.1.${toString number}";
in
# nodes: the names of all nodes, in order
nodes:
{ config, lib, ... }:
let
  numbers = lib.listToAttrs (lib.imap1 (number: name: lib.nameValuePair name number) nodes);
in
{
  imports = [ ../../modules ];
  virtualisation.memorySize = 2048;
  virtualisation.cores = 2;
  services.proxmox-ve = {
    enable = true;
    address = address numbers.${config.networking.hostName};
    cluster = {
      name = "hive";
      bootstrap = lib.head nodes;
      authkeyFile = "/etc/hive-key";
      nodes = lib.mapAttrs (_: number: {
        nodeId = number;
        links = [ (address number) ];
      }) numbers;
    };
  };
  # Not a secret: this cluster belongs to a test.
  environment.etc.hive-key.text = lib.concatStrings (lib.genList (_: "honeycomb") 16);
}
