# The functions of nixpkgs' `lib` that this repository's Nix code uses, with the same names.
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    head
    isAttrs
    isList
    length
    listToAttrs
    map
    replaceStrings
    stringLength
    substring
    toJSON
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    fromJSON
    fromTOML
    genericClosure
    hasAttr
    head
    isAttrs
    isFunction
    isList
    isString
    length
    listToAttrs
    match
    pathExists
    readFile
    removeAttrs
    stringLength
    substring
    tail
    toJSON
    ;

  # --- functions and fixed points ---
  id = value: value;
  const = value: _: value;
  flip =
    function: a: b:
    function b a;
  pipe = foldl' (value: function: function value);
  toFunction = value: if builtins.isFunction value then value else const value;
  functionArgs = function: function.__functionArgs or (builtins.functionArgs function);
  setFunctionArgs = function: args: {
    __functor = _: function;
    __functionArgs = args;
  };
  fix =
    function:
    let
      self = function self;
    in
    self;
  extends =
    overlay: function: final:
    let
      prev = function final;
    in
    prev // overlay final prev;
  composeManyExtensions =
    overlays: final: prev:
    foldl' (
      state: overlay:
      let
        made = overlay final (prev // state);
      in
      state // made
    ) { } overlays;

  # --- attribute sets ---
  nameValuePair = key: content: {
    name = key;
    value = content;
  };
  mapAttrs = builtins.mapAttrs;
  mapAttrs' = function: set: listToAttrs (map (name: function name set.${name}) (attrNames set));
  mapAttrsToList = function: set: map (name: function name set.${name}) (attrNames set);
  filterAttrs =
    keep: set:
    listToAttrs (
      concatMap (name: optional (keep name set.${name}) (nameValuePair name set.${name})) (attrNames set)
    );
  genAttrs = names: function: listToAttrs (map (name: nameValuePair name (function name)) names);
  optionalAttrs = condition: set: if condition then set else { };
  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if set ? ${head path} then
      attrByPath (builtins.tail path) default set.${head path}
    else
      default;
  setAttrByPath =
    path: value:
    if path == [ ] then value else { ${head path} = setAttrByPath (builtins.tail path) value; };
  recursiveUpdate =
    left: right:
    left
    // mapAttrs (
      name: value:
      if isAttrs value && left ? ${name} && isAttrs left.${name} && !isDerivation value then
        recursiveUpdate left.${name} value
      else
        value
    ) right;
  isDerivation = thing: (thing.type or "") == "derivation";
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };

  # --- lists ---
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  toList = value: if isList value then value else [ value ];
  concatLists = builtins.concatLists;
  flatten = value: if isList value then concatMap flatten value else [ value ];
  unique = foldl' (list: value: if elem value list then list else list ++ [ value ]) [ ];
  lessThan = a: b: a < b;
  sort = builtins.sort;
  partition = builtins.partition;
  any = builtins.any;
  all = builtins.all;
  last = list: elemAt list (length list - 1);
  inherit foldl';

  # --- strings ---
  concatStrings = concatStringsSep "";
  concatMapStrings = function: list: concatStrings (map function list);
  concatMapStringsSep =
    separator: function: list:
    concatStringsSep separator (map function list);
  optionalString = condition: text: if condition then text else "";
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (stringLength suffix) text == suffix;
  hasInfix = infix: text: replaceStrings [ infix ] [ "" ] text != text;
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString =
    separator: text: filter builtins.isString (builtins.split (escapeRegex separator) text);
  escapeRegex =
    replaceStrings
      [
        "\\"
        "."
        "+"
        "*"
        "?"
        "("
        ")"
        "["
        "]"
        "{"
        "}"
        "^"
        "$"
        "|"
      ]
      [
        "\\\\"
        "\\."
        "\\+"
        "\\*"
        "\\?"
        "\\("
        "\\)"
        "\\["
        "]"
        "\\{"
        "}"
        "\\^"
        "\\$"
        "\\|"
      ];
  escapeShellArg = value: "'${replaceStrings [ "'" ] [ "'\\''" ] (toString value)}'";
  escapeShellArgs = words: concatStringsSep " " (map escapeShellArg words);
  makeSearchPath =
    subdirectory: packages: concatMapStringsSep ":" (package: "${package}/${subdirectory}") packages;
  makeBinPath =
    packages: makeSearchPath "bin" (map getBin (filter (package: package != null) packages));
  importTOML = file: builtins.fromTOML (builtins.readFile file);
  importJSON = file: builtins.fromJSON (builtins.readFile file);
  strings = {
    inherit concatStrings concatStringsSep;
    replicate = count: text: concatStrings (builtins.genList (_: text) count);
  };

  # --- derivations ---
  getOutput =
    output: package:
    if package.outputSpecified or false then package else package.${output} or package.out or package;
  getBin = getOutput "bin";
  getDev = getOutput "dev";
  getLib = getOutput "lib";
  getExe = package: getExe' package (package.meta.mainProgram or (getName package));
  getExe' = package: program: "${getBin package}/bin/${program}";
  getName =
    value:
    if builtins.isString value then
      (builtins.parseDrvName value).name
    else
      value.pname or (builtins.parseDrvName value.name).name;
  getVersion =
    value:
    if builtins.isString value then
      (builtins.parseDrvName value).version
    else
      value.version or (builtins.parseDrvName value.name).version;
  fakeHash = "sha256-${strings.replicate 43 "A"}=";
  cleanSource = source: source;

  # As nixpkgs' makeOverridable: `override` replaces arguments and keeps earlier uses of
  # `overrideAttrs`.
  makeOverridable =
    function: arguments:
    let
      made = function arguments;
      again = change: makeOverridable function (arguments // (toFunction change) arguments);
    in
    if isAttrs made then
      made
      // {
        override = again;
      }
      // optionalAttrs (made ? overrideAttrs) {
        overrideAttrs =
          change: makeOverridable (newArguments: (function newArguments).overrideAttrs change) arguments;
      }
    else
      made;

  # `callPackageWith set`: calls a file or function with those attributes of `set` that it names.
  callPackageWith =
    set: target: arguments:
    let
      function = if builtins.isFunction target then target else import target;
      formals = functionArgs function;
      missing = filter (name: !formals.${name} && !(set ? ${name}) && !(arguments ? ${name})) (
        attrNames formals
      );
    in
    if missing != [ ] then
      throw "hostpkgs has no ${concatStringsSep ", " missing}, which ${
        if builtins.isFunction target then "a function" else toString target
      } takes"
    else
      makeOverridable function (builtins.intersectAttrs formals set // arguments);

  makeScope =
    newScope: function:
    let
      self = function self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = overlay: makeScope newScope (extends overlay function);
        packages = function;
      };
    in
    self;

  # --- messages ---
  assertMsg = condition: message: condition || throw message;
  warn = message: builtins.trace "warning: ${message}";
  warnIf = condition: message: if condition then warn message else id;
  throwIf = condition: message: if condition then throw message else id;
  trivial = { inherit id const; };

  # --- data ---
  # Of the SPDX ids that nixpkgs has, those that packages here can have.
  spdxIds = [
    "AGPL-3.0-only"
    "AGPL-3.0-or-later"
    "Apache-2.0"
    "Artistic-1.0"
    "Artistic-2.0"
    "BSD-2-Clause"
    "BSD-2-Clause-Patent"
    "BSD-3-Clause"
    "BSD-4-Clause"
    "CC-BY-SA-4.0"
    "CC0-1.0"
    "GFDL-1.1-only"
    "GFDL-1.1-or-later"
    "GFDL-1.2-only"
    "GFDL-1.2-or-later"
    "GFDL-1.3-only"
    "GFDL-1.3-or-later"
    "GPL-1.0-only"
    "GPL-1.0-or-later"
    "GPL-2.0-only"
    "GPL-2.0-or-later"
    "GPL-3.0-only"
    "GPL-3.0-or-later"
    "ISC"
    "LGPL-2.0-only"
    "LGPL-2.0-or-later"
    "LGPL-2.1-only"
    "LGPL-2.1-or-later"
    "LGPL-3.0-only"
    "LGPL-3.0-or-later"
    "MIT"
    "MPL-1.1"
    "MPL-2.0"
    "OpenSSL"
    "Unlicense"
    "Zlib"
  ];
  platforms = {
    linux = [
      "aarch64-linux"
      "x86_64-linux"
    ];
  };
  licenses = genAttrs [ "asl20" "mit" ] (name: {
    shortName = name;
  });
  # nixpkgs warns of an unknown id; here evaluation fails.
  getLicenseFromSpdxId =
    spdxId:
    if elem spdxId spdxIds then
      {
        inherit spdxId;
        shortName = spdxId;
      }
    else
      throw "getLicenseFromSpdxId: no licence of nixpkgs has the SPDX id ${spdxId}";
  systems.flakeExposed = platforms.linux;
  showJSON = toJSON;
}
