# Merges everything that the sources of a link set up on a machine: every key of `system.json`
# (docs/system-json.md), in the order of `files`. If two sources describe one directory, user or
# group, the first description wins, and the second only adds what it leaves open. Two values of one
# sysctl are an error.
{ lib }:
files:
let
  facts = map (file: lib.importJSON file) files;
  all = key: lib.concatMap (one: one.${key} or [ ]) facts;

  # Merges entries of one name.
  by =
    name: merge: entries:
    let
      grouped = builtins.groupBy (entry: entry.${name}) entries;
    in
    map (key: lib.foldl' merge (lib.head grouped.${key}) (builtins.tail grouped.${key})) (
      lib.attrNames grouped
    );
  first = one: _: one;
  fill =
    one: other: lib.mapAttrs (key: value: if value == null then other.${key} or null else value) one;
  account =
    one: other:
    fill one other
    // {
      created = one.created || other.created;
    };
  user =
    one: other:
    account one other
    // {
      extraGroups = lib.unique (one.extraGroups ++ other.extraGroups);
    };

  sysctls = lib.foldl' (
    known: one:
    known
    // lib.mapAttrs (
      key: value:
      if known ? ${key} && known.${key} != value then
        throw "linkPve: two sources set the sysctl ${key}: ${known.${key}} and ${value}"
      else
        value
    ) (one.sysctls or { })
  ) { } facts;
in
{
  inherit sysctls;
  units = by "name" first (all "units");
  directories = by "path" first (all "directories");
  users = by "name" user (all "users");
  groups = by "name" account (all "groups");
  udevRules = by "name" first (all "udevRules");
  setuid = by "path" first (all "setuid");
  kernelModules = lib.unique (all "kernelModules");
  networkFiles = lib.unique (all "networkFiles");
  pamServices = lib.unique (all "pamServices");
  asked = lib.unique (all "asked");
  etc = lib.unique (all "etc");
  peerPrograms = lib.unique (all "peerPrograms");
  logrotate = all "logrotate";
  modprobe = all "modprobe";
  tmpfiles = all "tmpfiles";
  diversions = all "diversions";
  triggers = all "triggers";
  other = all "other";
}
