# Who comes in: PAM, ssh between the nodes, programs with their owner's rights, D-Bus.
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
    # A service that nobody describes is refused by PAM: logins of the `pam` realm end there.
    security.pam.services = lib.genAttrs facts.system.pamServices (_: { });

    # Nodes reach one another as root, by keys that the cluster keeps in /root/.ssh.
    services.openssh = {
      enable = lib.mkDefault true;
      # Its host key is read before anybody connects.
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
