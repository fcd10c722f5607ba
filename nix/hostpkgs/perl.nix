# `perl` with only Perl's core modules. Debian's directories of other modules are removed from @INC,
# so only modules that are inputs can be found. Also the parts of nixpkgs' perl beside it:
# `perl.pkgs`, `perl.withPackages`, `perl.libPrefix`.
{
  lib,
  stdenv,
  debian,
  buildEnv,
  perlPackages,
}:
let
  hasPerlModule = drv: drv ? perlModule;
  requiredPerlModules =
    drvs:
    let
      modules = lib.filter hasPerlModule drvs;
    in
    lib.unique (
      [ perl ] ++ modules ++ lib.concatMap (module: module.requiredPerlModules or [ ]) modules
    );

  functions = {
    inherit hasPerlModule requiredPerlModules perl;
    toPerlModule =
      drv:
      drv.overrideAttrs (previous: {
        passthru = previous.passthru or { } // {
          perlModule = perl;
          requiredPerlModules = requiredPerlModules (previous.propagatedBuildInputs or [ ]);
        };
      });
    # Makefile.PL, make, make test, make install.
    buildPerlPackage =
      {
        buildInputs ? [ ],
        nativeBuildInputs ? [ ],
        doCheck ? true,
        ...
      }@arguments:
      functions.toPerlModule (
        stdenv.mkDerivation (
          arguments
          // {
            inherit doCheck;
            # Perl finds modules among the inputs beside it.
            buildInputs = [ perl ] ++ buildInputs;
            nativeBuildInputs = nativeBuildInputs ++ [ perl ];
            strictDeps = true;
            configurePhase = ''
              runHook preConfigure
              # The working directory, as before Perl 5.26.
              PERL_USE_UNSAFE_INC=1 perl Makefile.PL PREFIX=$out INSTALLDIRS=site \
                INSTALLSITELIB=$out/${libPrefix} INSTALLSITEARCH=$out/${libPrefix} \
                INSTALLSITEBIN=$out/bin INSTALLSITESCRIPT=$out/bin \
                INSTALLSITEMAN1DIR=$out/share/man/man1 INSTALLSITEMAN3DIR=$out/share/man/man3
              runHook postConfigure
            '';
            checkPhase = ''
              runHook preCheck
              make test
              runHook postCheck
            '';
          }
        )
      );
    makePerlPath = drvs: lib.makeSearchPath libPrefix (requiredPerlModules drvs);
  };

  libPrefix = "lib/perl5/site_perl";
  version = debian.version "perl-base";

  perl = stdenv.mkDerivation {
    pname = "perl";
    inherit version;
    leaf = debian.leaf "perl-unwrapped" {
      packages = [
        "libperl-dev"
        "perl"
        "perl-base"
      ];
      along = false;
    };
    dontUnpack = true;
    dontConfigure = true;
    strictDeps = true;
    buildPhase = ''
      runHook preBuild
      # What is on @INC and no part of Perl itself.
      others="$(/usr/bin/perl -e 'print join(",", grep { m{^/etc|^/usr/local|/perl5(?:/|$)} } @INC)')"
      $CC -O2 -Wall -DOTHERS="\"-M-lib=$others\"" -o perl ${./perl.c}
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      mkdir -p $out
      cp -rs --no-preserve=mode "$leaf"/. $out/
      rm -f $out/bin/perl $out/bin/perl[0-9]* $out/bin/cpan*
      install -m755 perl $out/bin/perl
      # The headers that XS is compiled with, where Perl's own installation has them.
      mkdir -p $out/lib/perl5/${version}
      ln -s "$(/usr/bin/perl -MConfig -e 'print $Config{archlibexp}')" \
        "$out/lib/perl5/${version}/$(/usr/bin/perl -MConfig -e 'print $Config{archname}')"
      runHook postInstall
    '';
    setupHook = ./perl-hook.sh;
    # Some of the host's files are hidden in a sandbox and exist only outside of it.
    dontCheckForBrokenSymlinks = true;
    passthru = {
      inherit libPrefix version;
      pkgs = perlPackages // functions;
      interpreter = "${perl}/bin/perl";
      withPackages =
        choose:
        buildEnv {
          name = "perl-${version}-env";
          paths = requiredPerlModules (choose (perlPackages // functions));
          pathsToLink = [
            "/bin"
            "/${libPrefix}"
          ];
          postBuild = ''
            rm -f $out/bin/perl
            cat >$out/bin/perl <<EOF
            #!${stdenv.shell}/bin/bash
            exec ${perl}/bin/perl -I$out/${libPrefix} "\$@"
            EOF
            chmod +x $out/bin/perl
          '';
        };
    };
    meta.mainProgram = "perl";
  };
in
perl
