# A wrong entry of services.proxmox-ve.vzdump fails the build of the system, with the option and the
# reason in the message; right ones pass. This runs the command of the module's own check
# (`system.checks`).
#
#   link  a release's link, for its schema: `builtins.storePath "/nix/store/…-pve-9.1.8"`. The default
#         has two small modules of our own under the names of upstream's
{
  pkgs ? (import ../../.. { nixpkgs = ../../hostpkgs; }).pkgs,
  link ? null,
}:
let
  inherit (pkgs) lib;
  standIn = pkgs.runCommand "vzdump-stand-in" { } ''
    mkdir -p $out/nix-support $out/lib/perl5
    cp -r ${./.} $out/lib/perl5/site_perl
    echo ${pkgs.perl}/bin/perl >$out/nix-support/pve-perl
    exit 0
  '';
  package = {
    outPath = if link == null then "${standIn}" else "${link}";
    name = "pve";
    version = "9.9.1";
    pveSystem = import ../modules-facts.nix;
  };
  command =
    vzdump:
    (lib.head
      (import ../../evaluate {
        inherit pkgs;
        configuration.services.proxmox-ve = {
          enable = true;
          address = "192.0.2.10";
          inherit package vzdump;
        };
      }).config.system.checks
    ).buildCommand;

  refused = {
    "services.proxmox-ve.vzdump.bwlimit: \"fast\": type check ('integer') failed" = {
      bwlimit = "fast";
      tmpdir = "/var/tmp";
    };
    "services.proxmox-ve.vzdump.bwlimt: no option of a backup; there are " = {
      bwlimt = "51200";
    };
    # The guests of a backup are not a default of all backups.
    "services.proxmox-ve.vzdump.vmid: no option of a backup; there are " = {
      vmid = "100";
    };
    "services.proxmox-ve.vzdump.mode: \"quick\": value 'quick' does not have a value in the enumeration" =
      {
        mode = "quick";
      };
  };
  # A script of its own, because a failure inside a condition would not end it.
  script = vzdump: pkgs.writeText "vzdump-check.sh" (command vzdump);
in
pkgs.runCommand "vzdump-refused" { } ''
  bash -e ${
    script {
      bwlimit = "51200";
      exclude-path = "/var/tmp";
      mode = "snapshot";
    }
  }
  rm $out
  ${lib.concatStrings (
    lib.mapAttrsToList (message: vzdump: ''
      if bash -e ${script vzdump} 2>said; then
        echo 'taken, and not refused: '${lib.escapeShellArg message} >&2
        exit 1
      fi
      cat said
      grep -qF ${lib.escapeShellArg message} said
    '') refused
  )}
  touch $out
  exit 0
''
