# What must not be declared of disks that unlock themselves, and what its owner should know.
{
  config,
  lib,
  policies,
}:
let
  cfg = config.services.proxmox-ve.unlock;
  inherit (cfg) devices peers;
  inherit (import ./addresses.nix) isAddress;
  place = name: "services.proxmox-ve.unlock.devices.${name}";
  count = lib.length (lib.attrNames peers);
  booted = lib.filterAttrs (_: device: device.boot) devices;
  luks = config.boot.initrd.luks.devices;
  threshold = policies.threshold peers;
  # By their policies' names; `custom` speaks for itself.
  by = names: lib.filterAttrs (_: device: lib.elem device.policy names) devices;
  withThreshold = by [
    "peers"
    "tpm-or-peers"
    "tpm-and-peers"
  ];
  say = which: message: map message (lib.attrNames which);
  wrong = assertion: message: { inherit assertion message; };

  # 192.0.2.11 as a number.
  number =
    address: lib.foldl' (sum: part: sum * 256 + builtins.fromJSON part) 0 (lib.splitString "." address);
  isV4 = address: builtins.match "[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+" address != null;
  power = exponent: if exponent == 0 then 1 else 2 * power (exponent - 1);
  holds =
    network: address:
    let
      parts = lib.splitString "/" network;
      size = power (32 - builtins.fromJSON (lib.elemAt parts 1));
      block = lib.head parts;
    in
    isV4 block && number block / size == number address / size;
  # What stage 1 has of networks, where nothing of it comes by DHCP or through a gateway.
  networks =
    lib.concatMap (one: map (own: "${own.address}/${toString own.prefixLength}") one.ipv4.addresses) (
      lib.attrValues config.networking.interfaces
    )
    ++ lib.concatMap (network: network.address) (lib.attrValues config.systemd.network.networks);
  reachesAll =
    config.networking.useDHCP
    || config.networking.defaultGateway or null != null
    || lib.any (one: one.useDHCP or null == true) (lib.attrValues config.networking.interfaces)
    || lib.any (network: network.gateway != [ ] || network.networkConfig.DHCP or false != false) (
      lib.attrValues config.systemd.network.networks
    );
  host =
    url:
    let
      parts = builtins.match "http://([^/:]+)(:[0-9]+)?(/.*)?" url;
    in
    if parts == null then null else lib.head parts;
  unreached = lib.filterAttrs (
    _: peer:
    let
      address = host peer.url;
    in
    address != null && isV4 address && !lib.any (network: holds network address) networks
  ) peers;
  named = lib.filterAttrs (
    _: peer:
    let
      address = host peer.url;
    in
    address != null && !isAddress address
  ) peers;
  strangers = removeAttrs luks (lib.attrNames devices);
  # Options of crypttab(5) by which nobody is asked.
  isSilent =
    name:
    lib.any (option: lib.hasPrefix "headless" option || option == "tries=1") (
      luks.${name}.crypttabExtraOpts or [ ]
    )
    || luks.${name}.keyFile or null != null;
