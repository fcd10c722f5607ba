# `network.backend = "ifupdown2"`: the machine owns /etc/network/interfaces, the web interface
# writes it, and ifupdown2 applies it: at boot through its own unit, later through "Apply
# Configuration".
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  first = pkgs.writeText "interfaces" (
    "# First content from services.proxmox-ve.network; from here on the file is the interface's and yours.\n"
    + cfg.network.interfaces
  );

  # Other services that would configure the same interfaces.
  others =
    lib.optional config.networking.useDHCP "networking.useDHCP = false (dhcpcd)"
    ++ lib.optional config.networking.useNetworkd "networking.useNetworkd = false"
    ++
      lib.optional (config.systemd.network.networks != { })
        "no systemd.network.networks (${lib.concatStringsSep ", " (lib.attrNames config.systemd.network.networks)})"
    ++ lib.optional config.networking.networkmanager.enable "networking.networkmanager.enable = false"
    ++ lib.optional (
      config.networking.bridges != { }
    ) "no networking.bridges (${lib.concatStringsSep ", " (lib.attrNames config.networking.bridges)})";
in
{
  config = lib.mkIf (cfg.enable && cfg.network.backend == "ifupdown2") {
    # Written once: an existing file stays.
    systemd.tmpfiles.rules = [ "C /etc/network/interfaces 0644 root root - ${first}" ];

    # ifupdown2's own unit, which the web interface's `ifreload` bypasses. Restarting it takes every
    # bridge down.
    systemd.services.networking = {
      overrideStrategy = "asDropin";
      path = lib.mkForce [ ];
      wantedBy = [
        "multi-user.target"
        "network-online.target"
      ];
      after = [ "systemd-tmpfiles-setup.service" ];
      restartIfChanged = false;
      stopIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
    };
    # systemd's wait for networkd has nothing to wait for.
    systemd.network.wait-online.enable = false;

    assertions = [
      {
        assertion = others == [ ];
        message = "services.proxmox-ve.network.backend = \"ifupdown2\" gives the network to /etc/network/interfaces, and two would set it up. Set ${lib.concatStringsSep "; " others}.";
      }
      {
        assertion = !lib.any (one: one.name == "ifupdown2") (cfg.package.lacks or [ ]);
        message = "services.proxmox-ve.package is a link without ifupdown2. Take `pkgs.pve` as it is, or set services.proxmox-ve.network.backend = \"declared\".";
      }
    ];
  };
}
