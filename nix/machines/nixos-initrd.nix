# A virtual machine that boots by NixOS' own stage 1, where its test asks for one by `boot.initrd.systemd.enable`: NixOS' units, Debian's
# systemd, udev and kernel, and root.sh for what the machine's images hold.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  config = lib.mkIf config.boot.initrd.systemd.enable {
    # It would bring fonts and keyboards along.
    console.enable = false;
    boot.initrd = {
      # NixOS' defaults name modules of cards and disks that these machines do not have, and cost time.
      includeDefaultModules = false;
      availableKernelModules = [
        "virtio_net"
        "virtio_rng"
      ];
      kernelModules = [
        "virtio_pci"
        "virtio_blk"
        "virtio_console"
        "ext4"
        "erofs"
        "overlay"
      ];
      # Of other packages in Debian, and nothing asks them.
      services.resolved.enable = false;
      systemd = {
        dbus.enable = false;
        emergencyAccess = true;
        contents = {
          # Debian's udev reads them here.
          "/usr/lib/udev/rules.d".source = "${pkgs.systemd}/lib/udev/rules.d";
          "/etc/modprobe.d/ubuntu.conf" = lib.mkForce { text = ""; };
          "/etc/modprobe.d/debian.conf" = lib.mkForce { text = ""; };
        };
        # Loaded by name, which no program says of itself.
        storePaths =
          map (name: "/usr/lib/x86_64-linux-gnu/${name}") (
            lib.filter (name: builtins.pathExists (/usr/lib/x86_64-linux-gnu + "/${name}")) [
              "libtss2-tcti-device.so.0"
              "ossl-modules/legacy.so"
            ]
          )
          ++ [
            "${./root.sh}"
            # By this name in udev's rules.
            "/usr/sbin/dmsetup"
          ];
        extraConfig = ''
          DefaultTimeoutStartSec=600
          DefaultDeviceTimeoutSec=600
        '';
        services.machine-root = {
          description = "Images of the machine";
          requiredBy = [ "initrd-fs.target" ];
          before = [ "initrd-fs.target" ];
          after = [ "sysroot.mount" ];
          requires = [ "sysroot.mount" ];
          unitConfig.DefaultDependencies = false;
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = "/bin/bash ${./root.sh} /sysroot";
          };
        };
      };
    };
  };
}
