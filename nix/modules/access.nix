# Access to the node: PAM, ssh between nodes, setuid programs, D-Bus.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # "4755", "u+s"
  has =
    digit: letter: mode:
    lib.hasInfix "${letter}+s" mode || builtins.match "0*[${digit}][0-7]{3}" mode != null;
in
{
  config = lib.mkIf cfg.enable {
    # PAM rejects logins to a service without a description, so the `pam` realm would not work.
    security.pam.services = lib.genAttrs facts.system.pamServices (_: { });

    # Nodes connect to one another as root, with keys that the cluster keeps in /root/.ssh.
    services.openssh = {
      enable = lib.mkDefault true;
      # The host key is read before anybody connects.
      startWhenNeeded = lib.mkOverride 900 false;
      authorizedKeysInHomedir = lib.mkDefault true;
      settings.PermitRootLogin = lib.mkDefault "prohibit-password";
    };

    security.wrappers = lib.listToAttrs (
      map (
        program:
        lib.nameValuePair (baseNameOf program.path) {
          source = facts.place program.path;
          inherit (program) owner group;
          setuid = has "4567" "u" program.mode;
          setgid = has "2367" "g" program.mode;
        }
      ) facts.system.setuid
    );

    services.dbus.packages = [ cfg.package ];
  };
}