in
{
  warnings =
    say (by [ "peers" ]) (
      name:
      "${place name}: after a power cut of the whole site every node waits for another. Somebody types one node's passphrase, or one node has policy = \"tpm-or-peers\" (`pvenix unlock explain`)."
    )
    ++ say (by [ "tpm" ]) (
      name:
      "${place name}: whoever takes this machine away has what opens it. policy = \"tpm-and-peers\" keeps it closed elsewhere."
    )
    ++ say (lib.filterAttrs (_: device: device.pcrs == [ ]) (by [
      "tpm"
      "tpm-or-peers"
      "tpm-and-peers"
    ])) (name: "${place name}.pcrs: without a register the TPM opens whatever system is booted.")
    ++ say (lib.filterAttrs (_: device: count > 0 && threshold device >= count) withThreshold) (
      name:
      "${place name}: ${
        toString (threshold devices.${name})
      } of ${toString count} peers have to answer: while one of them is down it does not open. Lower its threshold, or add a peer."
    )
    ++ say (lib.filterAttrs (name: device: device.type == "luks" && isSilent name) booted) (
      name:
      "${place name}: boot.initrd.luks.devices.${name} asks nobody for a passphrase (headless, keyFile or tries=1): when the peers or the TPM do not answer, nothing opens it."
    )
    ++ lib.optionals (!reachesAll && lib.any policies.needsPeers (lib.attrValues booted)) (
      say unreached (
        name:
        "services.proxmox-ve.unlock.peers.${name}: stage 1 has no network that holds ${host peers.${name}.url} (it has ${
          if networks == [ ] then "none" else lib.concatStringsSep ", " networks
        }): give an interface an address there."
      )
    )
    ++ say named (
      name:
      "services.proxmox-ve.unlock.peers.${name}.url: stage 1 knows no names: write ${peers.${name}.url} by its address."
    )
    ++ say strangers (
      name:
      "boot.initrd.luks.devices.${name} asks for a passphrase at every boot: nothing unlocks it. Declare ${place name}, too."
    );

  assertions = [
    (wrong (booted == { } || config.boot.initrd.systemd.enable || config.boot.isContainer)
      "services.proxmox-ve.unlock: devices are opened in stage 1 by its systemd. Set boot.initrd.systemd.enable = true, or boot = false for devices that the root does not need."
    )
    (wrong (
      cfg.retry > 0
    ) "services.proxmox-ve.unlock.retry: ${toString cfg.retry}. Write seconds, 1 or more.")
    (wrong (!(peers ? ${config.networking.hostName}))
      "services.proxmox-ve.unlock.peers.${config.networking.hostName} is this machine, which cannot unlock itself. Remove it."
    )
  ]
  ++ lib.mapAttrsToList (
    name: peer:
    wrong (host peer.url != null || lib.hasPrefix "http://[" peer.url)
      "services.proxmox-ve.unlock.peers.${name}.url: \"${peer.url}\" is no address of a Tang server. Write such as \"http://192.0.2.11:7654\"."
  ) peers
  ++ lib.concatLists (
    lib.mapAttrsToList (
      name: device:
      let
        usesPeers = lib.elem device.policy [
          "peers"
          "tpm-or-peers"
          "tpm-and-peers"
        ];
        foreign = lib.filter (
          register: !(builtins.isInt register) || register < 0 || register > 23
        ) device.pcrs;
      in
      [
        (wrong (!usesPeers || count > 0)
          "${place name}.policy: \"${device.policy}\" needs peers, and there are none. Write services.proxmox-ve.unlock.peers, or take policy = \"tpm\"."
        )
        (wrong (!usesPeers || count == 0 || threshold device >= 1 && threshold device <= count)
          "${place name}.threshold: ${toString (threshold device)} of ${toString count} peers. Write 1 to ${toString count}."
        )
        (wrong (foreign == [ ])
          "${place name}.pcrs: ${lib.concatMapStringsSep ", " toString foreign}: a TPM has registers 0 to 23."
        )
        (wrong (
          (device.policy == "custom") == (device.custom != null)
        ) "${place name}.custom says what policy = \"custom\" is, and only that. Set both, or neither.")
        (wrong (device.type != "luks" || lib.hasPrefix "/dev/" device.device)
          "${place name}.device: \"${device.device}\" is no block device. Write such as \"/dev/disk/by-uuid/…\"."
        )
        (wrong (
          device.type != "zfs" || builtins.match "[A-Za-z][A-Za-z0-9_.:/-]*" device.device != null
        ) "${place name}.device: \"${device.device}\" is no dataset. Write such as \"rpool/root\".")
        (wrong (
          builtins.match "[A-Za-z0-9_.-]+" name != null
        ) "${place name}: a name has letters, digits, `_', `.' and `-'.")
      ]
    ) devices
  );
}
