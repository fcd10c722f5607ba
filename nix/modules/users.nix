# Users and groups that upstream's packages create or rely on. NixOS assigns the numbers, because
# Debian's collide with its own (33 is www-data on Debian).
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # "100000-165535"
  ranges =
    start: text:
    lib.optional (text != null) (
      let
        ends = map lib.toInt (lib.splitString "-" text);
      in
      {
        ${start} = lib.head ends;
        count = lib.last ends - lib.head ends + 1;
      }
    );
  subIds = user: {
    subUidRanges = ranges "startUid" user.subUids;
    subGidRanges = ranges "startGid" user.subGids;
  };
  account =
    user:
    subIds user
    // lib.optionalAttrs (user.name != "root") {
      isSystemUser = true;
      group = lib.mkDefault (if user.group == null then user.name else user.group);
      inherit (user) extraGroups;
    }
    // lib.optionalAttrs (user.name != "root" && user.home != null) {
      home = lib.mkDefault user.home;
    };
  primary = lib.filter (user: user.name != "root" && user.group == null) facts.system.users;
in
{
  config = lib.mkIf cfg.enable {
    users.users = lib.listToAttrs (
      map (user: lib.nameValuePair user.name (account user)) facts.system.users
    );
    users.groups = lib.genAttrs (map (group: group.name) (facts.system.groups ++ primary)) (_: { });
  };
}
