# Two objects that depend on each other, with everything that a link has to handle: an outside Perl
# module, taint mode, PATH, a C program, a service, completions, manual pages, and an extra with an
# open program and service. And two objects that clash. `test` must build, `clash` must not.
{
  lib,
  dpkg-shim,
  linkPve,
  mkPveObject,
  perl,
  pve-doc-shim,
  pve-perl,
  stdenv,
  stdenvNoCC,
  writeShellScriptBin,
}:
let
  outside = perl.pkgs.toPerlModule (
    stdenvNoCC.mkDerivation {
      name = "outside";
      src = ./outside;
      dontBuild = true;
      installPhase = ''
        install -Dm644 Outside.pm $out/${perl.libPrefix}/${perl.version}/Outside.pm
      '';
    }
  );

  objects = {
    hive-common = mkPveObject {
      pname = "hive-common";
      version = "1.2-3";
      debianVersion = "1:1.2-3";
      src = ./hive-common;
      postPatch = ''
        substituteInPlace Makefile \
          --replace-fail @dpkg-shim@ ${dpkg-shim} \
          --replace-fail @pve-doc-shim@ ${pve-doc-shim}
      '';
      files."usr/lib/systemd/system/hived.service" = "debian/hived.service";
      links."usr/share/hive/tool" = "usr/sbin/hive";
      requires = [ "hive-manager" ];
      perlModules = [ outside ];
      commands = [ (writeShellScriptBin "buzz" "echo bzz") ];
    };
    hive-manager = mkPveObject {
      pname = "hive-manager";
      version = "2.0";
      src = ./hive-manager;
      dontMakeInstall = true;
      files = {
        "usr/bin/hive-manager" = "hive-manager";
        "usr/share/perl5/Hive/Manager.pm" = "Hive/Manager.pm";
      };
      requires = [ "hive-common" ];
    };
    hive-clash = mkPveObject {
      pname = "hive-clash";
      version = "2.0";
      src = ./hive-manager;
      dontMakeInstall = true;
      files."usr/sbin/hive-manager" = "hive-manager";
      requires = [ "hive-manager" ];
    };
    hive-lacking = mkPveObject {
      pname = "hive-lacking";
      version = "1";
      src = ./hive-manager;
      dontMakeInstall = true;
      files."usr/share/man/man1/wax.1" = "wax.1";
      requires = [ "hive-common" ];
      mayLack = {
        hive-rs = {
          package = null;
          cost = "no terminal";
          rank = 1;
        };
        hive-wax = {
          package = null;
          cost = "no wax";
          rank = 0;
        };
      };
    };
    hive-needing = mkPveObject {
      pname = "hive-needing";
      version = "1";
      src = ./hive-manager;
      dontMakeInstall = true;
      needs.hive-honey = null;
    };
    hive-orphan = mkPveObject {
      pname = "hive-orphan";
      version = "1";
      src = ./hive-manager;
      dontMakeInstall = true;
      requires = [ "hive-gone" ];
    };
  };

  # Like a Rust program: with open placeholders, but not an object.
  term = stdenv.mkDerivation {
    pname = "hive-term";
    version = "1";
    src = ./hive-common;
    buildPhase = ''
      $CC -O2 -o hive-term hived.c
    '';
    installPhase = ''
      install -D hive-term $out/bin/hive-term
      mkdir -p $out/lib/systemd/system
      sed s,bin/hived,bin/hive-term, debian/hived.service >$out/lib/systemd/system/hive-term.service
    '';
    passthru.pveCommands = [ (writeShellScriptBin "hum" "echo hmm") ];
  };

  # Makes a manual page from a program's output, as pve-doc-generator does.
  docGenerator = stdenvNoCC.mkDerivation {
    name = "doc-generator";
    dontUnpack = true;
    installPhase = ''
      mkdir -p $out/share/pve-doc-generator
      printf '%%.1:\n\tperl -e "use Hive::Manager; print Hive::Manager::name()" >$@\n' \
        >$out/share/pve-doc-generator/pve-doc-generator.mk
    '';
  };

  link =
    pname: roots:
    linkPve {
      inherit pname roots objects;
      version = "1";
    };
