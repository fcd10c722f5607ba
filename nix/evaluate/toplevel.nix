# Renders a configuration as a machine that boots without a copy of NixOS: the results of nix/evaluate
# (units, tmpfiles, users, /etc) on this Debian machine's own systemd, C library and programs. `init`
# starts it; nix/machines boots it.
#
#   pkgs           packages
#   configuration  a module
#   name           the machine's
#
# The machine has only what the modules declare and, of systemd's units, those in `base`. NixOS' own
# additions are not tested.
{
  pkgs,
  configuration,
  name,
}:
let
  inherit (pkgs) lib;
  inherit
    (import ./. {
      inherit pkgs;
      configuration = {
        imports = [ configuration ];
        networking.hostName = name;
      };
    })
    config
    wrong
    ;

  base = [
    "basic.target"
    "final.target"
    "local-fs-pre.target"
    "local-fs.target"
    "multi-user.target"
    "network-online.target"
    "network-pre.target"
    "network.target"
    "paths.target"
    "poweroff.target"
    "remote-fs-pre.target"
    "remote-fs.target"
    "shutdown.target"
    "slices.target"
    "sockets.target"
    "swap.target"
    "sysinit.target"
    "systemd-journald-dev-log.socket"
    "systemd-journald.service"
    "systemd-journald.socket"
    "systemd-poweroff.service"
    "systemd-tmpfiles-setup.service"
    "time-sync.target"
    "timers.target"
    "umount.target"
  ];
  wanted = {
    "sockets.target" = [
      "systemd-journald.socket"
      "systemd-journald-dev-log.socket"
    ];
    "sysinit.target" = [
      "systemd-journald.service"
      "systemd-tmpfiles-setup.service"
    ];
  };

  value =
    one:
    if one == true then
      "true"
    else if one == false then
      "false"
    else
      toString one;
  settings =
    section: pairs:
    "[${section}]\n"
    + lib.concatStrings (
      lib.mapAttrsToList (
        key: values:
        lib.concatMapStrings (one: "${key}=${value one}\n") (
          if builtins.isList values then values else [ values ]
        )
      ) pairs
    );
  # The text of a drop-in, or of a whole unit if no other package ships it.
  text =
    unit:
    settings "Unit" (
      unit.unitConfig
      // lib.optionalAttrs (unit.description != "") { Description = unit.description; }
      // lib.optionalAttrs (unit.after != [ ]) { After = unit.after; }
      // lib.optionalAttrs (unit.before != [ ]) { Before = unit.before; }
      // lib.optionalAttrs (unit.conflicts != [ ]) { Conflicts = unit.conflicts; }
      // lib.optionalAttrs (unit.wants != [ ]) { Wants = unit.wants; }
      // lib.optionalAttrs (unit.requires != [ ]) { Requires = unit.requires; }
    )
    + lib.optionalString (unit.serviceConfig != { }) (settings "Service" unit.serviceConfig);
  units = lib.concatLists (
    lib.mapAttrsToList
      (
        kind: all:
        lib.mapAttrsToList (stem: unit: {
          file = "${stem}.${kind}";
          inherit unit;
        }) all
      )
      {
        service = config.systemd.services;
        timer = config.systemd.timers;
        target = config.systemd.targets;
        socket = config.systemd.sockets;
        slice = config.systemd.slices;
      }
  );
  written = lib.concatMapStrings (
    { file, unit }:
    let
      place = if unit.overrideStrategy == "asDropin" then "${file}.d/overrides.conf" else file;
    in
    lib.optionalString
      (unit.overrideStrategy == "asDropin" || unit.serviceConfig != { } || unit.unitConfig != { })
      ''
        mkdir -p "$(dirname "$units/${place}")"
        cp ${pkgs.writeText "unit" (text unit)} "$units/${place}"
      ''
    + lib.concatMapStrings (target: ''
      mkdir -p "$units/${target}.wants"
      ln -sfn "../${file}" "$units/${target}.wants/${file}"
    '') unit.wantedBy
  ) units;

  groups = lib.attrNames config.users.groups;
  users = lib.concatStrings (
    map (group: "g ${group} -\n") groups
    ++ lib.mapAttrsToList (
      user: account:
      lib.optionalString (user != "root") "u ${user} -:${account.group} \"\" ${account.home}\n"
      + lib.concatMapStrings (group: "m ${user} ${group}\n") account.extraGroups
    ) config.users.users
  );
  etc = lib.concatStrings (
    lib.mapAttrsToList (place: entry: ''
      mkdir -p "$(dirname "$out/etc/${place}")"
      cp -L ${entry.source or (pkgs.writeText "etc" entry.text)} "$out/etc/${place}"
      ${lib.optionalString (entry ? mode) ''chmod ${entry.mode} "$out/etc/${place}"''}
    '') config.environment.etc
  );
in
if wrong != [ ] then
  throw (lib.concatStringsSep "\n" wrong)
else
  pkgs.runCommand "rendered-${name}" { } ''
    units=$out/etc/systemd/system
    mkdir -p "$units" $out/etc/pam.d
    for unit in ${toString base}; do
      [ ! -e "/usr/lib/systemd/system/$unit" ] || cp -L "/usr/lib/systemd/system/$unit" "$units/"
    done
    ln -s multi-user.target "$units/default.target"
    for package in ${toString config.systemd.packages}; do
      cp -rL --no-preserve=mode,ownership "$package/lib/systemd/system/." "$units/"
    done
    ${lib.concatStrings (
      lib.mapAttrsToList (
        target: all:
        lib.concatMapStrings (unit: ''
          mkdir -p "$units/${target}.wants"
          ln -sfn "../${unit}" "$units/${target}.wants/${unit}"
        '') all
      ) wanted
    )}
    ${written}
    ${etc}
    for service in ${toString (lib.attrNames config.security.pam.services)}; do
      printf '%s required pam_unix.so\n' auth account password session >"$out/etc/pam.d/$service"
    done
    printf '%s required pam_deny.so\n' auth account password session >$out/etc/pam.d/other
    mkdir -p $out/etc/tmpfiles.d $out/etc/sysusers.d
    cp ${
      pkgs.writeText "tmpfiles.conf" (
        lib.concatMapStrings (rule: "${rule}\n") config.systemd.tmpfiles.rules
      )
    } $out/etc/tmpfiles.d/rendered.conf
    cp ${pkgs.writeText "sysusers.conf" "u root 0 \"\" /root\n${users}"} $out/etc/sysusers.d/rendered.conf
    echo ${name} >$out/etc/hostname
    cat >$out/init <<END
    #!/usr/bin/sh
    export PATH=/usr/bin:/usr/sbin
    for place in bin sbin lib; do
      rmdir /\$place 2>/dev/null
      ln -sfn usr/\$place /\$place
    done
    mkdir -p /run/current-system /var/log /var/lib /var/tmp
    ln -sfn /usr /run/current-system/sw
    cp -rT --no-preserve=ownership $out/etc /etc
    chmod -R u+w /etc
    : >/etc/machine-id
    systemd-sysusers
    exec /usr/lib/systemd/systemd
    END
    chmod +x $out/init
    exit 0
  ''
