# Facts of every kind, as documented in docs/system-json.md.
let
  unit =
    name: more:
    {
      inherit name;
      package = "x";
      file = "x";
      enable = true;
      start = true;
      onUpgrade = "restart";
      wantedBy = [ "multi-user.target" ];
      requiredBy = [ ];
      aliases = [ ];
      also = [ ];
    }
    // more;
  program = path: mode: {
    inherit path mode;
    owner = "root";
    group = "mail";
    from = "x";
  };
in
{
  units = [
    (unit "idle.service" { enable = false; })
    (unit "lxc-monitord.service" {
      file = null;
      wantedBy = [ ];
    })
    (unit "proxmox-firewall.service" { })
    (unit "pve-cluster.service" { })
    (unit "pve-container@.service" {
      onUpgrade = "none";
      enable = false;
      wantedBy = [ ];
    })
    (unit "pve-firewall.service" { onUpgrade = "reload"; })
    (unit "pve-guests.service" {
      onUpgrade = "none";
      aliases = [ "pve-manager.service" ];
    })
    (unit "pvenetcommit.service" { onUpgrade = "none"; })
    (unit "pve-storage.target" {
      onUpgrade = "none";
      enable = false;
      wantedBy = [ ];
    })
    (unit "pvedaemon.service" { onUpgrade = "reload"; })
    (unit "pveproxy.service" { onUpgrade = "reload"; })
    (unit "qmeventd.service" { })
    (unit "watchdog-mux.service" {
      onUpgrade = "none";
      enable = false;
      wantedBy = [ ];
    })
  ];
  directories =
    map
      (path: {
        inherit path;
        mode = "0755";
        owner = "root";
        group = "root";
        from = "x";
      })
      [
        "/etc/apt/auth.conf.d"
        "/etc/pve"
        "/var/lib/vz/images"
      ];
  users = [
    {
      name = "root";
      uid = null;
      group = null;
      extraGroups = [ ];
      home = null;
      shell = null;
      subUids = "100000-165535";
      subGids = "100000-165535";
      created = false;
      from = "x";
    }
  ];
  groups = [ ];
  sysctls = {
    "fs.aio-max-nr" = "1048576";
    "net.bridge.bridge-nf-call-iptables" = "0";
    "net.ipv4.conf.all.rp_filter" = "2";
    "vm.max_map_count" = "262144";
  };
  kernelModules = [ "vhost_net" ];
  pamServices = [ "node-auth" ];
  peerPrograms = [ "/usr/sbin/qm" ];
  logrotate = [
    {
      files = [ "/var/log/x.log" ];
      directives = {
        daily = "";
        rotate = "7";
      };
      scripts.postrotate = [ "systemctl restart x.service" ];
      from = "x";
    }
  ];
  networkFiles = [ "99-default.link.d/x.conf" ];
  modprobe = [
    {
      text = "blacklist nvidiafb";
      from = "x";
    }
  ];
  udevRules = [ ];
  tmpfiles = [ ];
  diversions = [ ];
  triggers = [ ];
  setuid = [
    (program "/usr/libexec/forward" "u+s")
    (program "/usr/sbin/both" "6755")
  ];
  other = [
    {
      path = "debian/postinst";
      line = 1;
      branches = [ "configure" ];
      command = [
        "lvmconfig"
        "--typeconfig"
        "diff"
        "devices/global_filter"
      ];
    }
    {
      path = "debian/postinst";
      line = 2;
      branches = [ "configure" ];
      command = [
        "sed"
        "-i"
        "-e"
        "s!^\\(global_filter.*\\)$!global_filter=[\"r|/dev/zd.*|\",\"r|/dev/rbd.*|\"]!"
        "/etc/lvm/lvm.conf"
      ];
    }
  ];
}
