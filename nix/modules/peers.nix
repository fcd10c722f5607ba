# Programs and variables that other nodes of a cluster, including Debian's, use here over ssh.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
in
{
  config = lib.mkIf cfg.enable {
    # A Debian node runs programs here by its own paths. NixOS has only /bin/sh and /usr/bin/env.
    systemd.tmpfiles.rules = map (
      program: "L+ ${program} - - - - /run/current-system/sw/bin/${baseNameOf program}"
    ) facts.system.peerPrograms;

    # A console's ticket reaches the guest's node in the environment. Debian's ssh and sshd pass on
    # LC_*, others nothing.
    services.openssh.extraConfig = lib.mkBefore "AcceptEnv LC_PVE_TICKET";
    programs.ssh.extraConfig = lib.mkBefore "SendEnv LC_PVE_TICKET";
  };
}
