# Formats of addresses.
rec {
  isV6 = address: builtins.match ".*:.*" address != null;

  isAddress =
    address:
    let
      octets = builtins.match "([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})" address;
    in
    if octets != null then
      builtins.all (
        octet: builtins.match "0*([0-9]|[0-9]{2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])" octet != null
      ) octets
    else
      builtins.match "[0-9a-fA-F]*:[0-9a-fA-F:.]+" address != null;

  # An address with a prefix length.
  isNetwork =
    text:
    let
      parts = builtins.match "([^/]+)/([0-9]{1,3})" text;
      length = builtins.fromJSON (builtins.elemAt parts 1);
    in
    parts != null
    && builtins.match "0[0-9]+" (builtins.elemAt parts 1) == null
    && isAddress (builtins.head parts)
    && length <= (if isV6 text then 128 else 32);
}
