# docs/options.md: every option of services.proxmox-ve, as the modules declare it. From the top of
# this tree
#
#   nix-instantiate --eval --raw --expr 'import ./nix/options.nix { }' >docs/options.md
#
# writes it (Nix 2.24 or newer), and nix/checks/modules.nix compares it with the modules.
{
  pkgs ? (import ../. { nixpkgs = ./hostpkgs; }).pkgs,
}:
let
  inherit (pkgs) lib;
  inherit
    ((import ./evaluate {
      inherit pkgs;
      configuration = { };
    }).options.services
    )
    proxmox-ve
    ;

  isOption = value: value._type or "" == "option";
  described =
    place: value:
    if !isOption value then
      lib.concatLists (lib.mapAttrsToList (name: described (place ++ [ name ])) value)
    else if value.internal or false then
      [ ]
    else
      [ (section place value) ]
      ++ described (place ++ value.type.within or [ ]) (value.type.inner or { });

  literal =
    value:
    if value._type or "" == "literalMD" then
      value.text
    else
      "`${if value._type or "" == "literalExpression" then value.text else show value}`";
  # As written in a configuration, on one line.
  show =
    value:
    if builtins.isAttrs value then
      if value == { } then
        "{ }"
      else
        "{ ${
          lib.concatStringsSep " " (lib.mapAttrsToList (name: inner: "${name} = ${show inner};") value)
        } }"
    else if builtins.isList value then
      if value == [ ] then "[ ]" else "[ ${lib.concatMapStringsSep " " show value} ]"
    else if value == null then
      "null"
    else
      builtins.toJSON value;
  default =
    option:
    if option ? defaultText then
      literal option.defaultText
    else if option ? default then
      literal option.default
    else
      "none: it has to be set";
  section = place: option: ''
    ### `${lib.concatStringsSep "." place}`

    ${lib.removeSuffix "\n" option.description}

    - type: ${option.type.name}
    - default: ${default option}
    ${lib.optionalString (option ? example) "- example: ${literal option.example}\n"}'';
in
''
  # Options

  The options of `nixosModules.default`, made from the modules (`nix/options.nix`). [modules.md](modules.md) says what they do together.

''
+ lib.concatStringsSep "\n" (described [ "services" "proxmox-ve" ] proxmox-ve)