in
rec {
  inherit objects;
  hive = link "hive" [ "hive-common" ];
  documented = linkPve {
    pname = "documented";
    version = "1";
    roots = [ "hive-common" ];
    inherit objects docGenerator;
  };
  extended = linkPve {
    pname = "extended";
    version = "1";
    roots = [ "hive-common" ];
    extras = [ term ];
    inherit objects;
  };
  lacking = linkPve {
    pname = "lacking";
    version = "1";
    roots = [ "hive-lacking" ];
    inherit objects docGenerator;
  };
  # Must not evaluate: a required package is null, or an object is missing.
  needing = link "needing" [ "hive-needing" ];
  orphan = link "orphan" [ "hive-orphan" ];
  # Must not build.
  clash = link "clash" [ "hive-clash" ];

  test = stdenvNoCC.mkDerivation {
    name = "link-test";
    dontUnpack = true;
    installPhase = ''
      set -x
      test "$(${hive}/bin/hive)" = "${hive}/bin/hive-manager manager outside 10 bzz"
      test "$(${hive}/bin/hived | tr -s /)" = "${hive}/bin/hive-manager"
      test "$(${hive}/bin/hive-manager x)" = "manager x"
      test "$(cat ${hive}/share/bash-completion/completions/hive)" = "complete -W 'manager' hive"
      grep -qx "ExecStart=${hive}/bin/hived --foreground" ${hive}/lib/systemd/system/hived.service
      grep -q "^Environment=PATH=/run/wrappers/bin:${hive}/bin:" ${hive}/lib/systemd/system/hived.service
      test "$(readlink -f ${hive}/share/hive/tool)" = ${hive}/bin/hive
      # Examples that people copy do not refer to the store, unless they use the link's modules.
      test "$(head -n 1 ${hive}/share/doc/hive-common/examples/hook.pl)" = "#!/run/current-system/sw/bin/perl -w"
      test "$(head -n 1 ${hive}/share/hive/examples/hook.sh)" = "#!/run/current-system/sw/bin/bash"
      test "$(${hive}/share/doc/hive-common/examples/api.pl)" = manager
      grep -q "^hive-common 1:1.2-3 1.2 " ${hive}/${perl.libPrefix}/auto/Hive/version
      # Without pve-doc-generator the link leaves out the pages and their second names, and says so.
      grep -qxP 'share/man/man1/hive.1.gz\tpve-doc-generator is not there' ${hive}/nix-support/pve-left-out
      test ! -L ${hive}/share/man/man1/bee.1.gz
      test -e ${hive}/share/man/man1/hive-pod.1.gz -o -e ${hive}/share/man/man1/hive-pod.1
      # With it the link makes them, and second names point to them.
      test "$(gzip -dc ${documented}/share/man/man1/bee.1.gz)" = manager
      test ! -e ${documented}/nix-support/pve-left-out
      # The link fills in an extra's paths like an object's, and puts its commands on the PATH.
      test "$(${extended}/bin/hive-term | tr -s /)" = "${extended}/bin/hive-manager"
      grep -qx "ExecStart=${extended}/bin/hive-term --foreground" ${extended}/lib/systemd/system/hive-term.service
      PATH=${extended.commandPath}:$PATH hum
      # A link that lacks a part makes everything that works without it, and lists the costs, highest
      # first.
      test "$(cat ${lacking}/share/bash-completion/completions/hive)" = "complete -W 'manager' hive"
      test "$(gzip -dc ${lacking}/share/man/man1/bee.1.gz)" = manager
      test "${lib.concatMapStringsSep ", " (one: one.cost) lacking.lacks}" = "no wax, no terminal"
      test "$(cut -f 1 ${lacking}/nix-support/pve-lacks | tr '\n' ' ')" = "hive-wax hive-rs "
      test ! -e ${lacking}/share/man/man1/wax.1
      test "$(cat ${lacking}/nix-support/pve-left-out)" = "$(printf 'share/man/man1/wax.1\thive-wax is lacking')"
      ${lib.optionalString (builtins.tryEval needing.drvPath).success "exit 1"}
      ${lib.optionalString (builtins.tryEval orphan.drvPath).success "exit 1"}
      test "$(cat ${hive}/nix-support/pve-perl)" = ${pve-perl}/bin/perl
      test -e ${hive}/nix-support/pve-lacks -a ! -s ${hive}/nix-support/pve-lacks
      test "${lib.concatStringsSep " " lacking.passthru.objects}" = "hive-common hive-lacking hive-manager"
      touch $out
    '';
  };
}
