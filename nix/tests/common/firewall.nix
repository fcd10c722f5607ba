# A node whose two firewalls are asked by a peer all the time.
#
#   backend  which of Proxmox's firewalls decides
#
# The peer (`systemctl start peer`) is a network namespace of the machine. It sends a datagram to each of three ports every few
# milliseconds. Rules of nftables before and behind all others count what comes in and what passes every firewall, so a gap of a few
# milliseconds shows.
{ backend }:
{ lib, pkgs, ... }:
{
  imports = [ ./node.nix ];
  services.proxmox-ve.openFirewall = true;
  services.proxmox-ve.firewall = { inherit backend; };
  networking.nftables.enable = lib.mkDefault (backend == "nftables");
  networking.nftables.checkRuleset = false;
  networking.firewall.enable = true;
  networking.firewall.allowedUDPPorts = [
    7001
    7002
  ];
  system.switch.enable = true;
  environment.systemPackages = [
    pkgs.iproute2
    pkgs.jq
    pkgs.nftables
  ];
  environment.etc."witness.nft".text = ''
    table inet witness {
      counter open_sent { }
      counter open_passed { }
      counter dropped_sent { }
      counter dropped_passed { }
      counter closed_sent { }
      counter closed_passed { }
      chain before {
        type filter hook prerouting priority -400
        udp dport 7001 counter name open_sent
        udp dport 7002 counter name dropped_sent
        udp dport 7003 counter name closed_sent
      }
      chain behind {
        type filter hook input priority 400
        udp dport 7001 counter name open_passed
        udp dport 7002 counter name dropped_passed
        udp dport 7003 counter name closed_passed
      }
    }
  '';
  # In the tables that pve-firewall writes to.
  environment.etc."iptables-legacy".source = pkgs.iptables-legacy;
  environment.etc."peer" = {
    mode = "0755";
    text = ''
      #!${pkgs.bash}/bin/bash
      # Waits without a process: nothing is ever written there.
      exec {pause}<> <(:)
      while :; do
        for port in 7001 7002 7003; do echo x >/dev/udp/10.99.0.1/$port; done 2>/dev/null
        read -r -t 0.004 -u "$pause"
      done
    '';
  };
  systemd.services.peer = {
    path = [
      pkgs.iproute2
      pkgs.nftables
    ];
    restartIfChanged = false;
    script = ''
      nft -f /etc/witness.nft
      ip link add out0 type veth peer name peer0
      ip netns add peer
      ip link set peer0 netns peer
      ip address add 10.99.0.1/24 dev out0
      ip link set out0 up
      ip netns exec peer ip address add 10.99.0.2/24 dev peer0
      ip netns exec peer ip link set peer0 up
      exec ip netns exec peer /etc/peer
    '';
  };
}
