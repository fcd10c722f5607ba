# Software-defined networks: DHCP for the guests of a zone.
#
# Proxmox's code writes a configuration of dnsmasq for each zone below /etc/dnsmasq.d and starts an instance of the unit dnsmasq@,
# which Debian's package brings. It asks for that unit first: without it no zone can have DHCP, and everything else of a zone works.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  # The name on the bus of each zone's instance begins with it.
  busName = "uk.org.thekelleys.dnsmasq";
  # Upstream writes a policy for each zone; D-Bus reads its policies in the store. This one is for all zones.
  policy = pkgs.writeTextDir "share/dbus-1/system.d/pve-dnsmasq.conf" ''
    <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
      "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
    <busconfig>
      <policy context="default">
        <deny own_prefix="${busName}"/>
        <deny send_destination_prefix="${busName}"/>
      </policy>
      <policy user="root">
        <allow own_prefix="${busName}"/>
        <allow send_destination_prefix="${busName}"/>
      </policy>
      <policy user="dnsmasq">
        <allow own_prefix="${busName}"/>
        <allow send_destination_prefix="${busName}"/>
      </policy>
    </busconfig>
  '';
in
{
  options.services.proxmox-ve.sdn.dhcp.enable = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = ''
      Whether zones of software-defined networks may hand out addresses (a zone's "automatic DHCP"). Guests get the addresses that
      Proxmox's IPAM has for them, from one dnsmasq for each zone. Software-defined networks need `network.backend = "ifupdown2"`.
    '';
  };

  config = lib.mkIf (cfg.enable && cfg.sdn.dhcp.enable) {
    services.dbus.packages = [ policy ];
    # Requests of guests; nothing else of the machine listens there, and an instance does on its zone's networks alone.
    networking.firewall.allowedUDPPorts = [
      67
      547
    ];
    users.users.dnsmasq = {
      isSystemUser = true;
      group = "dnsmasq";
      description = "Dnsmasq daemon user";
    };
    users.groups.dnsmasq = { };

    systemd.services."dnsmasq@" = {
      description = "DHCP and DNS of zone %i";
      after = [
        "network.target"
        "networking.service"
      ];
      # Restarted by Proxmox's code when the zone changes. Guests renew their leases there.
      restartIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
      path = lib.mkForce [ ];
      serviceConfig = {
        Type = "dbus";
        BusName = "${busName}.%i";
        # CONFIG_DIR and DNSMASQ_OPTS, which upstream's code writes for Debian's own script.
        EnvironmentFile = "/etc/default/dnsmasq.%i";
        ExecStartPre = "${pkgs.dnsmasq}/bin/dnsmasq --test --conf-dir=\${CONFIG_DIR} $DNSMASQ_OPTS";
        ExecStart = "${pkgs.dnsmasq}/bin/dnsmasq --keep-in-foreground --user=dnsmasq --group=dnsmasq --pid-file= --conf-dir=\${CONFIG_DIR} $DNSMASQ_OPTS";
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        Restart = "on-failure";
      };
    };

    assertions = [
      {
        assertion = cfg.network.backend == "ifupdown2";
        message = "services.proxmox-ve.sdn.dhcp.enable: zones of software-defined networks are set up by ifupdown2. Set services.proxmox-ve.network.backend = \"ifupdown2\", or remove the option.";
      }
    ];
  };
}
