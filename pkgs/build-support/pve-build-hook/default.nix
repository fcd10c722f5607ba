# A setup hook for sources that expect to be built and installed as a Debian package.
#
#   tools    first on PATH: a `perl` that defers requests to run upstream's own programs, an `install`
#            without owners, `dh_auto_build`, and the compiler and pkg-config under the names that
#            Makefiles use; and a home directory
#   patch    replaces `@out@` from generated patches by the output's path; sets the interpreters of
#            scripts to those of the build, and after installation to those of the target platform
#   install  unless the derivation has an installPhase: runs `make install` below a root of its own,
#            installs the files in `debianInstall`, then folds `/usr` into the output
#
# It reads
#   makeDirectory       the directory in which `make install` runs (".")
#   makeFlags, installFlags, installTargets   as stdenv's own install phase does
#   makeBuildFlags      the arguments of an earlier `make` (`[ "all" "LIBEXECDIR=…" ]`), for a source
#                       that cargo built
#   cargoRoot           the directory of cargo's build: `target/release` in it and in makeDirectory
#                       leads to cargo's output, and `cargo` in a recipe does nothing
#   dontMakeInstall     runs no make, and installs only `debianInstall`'s files
#   pveHostPerl         the Perl for which XS modules are compiled
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
    # Handles scripts that people copy; links use it too.
    examples = ./examples.sh;
  };
} ./setup-hook.sh
