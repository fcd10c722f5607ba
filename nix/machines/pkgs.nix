# The packages of a NixOS machine without a binary cache: nix/hostpkgs, completed with the packages
# that NixOS' modules need, and NixOS' own lib and builders from `nixpkgs`, which is a checkout or its
# directories `lib/`, `nixos/`, `pkgs/build-support/` and `pkgs/pkgs-lib/`.
#
#   nixpkgs  its path
#   pve      packages that stay those of plain hostpkgs, by attribute
#
# If modules name an attribute that is missing here, it becomes a package whose build fails.
# Evaluation goes on, and anything that does need the package gets the error.
{
  nixpkgs,
  pve ? { },
  system ? builtins.currentSystem,
}:
let
  lib = import (nixpkgs + "/lib");
  support = path: import (nixpkgs + "/pkgs/build-support/${path}");

  # A package of its own in Debian, which virtual machines with encrypted disks alone need.
  hasCryptsetup = builtins.pathExists /var/lib/dpkg/info/systemd-cryptsetup.list;

  complete =
    final: prev:
    let
      # Modules also name programs in `sbin`.
      withSbin =
        described:
        described
        // {
          links = {
            sbin = "bin";
          }
          // described.links or { };
        };
      leaf =
        name: described:
        prev.debianLeaf name (
          withSbin (if lib.isList described then { packages = described; } else described)
        );
      # Debian's units, where NixOS' modules take units from a package.
      withUnits =
        units: described:
        withSbin described
        // {
          links =
            lib.listToAttrs (
              map (
                unit: lib.nameValuePair "etc/systemd/system/${unit}" "${final.debianUnits}/systemd/system/${unit}"
              ) units
            )
            // (withSbin described).links;
        };
      sbins = lib.mapAttrs (
        name: _:
        let
          package = prev.${name};
        in
        if package ? overrideLeaf then
          named (package.overrideLeaf (withUnits units.${name} or [ ]))
        else
          package
      ) (import ../hostpkgs/packages.nix);
      units = import ./units.nix;
      trivial = support "trivial-builders" {
        inherit lib;
        inherit (final)
          config
          stdenv
          stdenvNoCC
          jq
          lndir
          ;
        runtimeShell = "${final.bash}/bin/bash";
        shellcheck-minimal = final.shellcheck;
      };
      # Adds `meta` and outputs that modules read and a leaf lacks.
      named =
        package:
        package
        // {
          meta = {
            outputsToInstall = [ "out" ];
            priority = 5;
          }
          // package.meta or { };
          outputs = [ "out" ];
        };
      platform = lib.systems.elaborate system;
      platformed =
        stdenv:
        stdenv
        // {
          hostPlatform = platform;
          buildPlatform = platform;
          targetPlatform = platform;
          inherit (platform) is64bit isBigEndian;
          shellDryRun = "${final.bash}/bin/bash -n -O extglob";
          cc = stdenv.cc or { } // {
            libc = final.glibc;
            bintools.dynamicLinker = "/lib64/ld-linux-x86-64.so.2";
          };
        };
      leaves = lib.mapAttrs (name: described: named (leaf name described)) (import ./leaves.nix);
    in
    sbins
    // trivial
    // leaves
    // {
      inherit lib;
      _type = "pkgs";
      __splicedPackages = final;
      pkgsStatic = final;
      stdenv = platformed prev.stdenv;
      stdenvNoCC = platformed prev.stdenvNoCC;
      appendOverlays =
        more: if more == [ ] then final else throw "nix/machines: overlays belong to the harness";
      inherit
        (import (nixpkgs + "/pkgs/pkgs-lib") {
          inherit lib;
          pkgs = final;
        })
        formats
        ;
      runtimeShell = "${final.bash}/bin/bash";
      path = nixpkgs;
      substitute = support "substitute/substitute.nix" {
        inherit lib;
        inherit (final) stdenvNoCC;
      };
      substituteAll = support "substitute/substitute-all.nix" { inherit (final) stdenvNoCC; };
      buildEnv = support "buildenv" {
        inherit lib;
        inherit (final) buildPackages runCommand substituteAll;
      };
      closureInfo = final.callPackage (nixpkgs + "/pkgs/build-support/closure-info.nix") { };
      replaceVarsWith = prev.replaceVarsWith;

      bashInteractive = final.bash // {
        shellPath = "/bin/bash";
      };
      # Copies, because a leaf leads into /etc, which belongs to NixOS here and leads back.
      cacert =
        let
          made =
            final.runCommand "cacert" { } ''
              mkdir -p $out/etc/ssl/certs $out/etc/ssl/trust-source
              cp -L /etc/ssl/certs/ca-certificates.crt $out/etc/ssl/certs/ca-bundle.crt
              cp -L /etc/ssl/certs/ca-certificates.crt $out/etc/ssl/certs/ca-no-trust-rules-bundle.crt
            ''
            // {
              override = _: made;
              p11kit = made;
            };
        in
        made;
      iana-etc = final.runCommand "iana-etc" { } ''
        mkdir -p $out/etc
        cp -L /etc/protocols /etc/services $out/etc/
      '';
      glibcLocales =
        let
          made = final.runCommand "glibc-locales" { } "mkdir -p $out/lib/locale" // {
            override = _: made;
          };
        in
        made;
      perlPackages = prev.perlPackages // {
        ConfigIniFiles = leaf "perlPackages.ConfigIniFiles" [ "libconfig-inifiles-perl" ];
        FileSlurp = leaf "perlPackages.FileSlurp" [ "libfile-slurp-perl" ];
        JSON = leaf "perlPackages.JSON" [ "libjson-perl" ];
        NetDBus = leaf "perlPackages.NetDBus" [ "libnet-dbus-perl" ];
        XMLTwig = leaf "perlPackages.XMLTwig" [ "libxml-twig-perl" ];
      };
      libxcrypt = prev.libxcrypt // {
        enabledCryptSchemeIds = [
          "y"
          "5"
          "6"
        ];
      };
      xorg = {
        inherit (final) lndir;
        # `su` names it, but nothing forwards X here.
        xauth = final.runCommand "xauth" { } "mkdir $out";
      };
      dbus =
        named (
          prev.dbus.overrideLeaf (
            described:
            withSbin described
            // {
              links = {
                "libexec/dbus-daemon-launch-helper" = "/usr/lib/dbus-1.0/dbus-daemon-launch-helper";
              }
              // lib.listToAttrs (
                map (unit: lib.nameValuePair "etc/systemd/${unit}" "${final.debianUnits}/systemd/${unit}") [
                  "system/dbus.service"
                  "system/dbus.socket"
                  "user/dbus.service"
                  "user/dbus.socket"
                ]
              )
              // {
                sbin = "bin";
              };
            }
          )
        )
        // {
          daemon = final.dbus;
        };
      # Copies of its scripts, which name a shell and programs that NixOS does not have there.
      clevis = named (
        final.runCommand "clevis-${(leaf "clevis" [ "clevis" ]).version}" { } ''
          mkdir -p $out/bin
          cp /usr/bin/clevis* $out/bin/
          for program in $out/bin/*; do
            [ "$(head -c 2 $program)" != '#!' ] ||
              sed -i -e 's|^#!/bin/|#!${final.bash}/bin/|' -e 's|\([ (]\)/bin/cat|\1${final.coreutils}/bin/cat|' $program
          done
        ''
      );
      # Copies, without LXC's: Debian's may be installed, and a node brings its own.
      apparmor-profiles = final.runCommand "apparmor-profiles" { } ''
        mkdir -p $out/etc/apparmor.d
        cp -rL --no-preserve=mode /etc/apparmor.d/abi /etc/apparmor.d/abstractions /etc/apparmor.d/tunables $out/etc/apparmor.d/
        rm -rf $out/etc/apparmor.d/a*/lxc
      '';
      # The files of it that NixOS' module names.
      apparmor-utils = final.runCommand "apparmor-utils" { } ''
        mkdir -p $out/bin $out/etc/apparmor
        ln -s /usr/sbin/aa-remove-unknown /usr/sbin/aa-teardown $out/bin/
        touch $out/etc/apparmor/severity.db
        echo '[qualifiers]' >$out/etc/apparmor/logprof.conf
      '';
      glibc = prev.glibc // {
        bin = final.getent;
      };
      # For profiles of setuid programs, which no test has.
      apparmorRulesFromClosure = _: _: final.writeText "apparmor-rules" "";
      lvm2_dmeventd =
        (prev.lvm2.overrideLeaf (
          described: withUnits units.lvm2 (described // { packages = described.packages ++ [ "dmeventd" ]; })
        ))
        // {
          inherit (final.lvm2) meta outputs;
        };
      zfs = sbins.zfs // {
        kernelModuleAttribute = "zfs";
      };
      shadow =
        named (
          leaf "shadow" [
            "passwd"
            "login"
            "login.defs"
            "uidmap"
            "util-linux"
          ]
        )
        // {
          su = final.shadow;
          shellPath = "/bin/nologin";
        };
      # Named for what it holds: it is built again when a package of units comes or goes.
      debianUnits = final.runCommand "debian-units" { inherit hasCryptsetup; } ''
        mkdir -p $out/systemd
        cp -r --no-preserve=mode /usr/lib/systemd/system /usr/lib/systemd/user $out/systemd/
        cp -r --no-preserve=mode /usr/lib/sysctl.d /usr/lib/tmpfiles.d /usr/lib/udev/rules.d $out/
      '';
      # Part of NixOS' iptables firewall; no test calls it.
      nixos-firewall-tool = final.runCommand "nixos-firewall-tool" { } "mkdir $out";
      # udev's rules refer to its path. The machines have no software RAID.
      mdadm = final.runCommand "mdadm" { } "mkdir $out";
      # The wrappers of setuid programs need one header from glibc's sources.
      srcOnly =
        package:
        final.stdenvNoCC.mkDerivation {
          name = "${package.pname}-source";
          src = ./unsecvars;
          dontBuild = true;
          installPhase = "cp -r . $out";
        };
      # Debian's configuration of the bus, with the policies and services of NixOS' packages.
      makeDBusConf =
        {
          suidHelper,
          serviceDirectories,
          ...
        }:
        final.runCommand "dbus-1" { } ''
          mkdir $out
          for bus in system session; do
            {
              # Without its last line and what leads back to /etc/dbus-1.
              sed -e '/<\/busconfig>/d' -e '/\/etc\/dbus-1/d' -e 's|>\(system\|session\)\.d<|>/usr/share/dbus-1/\1.d<|' \
                -e 's|<servicehelper>[^<]*|<servicehelper>${suidHelper}|' /usr/share/dbus-1/$bus.conf
              for package in ${toString serviceDirectories}; do
                echo "<servicedir>$package/share/dbus-1/$bus-services</servicedir>"
                for place in etc share; do
                  echo "<includedir>$package/$place/dbus-1/$bus.d</includedir>"
                done
              done
              echo '</busconfig>'
            } >$out/$bus.conf
          done
        '';
      # The newest kernel of this Debian machine, for virtual machines. A container uses its host's
      # kernel, and reads the features of this one.
      linuxPackages = lib.makeExtensible (_: {
        inherit (final) stdenv;
        # Its module is beside the kernel's, if zfs-dkms built it.
        zfs = final.runCommand "zfs-kernel" { } "mkdir -p $out/lib/modules" // {
          inherit (final.zfs) version;
        };
        kernel =
          let
            releases = lib.sort lib.versionOlder (
              lib.concatMap (lib.strings.match "vmlinuz-(.*)") (
                lib.filter (lib.hasPrefix "vmlinuz-") (lib.attrNames (builtins.readDir /boot))
              )
            );
            modDirVersion = if releases == [ ] then "6.12" else lib.last releases;
            version = lib.head (lib.strings.match "([0-9.]+).*" modDirVersion);
            built =
              if releases == [ ] then
                absent "linux"
              else
                final.runCommand "linux-${version}" { } ''
                  mkdir -p $out/lib/modules
                  ln -s /boot/vmlinuz-${modDirVersion} $out/${final.stdenv.hostPlatform.linux-kernel.target}
                  ln -s /usr/lib/modules/${modDirVersion} $out/lib/modules/
                '';
            kernel = built // {
              inherit version modDirVersion;
              override = _: kernel;
              features = { };
              config = {
                isYes = _: true;
                isNo = _: false;
                isModule = _: true;
                isEnabled = _: true;
                isDisabled = _: false;
              };
              kernelAtLeast = lib.versionAtLeast version;
              kernelOlder = lib.versionOlder version;
            };
          in
          kernel;
      });
      aggregateModules = trees: lib.fix (tree: lib.head trees // { override = _: tree; });
      inherit (final.callPackage ./initrd-ng.nix { }) makeInitrdNG makeModulesClosure;
      systemd =
        named (
          prev.debianLeaf "systemd" {
            packages = [
              "systemd"
              "systemd-coredump"
              "systemd-sysv"
              "udev"
              "libpam-systemd"
            ]
            ++ lib.optional hasCryptsetup "systemd-cryptsetup";
            # Where NixOS takes upstream's units and rules from, by name; they are Debian's, copied: the machine hides those
            # in /usr.
            links = {
              sbin = "bin";
              example = "${final.debianUnits}";
              "lib/udev/rules.d" = "${final.debianUnits}/rules.d";
            };
          }
        )
        // {
          interfaceVersion = 2;
          withPortabled = false;
          withBootloader = false;
          withImportd = false;
          withEfi = false;
          withLogind = true;
          withHostnamed = true;
          withTimedated = true;
          withTimesyncd = true;
          withLocaled = true;
          withMachined = false;
          withNetworkd = true;
          withResolved = true;
          withOomd = false;
          withCoredump = true;
          withCryptsetup = hasCryptsetup;
          withFido2 = false;
          withTpm2Tss = false;
          withUtmp = true;
          withNss = true;
          withAudit = false;
          withHomed = false;
          withUserDb = true;
          withSysupdate = false;
          kbd = final.kbd;
          kmod = final.kmod;
          util-linux = final.util-linux;
        };
    }
    // pve;
  names = lib.importJSON (derivation {
    name = "names.json";
    inherit system;
    builder = "/usr/bin/perl";
    args = [ ./names.pl ];
    roots = [
      (nixpkgs + "/nixos")
      (nixpkgs + "/pkgs/pkgs-lib")
    ];
  });
  # A package whose build fails, but whose attributes can be read.
  absent =
    name:
    let
      drv = derivation {
        inherit name system;
        builder = "/bin/sh";
        args = [
          "-c"
          "echo 'nix/machines: ${name} is not here (leaves.nix)' >&2; exit 1"
        ];
      };
      self = drv // {
        pname = name;
        version = "0";
        meta.outputsToInstall = [ "out" ];
        override = _: self;
        overrideAttrs = _: self;
        passthru = { };
      };
    in
    self;
  lacking = _: prev: lib.genAttrs (lib.filter (name: !(prev ? ${name})) names) absent;
in
import ../hostpkgs {
  inherit system;
  overlays = [
    (import ../../overlays)
    complete
    lacking
  ];
}
