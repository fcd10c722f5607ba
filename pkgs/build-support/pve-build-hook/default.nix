# A setup hook for sources that expect to be built and installed as a Debian package.
#
#   tools    first on PATH: a `perl` that defers requests to run upstream's own programs, an `install`
#            without owners, `dh_auto_build`, and the compiler and pkg-config by the names Makefiles write; a home
#   patch    `@out@`, which generated patches leave, becomes the output's path; scripts start with the interpreters of the
#            build, and where they are installed with those of the platform that they run on
#   install  unless the derivation has an installPhase: `make install` below a root of its own, then
#            what `debianInstall` lists, then `/usr` folded into the output
#
# It reads
#   makeDirectory       where `make install` runs (".")
#   makeFlags, installFlags, installTargets   as stdenv's own install phase does
#   makeBuildFlags      `make` runs before, with these (`[ "all" "LIBEXECDIR=…" ]`): for a source that cargo built
#   cargoRoot           where cargo built: `target/release` in it and in makeDirectory leads to cargo's output, and
#                       `cargo` in a recipe does nothing
#   dontMakeInstall     nothing to make, only `debianInstall`'s files
#   pveHostPerl         the Perl that XS modules are compiled for
{
  makeSetupHook,
  perl,
  runtimeShell,
  stdenvNoCC,
}:
let
  tools = stdenvNoCC.mkDerivation {
    pname = "pve-build-tools";
    version = "1";
    src = ./bin;
    dontConfigure = true;
    dontBuild = true;
    inherit perl runtimeShell;
    installPhase = ''
      runHook preInstall
      mkdir -p $out/bin
      for tool in *; do
        substitute "$tool" "$out/bin/$tool" \
          --subst-var-by shell "$runtimeShell" \
          --subst-var-by perl "$perl"
        chmod +x "$out/bin/$tool"
      done
      runHook postInstall
    '';
  };
in
makeSetupHook {
  name = "pve-build-hook";
  substitutions = {
    inherit tools;
    # Scripts that people copy, also for links.
    examples = ./examples.sh;
  };
} ./setup-hook.sh
