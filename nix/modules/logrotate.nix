# Rotation of upstream's logs.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  argument = value: if value == "" then true else value;
in
{
  config = lib.mkIf cfg.enable {
    services.logrotate.settings = lib.listToAttrs (
      map (
        section:
        lib.nameValuePair (lib.head section.files) (
          lib.mapAttrs (_: argument) section.directives
          // lib.mapAttrs (_: lib.concatStringsSep "\n    ") section.scripts
          // {
            inherit (section) files;
          }
        )
      ) facts.system.logrotate
    );
  };
}
