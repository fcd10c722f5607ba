# The recipe behind `qemu`, over which a release builds its own QEMU. It accepts the arguments that
# releases set, with nixpkgs' names and defaults. `checkedName` does not check them; an unknown one
# is Nix' own error. It has no source; the package that uses it provides one.
{
  debianLeaf,
  lib,
  makeWrapper,
  perl,
  pkg-config,
  python3,
  stdenv,
  canokeySupport ? true,
  capstoneSupport ? true,
  cephSupport ? true,
  enableDocs ? true,
  fuseSupport ? true,
  glusterfsSupport ? false,
  gtkSupport ? true,
  guestAgentSupport ? true,
  hostCpuTargets ? null,
  jackSupport ? sdlSupport,
  libiscsiSupport ? true,
  ncursesSupport ? true,
  numaSupport ? true,
  openGLSupport ? sdlSupport,
  pipewireSupport ? true,
  pulseSupport ? true,
  rutabagaSupport ? openGLSupport,
  sdlSupport ? true,
  seccompSupport ? true,
  smartcardSupport ? true,
  spiceSupport ? true,
  uringSupport ? true,
  usbredirSupport ? spiceSupport,
  virglSupport ? openGLSupport,
  xenSupport ? false,
}:
let
  # The Debian packages for parts that Proxmox VE switches off are missing. Add them here to switch
  # one on.
  absent = {
    inherit
      canokeySupport
      capstoneSupport
      glusterfsSupport
      gtkSupport
      guestAgentSupport
      jackSupport
      ncursesSupport
      pipewireSupport
      pulseSupport
      rutabagaSupport
      sdlSupport
      smartcardSupport
      xenSupport
      ;
  };
  asked = lib.attrNames (lib.filterAttrs (_: on: on) absent);

  # Switch of `configure` → its needs. Disabled switches are passed too, so that configure does not
  # pick anything up by chance.
  switches = {
    docs = {
      on = enableDocs;
      packages = [ ];
    };
    fuse = {
      on = fuseSupport;
      packages = [ "libfuse3-dev" ];
    };
    libiscsi = {
      on = libiscsiSupport;
      packages = [ "libiscsi-dev" ];
    };
    linux-io-uring = {
      on = uringSupport;
      packages = [ "liburing-dev" ];
    };
    numa = {
      on = numaSupport;
      packages = [ "libnuma-dev" ];
    };
    opengl = {
      on = openGLSupport;
      packages = [
        "libdrm-dev"
        "libepoxy-dev"
        "libgbm-dev"
      ];
    };
    rbd = {
      on = cephSupport;
      packages = [
        "librados-dev"
        "librbd-dev"
      ];
    };
    seccomp = {
      on = seccompSupport;
      packages = [ "libseccomp-dev" ];
    };
    spice = {
      on = spiceSupport;
      packages = [
        "libspice-protocol-dev"
        "libspice-server-dev"
      ];
    };
    usb-redir = {
      on = usbredirSupport;
      packages = [ "libusbredirparser-dev" ];
    };
    virglrenderer = {
      on = virglSupport;
      packages = [ "libvirglrenderer-dev" ];
    };
  };
  on = lib.filterAttrs (_: switch: switch.on) switches;

  tools = debianLeaf "qemu-build-tools" {
    packages = [
      "bison"
      "flex"
      "meson"
      "ninja-build"
      "python3-setuptools"
      "python3-venv"
      "python3-wheel"
    ]
    ++ lib.optionals enableDocs [
      "python3-sphinx"
      "python3-sphinx-rtd-theme"
    ];
    along = false;
    hostPath = true;
  };
  libraries = debianLeaf "qemu-build-libraries" {
    packages = [
      "libaio-dev"
      "libasound2-dev"
      "libattr1-dev"
      "libcap-ng-dev"
      "libcurl4-gnutls-dev"
      "libfdt-dev"
      "libglib2.0-dev"
      "libgnutls28-dev"
      "libjpeg62-turbo-dev"
      "liblzo2-dev"
      "libpixman-1-dev"
      "libpng-dev"
      "libslirp-dev"
      "libsnappy-dev"
      "libtasn1-6-dev"
      "zlib1g-dev"
    ]
    ++ lib.concatMap (switch: switch.packages) (lib.attrValues on);
  };
in
stdenv.mkDerivation {
  pname = "qemu";
  version = "0";

  nativeBuildInputs = [
    makeWrapper
    perl
    pkg-config
    python3
    tools
  ];
  buildInputs = [ libraries ];

  preConfigure = ''
    unset CPP
    chmod +x scripts/shaderinclude.py
    patchShebangs .
  '';

  configureFlags = [
    (lib.throwIf (asked != [ ])
      "nix/hostpkgs/recipes/qemu.nix: no Debian packages for ${lib.concatStringsSep ", " asked}"
      "--disable-strip"
    )
    "--enable-gnutls"
    "--enable-tools"
    "--disable-guest-agent"
    "--localstatedir=/var"
    "--sysconfdir=/etc"
    "--enable-linux-aio"
    "--enable-tpm"
  ]
  ++ lib.optional (hostCpuTargets != null) "--target-list=${lib.concatStringsSep "," hostCpuTargets}"
  ++ lib.mapAttrsToList (
    name: switch: "--${if switch.on then "enable" else "disable"}-${name}"
  ) switches;

  enableParallelBuilding = true;
  preBuild = "cd build";

  postInstall = ''
    ln -s qemu-system-${stdenv.hostPlatform.parsed.cpu.name} "$out/bin/qemu-kvm"
  '';
}
