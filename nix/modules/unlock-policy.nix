# What a device's policy is for Clevis: the configuration of its pin `sss`, from the words of `unlock.devices.NAME`.
{ lib }:
rec {
  needsPeers =
    device:
    lib.elem device.policy [
      "peers"
      "tpm-or-peers"
      "tpm-and-peers"
    ]
    || device.policy == "custom" && servers (custom device) != [ ];
  needsTpm =
    device:
    lib.hasPrefix "tpm" device.policy
    || device.policy == "custom" && lib.hasInfix "\"tpm2\"" (builtins.toJSON (custom device));

  # One of up to three nodes opens a fourth; of more, two do.
  defaultThreshold = count: if count < 3 then 1 else 2;
  threshold =
    peers: device:
    if device.threshold == null then
      defaultThreshold (lib.length (lib.attrNames peers))
    else
      device.threshold;

  custom = device: if device.custom == null then { } else device.custom;

  # Addresses of Tang servers anywhere in a configuration.
  servers =
    value:
    if builtins.isList value then
      lib.concatMap servers value
    else if builtins.isAttrs value then
      lib.optional (builtins.isString (value.url or null)) value.url
      ++ lib.concatMap servers (lib.attrValues value)
    else
      [ ];

  clevis =
    peers: device:
    let
      tpm2 = {
        pcr_bank = "sha256";
      }
      // lib.optionalAttrs (device.pcrs != [ ]) {
        pcr_ids = lib.concatMapStringsSep "," toString device.pcrs;
      };
      sss = {
        t = threshold peers device;
        pins.tang = map (peer: { inherit (peer) url; }) (lib.attrValues peers);
      };
      both = t: {
        inherit t;
        pins = { inherit sss tpm2; };
      };
    in
    {
      peers = sss;
      tpm = {
        t = 1;
        pins = { inherit tpm2; };
      };
      tpm-or-peers = both 1;
      tpm-and-peers = both 2;
      custom = custom device;
    }
    .${device.policy};
}
