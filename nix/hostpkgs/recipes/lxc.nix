# The recipe behind `lxc`, over which a release builds its own LXC, with Meson's options as in
# nixpkgs. It has no source; the package that uses it provides one.
{
  debianLeaf,
  perl,
  pkg-config,
  python3,
  stdenv,
}:
let
  tools = debianLeaf "lxc-build-tools" {
    packages = [
      "docbook2x"
      "meson"
      "ninja-build"
    ];
    along = false;
    hostPath = true;
  };
  libraries = debianLeaf "lxc-build-libraries" {
    packages = [
      "libapparmor-dev"
      "libcap-dev"
      "libdbus-1-dev"
      "libseccomp-dev"
      "libselinux1-dev"
      "libssl-dev"
      "libsystemd-dev"
    ];
  };
in
stdenv.mkDerivation (final: {
  pname = "lxc";
  version = "0";

  nativeBuildInputs = [
    perl
    pkg-config
    python3
    tools
  ];
  buildInputs = [ libraries ];

  mesonFlags = [
    "-Dinstall-init-files=true"
    "-Dinstall-state-dirs=false"
    "-Dspecfile=false"
    "-Dtools-multicall=true"
    "-Dtools=false"
    "-Dusernet-config-path=/etc/lxc/lxc-usernet"
    "-Ddistrosysconfdir=${builtins.placeholder "out"}/etc/lxc"
    "-Dsystemd-unitdir=${builtins.placeholder "out"}/lib/systemd/system"
  ];

  configurePhase = ''
    runHook preConfigure
    patchShebangs .
    meson setup build --prefix="$out" --libdir=lib --libexecdir=libexec --sysconfdir=etc --localstatedir=/var \
      --sharedstatedir=/com --buildtype=plain --wrap-mode=nodownload $mesonFlags
    cd build
    runHook postConfigure
  '';
  buildPhase = ''
    runHook preBuild
    ninja -j"$NIX_BUILD_CORES"
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    ninja install
    runHook postInstall
  '';

  # As in nixpkgs: paths that are not in the store of a machine with another release are looked up
  # in its profile.
  postInstall = ''
    for file in common userns oci.common; do
      substituteInPlace "$out/share/lxc/config/$file.conf" --replace-quiet "$out/share" /run/current-system/sw/share
    done
  '';
})
