# Settings of a NixOS machine whose packages are hostpkgs' leaves, which lead into /usr.
{ lib, pkgs, ... }:
{
  networking.useHostResolvConf = false;
  networking.resolvconf.enable = false;
  services.resolved.enable = lib.mkForce false;
  environment.etc."resolv.conf".text = "nameserver 192.0.2.53\n";
  networking.useDHCP = false;
  # Nothing requests it without a DHCP client.
  systemd.targets.network.wantedBy = [ "multi-user.target" ];
  networking.firewall.enable = lib.mkDefault false;

  # Leaves link into /usr, where activation would replace the host's own files.
  environment.usrbinenv = null;
  system.activationScripts.usrbinenv = lib.mkForce "";
  environment.stub-ld.enable = false;
  environment.ldso = "/usr/lib64/ld-linux-x86-64.so.2";
  programs.command-not-found.enable = false;

  # Debian's ebtables reads this path; nixpkgs' reads a file in its own output.
  environment.etc.ethertypes.source = pkgs.runCommand "ethertypes" { } "cp -L /etc/ethertypes $out";

  # hostpkgs lacks the programs that make these.
  documentation.enable = false;
  documentation.man.enable = false;
  systemd.services.audit.enable = false;
  # Of NixOS' list of systemd's units, those that Debian has in other packages.
  systemd.suppressedSystemUnits =
    lib.optionals (!pkgs.systemd.withCryptsetup) [
      "cryptsetup-pre.target"
      "cryptsetup.target"
      "remote-cryptsetup.target"
    ]
    ++ [
      "systemd-bootctl.socket"
      "systemd-bootctl@.service"
      "systemd-quotacheck.service"
      "systemd-update-utmp.service"
      "systemd-userdbd.service"
      "systemd-userdbd.socket"
      "systemd-vconsole-setup.service"
    ];
  environment.defaultPackages = [ ];
  boot.bcache.enable = false;
  boot.enableContainers = false;
  programs.less.lessopen = null;
  programs.nano.enable = false;
  systemd.shutdownRamfs.enable = false;
  services.nscd.enable = false;
  system.nssModules = lib.mkForce [ ];
  systemd.oomd.enable = false;
  systemd.coredump.enable = false;
  services.timesyncd.enable = false;
  i18n.defaultLocale = "C.UTF-8";
  i18n.supportedLocales = lib.mkForce [ ];
  # Debian 13 no longer has this PAM module.
  security.pam.services.login.rules.session.lastlog.enable = lib.mkForce false;
  # Debian's libraries have these paths compiled in.
  systemd.tmpfiles.rules = [
    "L+ /bin/mount - - - - /usr/bin/mount"
    "L+ /bin/umount - - - - /usr/bin/umount"
    "d /run/sshd 0755 root root -"
    "d /var/lib/logrotate 0755 root root -"
  ];
  environment.etc."ssl/openssl.cnf".source =
    pkgs.runCommand "openssl.cnf" { }
      "cp -L /etc/ssl/openssl.cnf $out";
  fonts.fontconfig.enable = false;
  xdg = lib.genAttrs [ "autostart" "icons" "menus" "mime" "sounds" ] (_: {
    enable = false;
  });
  # Nix without its daemon, on the host's store paths with a database of its own (`boot` or stage 1
  # writes /nix/registration).
  nix.enable = false;
  environment.systemPackages = [ pkgs.nix ];
  boot.postBootCommands = ''
    ${pkgs.nix}/bin/nix-store --load-db </nix/registration
  '';
  systemd.tmpfiles.settings.nix-roots = {
    "/nix/var/nix/gcroots/booted-system".L.argument = "/run/booted-system";
  };
  system.switch = {
    enable = lib.mkDefault false;
    enableNg = false;
  };
  system.stateVersion = "25.05";
}
