# Evaluates the parts of NixOS' module system that nix/modules uses, for machines without a copy of
# NixOS. It was written from the manual. nix/checks/modules checks its results for nix/modules, and
# nix/machines evaluates the same modules with NixOS' own evaluator. Modules get as `lib` hostpkgs'
# functions and those of the module system.
let
  base = import ../hostpkgs/lib.nix;
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    functionArgs
    head
    intersectAttrs
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isString
    length
    listToAttrs
    mapAttrs
    removeAttrs
    sort
    toString
    typeOf
    zipAttrsWith
    ;
  inherit (base) genAttrs unique;

  isType = kind: value: isAttrs value && value._type or "" == kind;
  show = builtins.concatStringsSep ".";
  least = foldl' (one: other: if other < one then other else one) 9999;

  mkOption = option: option // { _type = "option"; };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };

  # --- Modules: a file, a function or a set becomes a list of { file, options, config } ---

  load =
    args: file: module:
    if isString module || typeOf module == "path" then
      load args (toString module) (import module)
    else if isFunction module then
      load args file (module (args // intersectAttrs (functionArgs module) args))
    else
      let
        full = module ? config || module ? options;
        self = {
          file = module._file or file;
          options = module.options or { };
          config =
            if full then
              module.config or { }
            else
              removeAttrs module [
                "_file"
                "imports"
              ];
        };
      in
      concatMap (load args file) (module.imports or [ ]) ++ [ self ];

  # --- Definitions: { file, value } ---

  # Pushes a value's conditions and priorities down to each attribute.
  push =
    value:
    if isType "merge" value then
      concatMap push value.contents
    else if isType "if" value then
      map (mapAttrs (_: mkIf value.condition)) (push value.content)
    else if isType "override" value then
      map (mapAttrs (_: mkOverride value.priority)) (push value.content)
    else
      [ value ];
  pushed = concatMap (
    definition:
    map (value: {
      inherit (definition) file;
      inherit value;
    }) (push definition.value)
  );
  # Keeps the values whose conditions hold.
  discharge =
    value:
    if isType "merge" value then
      concatMap discharge value.contents
    else if isType "if" value then
      if value.condition then discharge value.content else [ ]
    else
      [ value ];
  discharged =
    unwrap:
    concatMap (
      definition:
      map (value: {
        inherit (definition) file;
        inherit value;
      }) (discharge (unwrap definition.value))
    );
  priority = value: if isType "override" value then value.priority else 100;
  content = value: if isType "override" value then value.content else value;
  order = value: if isType "order" value then value.priority else 1000;
  ordered = value: if isType "order" value then value.content else value;
  # Collects the definitions of an attribute.
  attribute =
    name:
    concatMap (
      definition:
      if !isAttrs definition.value then
        throw "A definition of sets is none (${definition.file})"
      else if definition.value ? ${name} then
        [
          {
            inherit (definition) file;
            value = definition.value.${name};
          }
        ]
      else
        [ ]
    );

  mergeDefinitions =
    place: type: definitions:
    let
      all = discharged (value: value) definitions;
      top = least (map (definition: priority definition.value) all);
      kept = discharged content (filter (definition: priority definition.value == top) all);
      sorted = map (definition: definition // { value = ordered definition.value; }) (
        sort (one: other: order one.value < order other.value) kept
      );
      bad = filter (definition: !type.check definition.value) sorted;
    in
    {
      empty = sorted == [ ];
      value =
        if bad != [ ] then
          throw "A definition for option `${show place}' is not of type `${type.name}' (${(head bad).file})"
        else
          type.merge place sorted;
    };

  evalOption =
    place: declarations: definitions:
    let
      option = foldl' (one: other: one // other) { } declarations;
      type = option.type or types.unspecified;
      default = {
        file = "default";
        value = mkOverride 1500 option.default;
      };
      merged = mergeDefinitions place type (
        definitions ++ (if option ? default then [ default ] else [ ])
      );
      value =
        if merged.empty then
          type.emptyValue or (throw "The option `${show place}' was accessed but has no value defined")
        else
          merged.value;
    in
    (option.apply or (one: one)) value;

  evalTree =
    place: trees: definitions:
    let
      sets = pushed definitions;
      names = unique (concatMap attrNames trees);
      unknown = filter (name: !elem name names) (
        unique (concatMap (definition: attrNames definition.value) sets)
      );
      reached = filter (
        name: !(mergeDefinitions (place ++ [ name ]) types.raw (attribute name sets)).empty
      ) unknown;
      known = genAttrs names (
        name:
        let
          below = map (tree: tree.${name}) (filter (tree: tree ? ${name}) trees);
          here = place ++ [ name ];
          eval = if isType "option" (head below) then evalOption else evalTree;
        in
        eval here below (attribute name sets)
      );
    in
    if reached != [ ] then
      throw "The option `${
        show (place ++ [ (head reached) ])
      }' does not exist (${(head (attribute (head reached) sets)).file})"
    else
      known;

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
    }:
    let
      args = {
        inherit config lib options;
      }
      // specialArgs;
      loaded = concatMap (load args "<inline>") modules;
      config = evalTree prefix (map (module: module.options) loaded) (
        map (module: {
          inherit (module) file;
          value = module.config;
        }) loaded
      );
      # Merges declarations. The first module that declares an option wins.
      together = zipAttrsWith (
        _: values:
        if length values == 1 || isType "option" (head values) then head values else together values
      );
      options = together (map (module: module.options) loaded);
    in
    {
      inherit config options;
    };

  # --- Types ---

  one =
    place: definitions:
    if length (unique (map (definition: definition.value) definitions)) > 1 then
      throw "The option `${show place}' has conflicting definition values"
    else
      (head definitions).value;
  newest = _: definitions: (elemAt definitions (length definitions - 1)).value;
  type = name: check: merge: {
    inherit name check merge;
  };
  setOf = name: element: {
    inherit name;
    within = [ "<name>" ] ++ element.within or [ ];
    inner = element.inner or { };
    check = isAttrs;
    emptyValue = { };
    merge =
      place: definitions:
      let
        sets = pushed definitions;
        all = genAttrs (unique (concatMap (definition: attrNames definition.value) sets)) (
          name: mergeDefinitions (place ++ [ name ]) element (attribute name sets)
        );
      in
      listToAttrs (
        concatMap (
          name:
          if all.${name}.empty then
            [ ]
          else
            [
              {
                inherit name;
                inherit (all.${name}) value;
              }
            ]
        ) (attrNames all)
      );
  };
  types = {
    unspecified = type "unspecified" (_: true) newest;
    raw = type "raw" (_: true) newest;
    bool = type "boolean" isBool one;
    int = type "signed integer" isInt one;
    str = type "string" isString one;
    path = type "path" (
      value:
      typeOf value == "path"
      || isAttrs value && value ? outPath
      || isString value && base.hasPrefix "/" value
    ) one;
    package = type "package" (value: isAttrs value && value ? outPath) one;
    lines = type "strings by line" isString (
      _: definitions: builtins.concatStringsSep "\n" (map (definition: definition.value) definitions)
    );
    enum = values: type "one of ${builtins.toJSON values}" (value: elem value values) one;
    attrsOf = element: setOf "attribute set of ${element.name}" element;
    # Merges sets, joins lists; other values must be equal.
    anything = type "anything" (_: true) (
      place: definitions:
      let
        every = check: builtins.all (definition: check definition.value) definitions;
      in
      if every (value: isAttrs value && !(value ? outPath)) then
        (setOf "anything" types.anything).merge place definitions
      else if every isList then
        concatLists (map (definition: definition.value) definitions)
      else
        one place definitions
    );
    listOf = element: {
      name = "list of ${element.name}";
      within = [ "*" ] ++ element.within or [ ];
      inner = element.inner or { };
      check = isList;
      emptyValue = [ ];
      merge =
        place: definitions:
        concatMap (
          definition:
          concatMap (
            value:
            let
              merged = mergeDefinitions place element [
                {
                  inherit (definition) file;
                  inherit value;
                }
              ];
            in
            if merged.empty then [ ] else [ merged.value ]
          ) definition.value
        ) definitions;
    };
    nullOr = element: {
      name = "null or ${element.name}";
      within = element.within or [ ];
      inner = element.inner or { };
      check = value: value == null || element.check value;
      emptyValue = null;
      merge =
        place: definitions:
        if builtins.all (definition: definition.value == null) definitions then
          null
        else
          element.merge place (filter (definition: definition.value != null) definitions);
    };
    submodule = module: {
      name = "submodule";
      within = [ ];
      # The submodule's declared options.
      inner = (evalModules { modules = [ module ]; }).options;
      check = value: isAttrs value || isFunction value;
      emptyValue = (evalModules { modules = [ module ]; }).config;
      merge =
        place: definitions:
        (evalModules {
          prefix = place;
          specialArgs.name = elemAt place (length place - 1);
          modules = [
            module
          ]
          ++ map (
            definition:
            if isFunction definition.value then
              definition.value
            else
              {
                _file = definition.file;
                config = definition.value;
              }
          ) definitions;
        }).config;
    };
  };

  lib = base // {
    inherit
      attrNames
      elemAt
      evalModules
      mkIf
      mkMerge
      mkOption
      mkOrder
      mkOverride
      types
      ;
    mkDefault = mkOverride 1000;
    mkForce = mkOverride 50;
    mkBefore = mkOrder 500;
    mkAfter = mkOrder 1500;
    mkEnableOption =
      name:
      mkOption {
        type = types.bool;
        default = false;
        description = "Whether to enable ${name}.";
      };
    literalExpression = text: {
      _type = "literalExpression";
      inherit text;
    };
    literalMD = text: {
      _type = "literalMD";
      inherit text;
    };
    attrValues = attrValues;
    mapAttrs' = make: set: listToAttrs (map (name: make name set.${name}) (attrNames set));
    count = check: list: length (filter check list);
    escape =
      characters: builtins.replaceStrings characters (map (character: "\\${character}") characters);
    # Strips leading zeros, which JSON does not allow.
    toInt =
      text:
      let
        digits = builtins.match "0*([0-9]+)" text;
      in
      if digits == null then throw "`${text}' is no number" else builtins.fromJSON (head digits);
  };
in
lib
