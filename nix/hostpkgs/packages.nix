# nixpkgs' attribute → the Debian packages (12 and 13) whose files it has here. Every name stands in rules/nixpkgs/attributes.toml,
# which says where nixpkgs defines it; one that does not is refused.
#
# programs      files in nixpkgs' bin that Debian has under another name (alternatives, directories
#               off the PATH)
# links         the same for other paths
# outputs       further outputs, each with links only
# onlyPrograms  nothing but these, because the Debian package contains other things too
# hostPath      its programs run others, and find the host's, as nixpkgs' find theirs by a wrapper
# aarch64, debian12   differences on that processor, or in that version of Debian
{
  acl = [
    "acl"
    "libacl1-dev"
  ];
  acpica-tools = [ "acpica-tools" ];
  apparmor-bin-utils = [ "apparmor" ];
  apparmor-parser = [ "apparmor" ];
  apt = [
    "apt"
    "libapt-pkg-dev"
  ];
  asciidoc = {
    packages = [
      "asciidoc-base"
      "asciidoc-dblatex"
      "docbook-xml"
      "asciidoc-common"
    ];
    hostPath = true;
    links = {
      "lib/python3/site-packages/asciidoc/resources/icons" = "/usr/share/asciidoc/icons";
      "lib/python3/site-packages/asciidoc/resources/javascripts" = "/usr/share/asciidoc/javascripts";
      "lib/python3/site-packages/asciidoc/resources/stylesheets" = "/etc/asciidoc/stylesheets";
    };
  };
  attr = [
    "attr"
    "libattr1-dev"
  ];
  bash = {
    packages = [ "bash" ];
    programs.sh = "/usr/bin/bash";
  };
  bash-completion = [ "bash-completion" ];
  bc = [ "bc" ];
  binutils-unwrapped = {
    packages = [
      "binutils"
      "binutils-x86-64-linux-gnu"
    ];
    aarch64.packages = [
      "binutils"
      "binutils-aarch64-linux-gnu"
    ];
  };
  bridge-utils = [ "bridge-utils" ];
  btrfs-progs = [ "btrfs-progs" ];
  bzip2 = [
    "bzip2"
    "libbz2-dev"
  ];
  cacert = {
    packages = [ "ca-certificates" ];
    links."etc/ssl/certs/ca-bundle.crt" = "/etc/ssl/certs/ca-certificates.crt";
    outputs.hashed."etc/ssl/certs" = "/etc/ssl/certs";
  };
  cdrkit = [ "genisoimage" ];
  ceph = [
    "ceph-base"
    "ceph-common"
    "ceph-fuse"
    "ceph-mds"
    "ceph-mgr"
    "ceph-mon"
    "ceph-osd"
    "ceph-volume"
    "librados-dev"
    "librbd-dev"
  ];
  check = [ "check" ];
  cifs-utils = [ "cifs-utils" ];
  cmake = [ "cmake" ];
  conntrack-tools = [ "conntrack" ];
  # Debian has kill in procps.
  coreutils = {
    packages = [ "coreutils" ];
    programs.kill = "/usr/bin/kill";
  };
  corosync = [
    "corosync"
    "libcfg-dev"
    "libcmap-dev"
    "libcorosync-common-dev"
    "libcpg-dev"
    "libquorum-dev"
    "libvotequorum-dev"
  ];
  criu = [ "criu" ];
  cryptsetup = [ "cryptsetup-bin" ];
  curl = [ "curl" ];
  dblatex = {
    packages = [ "dblatex" ];
    hostPath = true;
  };
  dbus = [
    "dbus"
    "dbus-bin"
    "libdbus-1-dev"
  ];
  diffutils = [ "diffutils" ];
  dmidecode = [ "dmidecode" ];
  dnsmasq = [ "dnsmasq-base" ];
  docbook_xsl = [ "docbook-xsl" ];
  dosfstools = [ "dosfstools" ];
  dtach = [ "dtach" ];
  dtc = [
    "device-tree-compiler"
    "libfdt-dev"
  ];
  e2fsprogs = [ "e2fsprogs" ];
  ebtables = {
    packages = [
      "ebtables"
      "netbase"
    ];
    links."etc/ethertypes" = "/etc/ethertypes";
    programs = {
      ebtables = "/usr/sbin/ebtables-legacy";
      ebtables-restore = "/usr/sbin/ebtables-legacy-restore";
      ebtables-save = "/usr/sbin/ebtables-legacy-save";
    };
  };
  esbuild = [ "esbuild" ];
  ethtool = [ "ethtool" ];
  file = [ "file" ];
  findutils = [ "findutils" ];
  # Upstream's repository has web files in addition to the font.
  font-awesome_4 = {
    packages = [ "fonts-font-awesome" ];
    outputs.src = {
      css = "/usr/share/fonts-font-awesome/css";
      fonts = "/usr/share/fonts-font-awesome/fonts";
      less = "/usr/share/fonts-font-awesome/less";
      scss = "/usr/share/fonts-font-awesome/scss";
    };
  };
  frr = {
    packages = [
      "frr"
      "frr-pythontools"
    ];
    links."libexec/frr" = "/usr/lib/frr";
  };
  fuse = [

    "libfuse-dev"
  ];
  fuse3 = [
    "fuse3"
    "libfuse3-dev"
  ];
  gawk = {
    packages = [ "gawk" ];
    programs.awk = "/usr/bin/gawk";
  };
  gettext = [
    "gettext"
    "gettext-base"
  ];
  git = [ "git" ];
  glibc = {
    packages = [
      "libc-bin"
      "libc6"
    ];
    links."lib/ld.so" = "/lib64/ld-linux-x86-64.so.2";
    aarch64.links."lib/ld.so" = "/lib/ld-linux-aarch64.so.1";
  };
  glib = [
    "libglib2.0-bin"
    "libglib2.0-dev"
  ];
  gnugrep = [ "grep" ];
  gnumake = [ "make" ];
  gnupg = [
    "gnupg"
    "gpg"
    "gpg-agent"
    "gpgv"
  ];
  gnused = [ "sed" ];
  gnutar = [ "tar" ];
  gnutls = [
    "gnutls-bin"
    "libgnutls28-dev"
  ];
  gptfdisk = [ "gdisk" ];
  graphviz = {
    packages = [ "graphviz" ];
    hostPath = true;
  };
  gzip = [ "gzip" ];
  hdparm = [ "hdparm" ];
  hostname-debian = [ "hostname" ];
  hwdata = [
    "hwdata"
    "pci.ids"
  ];
  iana-etc = [ "netbase" ];
  imagemagick = {
    hostPath = true;
    packages = [ "imagemagick" ];
    programs = {
      convert = "/usr/bin/convert";
      identify = "/usr/bin/identify";
      mogrify = "/usr/bin/mogrify";
    };
  };
  ipmitool = [ "ipmitool" ];
  iproute2 = [ "iproute2" ];
  ipset = [ "ipset" ];
  iptables-legacy = {
    packages = [ "iptables" ];
    programs = {
      ip6tables = "/usr/sbin/ip6tables-legacy";
      ip6tables-restore = "/usr/sbin/ip6tables-legacy-restore";
      ip6tables-save = "/usr/sbin/ip6tables-legacy-save";
      iptables = "/usr/sbin/iptables-legacy";
      iptables-restore = "/usr/sbin/iptables-legacy-restore";
      iptables-save = "/usr/sbin/iptables-legacy-save";
    };
  };
  jq = [ "jq" ];
  json_c = [ "libjson-c-dev" ];
  kbd = [ "kbd" ];
  kmod = [ "kmod" ];
  libaio = [ "libaio-dev" ];
  libapparmor = [ "libapparmor-dev" ];
  libcap = [
    "libcap2-bin"
    "libcap-dev"
  ];
  libcap_ng = [ "libcap-ng-dev" ];
  libepoxy = [ "libepoxy-dev" ];
  libfaketime = [
    "faketime"
    "libfaketime"
  ];
  libgbm = [ "libgbm-dev" ];
  libglvnd = [
    "libegl1"
    "libgl1"
  ];
  libidn = [ "idn" ];
  libiscsi = [
    "libiscsi-bin"
    "libiscsi-dev"
  ];
  libjpeg_turbo = [
    "libjpeg-dev"
    "libjpeg62-turbo-dev"
  ];
  libnbd = [
    "libnbd-bin"

  ];
  libnetfilter_conntrack = [ "libnetfilter-conntrack-dev" ];
  libnetfilter_log = [ "libnetfilter-log-dev" ];
  libnsl = [ "libnsl-dev" ];
  libpng = [ "libpng-dev" ];
  libqb = [ "libqb-dev" ];
  librsvg = [ "librsvg2-bin" ];
  libseccomp = [ "libseccomp-dev" ];
  libslirp = [ "libslirp-dev" ];
  liburing = [ "liburing-dev" ];
  libusb1 = [ "libusb-1.0-0-dev" ];
  libuuid = [ "uuid-dev" ];
  libxcrypt = [ "libcrypt-dev" ];
  linux-pam = [
    "libpam-modules"
    "libpam0g-dev"
  ];
  logrotate = [ "logrotate" ];
  lvm2 = {
    packages = [
      "lvm2"
      "dmsetup"
      "thin-provisioning-tools"
    ];
  };
  lxc = [
    "liblxc-common"
    "lxc"
  ];
  lxcfs = [ "lxcfs" ];
  lzop = [ "lzop" ];
  mtools = [ "mtools" ];
  multipath-tools = [
    "kpartx"
    "multipath-tools"
  ];
  nasm = [ "nasm" ];
  nettle = [ "nettle-dev" ];
  nfs-utils = [ "nfs-common" ];
  nftables = [ "nftables" ];
  numactl = [
    "libnuma-dev"
    "numactl"
  ];
  openiscsi = [ "open-iscsi" ];
  nspr = [ "libnspr4-dev" ];
  nss = [
    "libnss3-dev"
    "libnss3-tools"
  ];
  openssh = [
    "openssh-client"
    "openssh-server"
  ];
  openssl = [
    "libssl-dev"
    "openssl"
  ];
  openvswitch = [
    "openvswitch-common"
    "openvswitch-switch"
  ];
  patch = [ "patch" ];
  pciutils = [
    "libpci-dev"
    "pciutils"
  ];
  pigz = [ "pigz" ];
  pixman = [ "libpixman-1-dev" ];
  # Debian has pidof in sysvinit-utils.
  procps = {
    packages = [ "procps" ];
    programs.pidof = "/usr/bin/pidof";
  };
  psmisc = [ "psmisc" ];
  qemu = [
    "qemu-system-x86"
    "qemu-utils"
  ];
  qrencode = [ "qrencode" ];
  quilt = {
    packages = [ "quilt" ];
    hostPath = true;
  };
  rpcbind = [ "rpcbind" ];
  rrdtool = [
    "librrd-dev"
    "librrds-perl"
    "rrdcached"
    "rrdtool"
  ];
  rsync = [ "rsync" ];
  rust-cbindgen = [ "cbindgen" ];
  samba = [ "smbclient" ];
  sassc = [ "sassc" ];
  scdoc = [ "scdoc" ];
  sequoia-sq = [ "sq" ];
  sequoia-sqv = [ "sqv" ];
  sg3_utils = [
    "libsgutils2-dev"
    "sg3-utils"
  ];
  shadow = [
    "login"
    "passwd"
    "uidmap"
  ];
  skopeo = [ "skopeo" ];
  smartmontools = [ "smartmontools" ];
  socat = [ "socat" ];
  sourceHighlight = {
    packages = [ "source-highlight" ];
    hostPath = true;
  };
  spice = [ "libspice-server-dev" ];
  spice-protocol = [ "libspice-protocol-dev" ];
  sqlite = [
    "libsqlite3-dev"
    "sqlite3"
  ];
  swtpm = {
    packages = [
      "swtpm"
      "swtpm-tools"
    ];
    links."etc/swtpm_setup.conf" = "/etc/swtpm_setup.conf";
  };
  # systemd-sysv contains names for systemctl.
  systemd = {
    packages = [
      "libsystemd-dev"
      "libudev-dev"
      "systemd"
      "systemd-coredump"
      "udev"
    ];
    programs = {
      halt = "/usr/bin/systemctl";
      poweroff = "/usr/bin/systemctl";
      reboot = "/usr/bin/systemctl";
      shutdown = "/usr/bin/systemctl";
    };
  };
  thin-provisioning-tools = [ "thin-provisioning-tools" ];
  tzdata = [ "tzdata" ];
  uglify-js = {
    packages = [ "uglifyjs" ];
    hostPath = true;
  };
  unifont = {
    packages = [
      "fonts-unifont"
      "xfonts-unifont"
    ];
    links."share/fonts/unifont.pcf.gz" = "/usr/share/fonts/X11/misc/unifont.pcf.gz";
  };
  unzip = [ "unzip" ];
  usbredir = [ "libusbredirparser-dev" ];
  util-linux = {
    packages = [
      "bsdextrautils"
      "bsdutils"
      "fdisk"
      "mount"
      "util-linux"
      "uuid-runtime"
    ];
  };
  virglrenderer = [ "libvirglrenderer-dev" ];
  virtiofsd = {
    packages = [ "virtiofsd" ];
    programs.virtiofsd = "/usr/libexec/virtiofsd";
    debian12 = {
      packages = [ "qemu-system-common" ];
      onlyPrograms = true;
      programs.virtiofsd = "/usr/lib/qemu/virtiofsd";
    };
  };
  which = [ "debianutils" ];
  wget = [ "wget" ];
  xfsprogs = [ "xfsprogs" ];
  xmlto = {
    packages = [ "xmlto" ];
    hostPath = true;
  };
  xorgproto = [ "x11proto-dev" ];
  xorriso = [ "xorriso" ];
  xz = [ "xz-utils" ];
  zfs = {
    packages = [ "zfsutils-linux" ];
    # Its name since 2.4; Debian 13 has 2.3.
    programs.zarcstat = "/usr/sbin/arcstat";
  };
  zlib = [ "zlib1g-dev" ];
  zstd = [
    "libzstd-dev"
    "zstd"
  ];

  llvmPackages.lld = [ "lld" ];

  python3 = {
    packages = [
      "python3"
      "python3-minimal"
    ];
  };
  python3Packages = {
    docutils = [ "python3-docutils" ];
    pexpect = [ "python3-pexpect" ];
    systemd-python = {
      packages = [ "python3-systemd" ];
      links."lib/python3/site-packages/systemd" = "/usr/lib/python3/dist-packages/systemd";
    };
    virt-firmware = {
      packages = [ "python3-virt-firmware" ];
      links."lib/python3/site-packages/virt" = "/usr/lib/python3/dist-packages/virt";
    };
  };

  pkgsCross = {
    aarch64-multiplatform.buildPackages.gcc = [
      "binutils-aarch64-linux-gnu"
      "gcc-aarch64-linux-gnu"
    ];
    riscv64.buildPackages.gcc = [
      "binutils-riscv64-linux-gnu"
      "gcc-riscv64-linux-gnu"
    ];
  };

  perlPackages = {
    AnyEvent = [ "libanyevent-perl" ];
    AnyEventHTTP = [ "libanyevent-http-perl" ];
    ClassMethodMaker = [ "libclass-methodmaker-perl" ];
    Clone = [ "libclone-perl" ];
    CryptOpenSSLRSA = [ "libcrypt-openssl-rsa-perl" ];
    CryptOpenSSLRandom = [ "libcrypt-openssl-random-perl" ];
    DevelCheckLib = [ "libdevel-checklib-perl" ];
    DevelCycle = [ "libdevel-cycle-perl" ];
    DigestHMAC = [ "libdigest-hmac-perl" ];
    EncodeLocale = [ "libencode-locale-perl" ];
    FileReadBackwards = [ "libfile-readbackwards-perl" ];
    FileSlurp = [ "libfile-slurp-perl" ];
    Filechdir = [ "libfile-chdir-perl" ];
    FilesysDf = [ "libfilesys-df-perl" ];
    Glib = [ "libglib-perl" ];
    Gtk3 = [ "libgtk3-perl" ];
    HTMLParser = [ "libhtml-parser-perl" ];
    HTTPDaemon = [ "libhttp-daemon-perl" ];
    HTTPDate = [ "libhttp-date-perl" ];
    HTTPMessage = [ "libhttp-message-perl" ];
    IOMultiplex = [ "libio-multiplex-perl" ];
    IOSocketSSL = [ "libio-socket-ssl-perl" ];
    IOStringy = [ "libio-stringy-perl" ];
    JSON = [ "libjson-perl" ];
    JSONXS = [ "libjson-xs-perl" ];
    LWP = [ "libwww-perl" ];
    LWPProtocolHttps = [ "liblwp-protocol-https-perl" ];
    LinuxInotify2 = [ "liblinux-inotify2-perl" ];
    LocalePO = [ "liblocale-po-perl" ];
    NetAddrIP = [ "libnetaddr-ip-perl" ];
    NetDBus = [ "libnet-dbus-perl" ];
    NetDNS = [ "libnet-dns-perl" ];
    NetIP = [ "libnet-ip-perl" ];
    NetSSLeay = [ "libnet-ssleay-perl" ];
    PodParser = [ "libpod-parser-perl" ];
    StringShellQuote = [ "libstring-shellquote-perl" ];
    TemplateToolkit = [ "libtemplate-perl" ];
    TermReadLineGnu = [ "libterm-readline-gnu-perl" ];
    TestDifferences = [ "libtest-differences-perl" ];
    TestMockModule = [ "libtest-mockmodule-perl" ];
    TimeDate = [ "libtimedate-perl" ];
    URI = [ "liburi-perl" ];
    XMLLibXML = [ "libxml-libxml-perl" ];
    YAMLLibYAML = [ "libyaml-libyaml-perl" ];
    perlldap = [ "libnet-ldap-perl" ];
  };
}
