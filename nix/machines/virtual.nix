# A machine of a test as a virtual machine of QEMU (`emulate`), with Debian's kernel.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  imports = [
    ./machine.nix
    ./virtualisation.nix
    ./nixos-initrd.nix
  ];

  boot.initrd.enable = config.boot.initrd.systemd.enable;
  system.build.initialRamdisk = lib.mkIf (!config.boot.initrd.enable) (
    pkgs.callPackage ./initrd.nix { }
  );
  system.build.initialRamdiskSecretAppender = lib.mkForce (
    pkgs.runCommand "append-initrd-secrets" { } ''
      mkdir -p $out/bin
      ln -s ${pkgs.coreutils}/bin/true $out/bin/append-initrd-secrets
    ''
  );
  boot.loader.grub.enable = false;
  boot.kernelParams = [
    "console=ttyS0"
    "panic=1"
  ];
  boot.kernelModules = [ "virtio_console" ];
  networking.usePredictableInterfaceNames = false;
  fileSystems."/" = {
    device = config.virtualisation.rootDevice;
    fsType = "ext4";
    noCheck = true;
  };

  # The driver's shell. The driver sends one command a line, and reads its status and output
  # (driver.py).
  systemd.services.driver-shell = {
    wantedBy = [ "sysinit.target" ];
    unitConfig.DefaultDependencies = false;
    restartIfChanged = false;
    unitConfig.X-StopOnRemoval = false;
    environment.HOME = "/root";
    path = lib.mkForce [ ];
    serviceConfig = {
      ExecStart = "${pkgs.bash}/bin/bash ${./driver-shell.sh} ${pkgs.coreutils}/bin";
      Restart = "always";
      RestartSec = 1;
      KillMode = "process";
    };
  };
  systemd.services."serial-getty@ttyS0".enable = false;
  # Lists of modules for other distributions.
  environment.etc."modprobe.d/ubuntu.conf".enable = false;
  environment.etc."modprobe.d/debian.conf".enable = false;
  services.journald.console = "/dev/ttyS0";

  # Timeouts for an emulated processor.
  systemd.extraConfig = ''
    DefaultTimeoutStartSec=600
    DefaultDeviceTimeoutSec=600
  '';
}
