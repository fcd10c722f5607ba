# Proxmox's ifupdown2, which configures interfaces by /etc/network/interfaces: `ifreload` applies what
# the web interface and SDN wrote, `ifquery` compares the machine with it. Built from the packaging's
# series on upstream's tree, its submodule.
#
# The layout is that of Debian's package: the code and the default configuration are in
# share/ifupdown2. The machine's files keep their paths: /etc/network, /run/network,
# /var/log/ifupdown2, leases in /var/lib/dhcp, /etc/iproute2/rt_tables.d (which VRFs need).
{
  lib,
  bash,
  bridge-utils,
  coreutils,
  ethtool,
  findutils,
  gnugrep,
  iproute2,
  isc-dhcp,
  kmod,
  openvswitch,
  procps,
  psmisc,
  pvePin,
  pveSource,
  python3,
  python3Packages,
  stdenvNoCC,
  systemd,
}:
let
  inherit (pvePin "ifupdown2") version;

  # Programs that no package here has, and that an administrator may add.
  system = "/run/current-system/sw/bin";

  # The constants of utils.py, as Debian sets them.
  programs = {
    "/sbin/bridge" = "${iproute2}/bin/bridge";
    "/bin/ip" = "${iproute2}/bin/ip";
    "/sbin/brctl" = "${bridge-utils}/bin/brctl";
    "/bin/pidof" = "${procps}/bin/pidof";
    "/usr/sbin/service" = "${system}/service";
    "/sbin/sysctl" = "${procps}/bin/sysctl";
    "/sbin/modprobe" = "${kmod}/bin/modprobe";
    "/usr/bin/pstree" = "${psmisc}/bin/pstree";
    "/bin/ss" = "${iproute2}/bin/ss";
    "/usr/sbin/vrrpd" = "${system}/vrrpd";
    "/usr/sbin/ifplugd" = "${system}/ifplugd";
    "/sbin/mstpctl" = "${system}/mstpctl";
    "/sbin/ethtool" = "${ethtool}/bin/ethtool";
    "/bin/systemctl" = "${systemd}/bin/systemctl";
    "/usr/bin/dpkg" = "${system}/dpkg";
  };

  # Programs that it runs by bare name, and those available to the commands of a stanza (`up …`).
  path = lib.makeBinPath [
    iproute2
    kmod
    procps
    gnugrep
    coreutils
  ];
in
stdenvNoCC.mkDerivation {
  pname = "ifupdown2";
  inherit version;

  src = pveSource "ifupdown2";

  strictDeps = true;
  nativeBuildInputs = [
    python3
    python3Packages.docutils
  ];
  # patchShebangs takes interpreters from here.
  buildInputs = [
    bash
    python3
  ];

  postPatch = ''
    cp -r debian ifupdown2
    chmod -R u+w ifupdown2
    cd ifupdown2
    [ -s debian/patches/series ]
    while read -r name _; do
      case "$name" in "" | "#"*) continue ;; esac
      echo "applying $name"
      patch -p1 <"debian/patches/$name"
    done <debian/patches/series

    cd ifupdown2
    # -- programs
    substituteInPlace ifupdown/utils.py ${
      lib.concatStringsSep " " (
        lib.mapAttrsToList (from: to: "--replace-fail \"= '${from}'\" \"= '${to}'\"") programs
      )
    } \
      --replace-fail "'/bin/'," "'${system}/'," \
      --replace-fail "'/sbin/'," "" \
      --replace-fail "'/usr/bin/'," "" \
      --replace-fail "'/usr/sbin/',]" "]"
    substituteInPlace ifupdownaddons/dhclient.py \
      --replace-fail "'/sbin/dhclient3'" "'${system}/dhclient3'" \
      --replace-fail "'/sbin/dhclient'" "'${isc-dhcp}/bin/dhclient'"
    substituteInPlace ifupdownaddons/modulebase.py --replace-fail /usr/sbin/ip ${iproute2}/bin/ip
    substituteInPlace addons/bond.py --replace-fail /usr/sbin/ethtool ${ethtool}/bin/ethtool
    substituteInPlace addons/openvswitch.py addons/openvswitch_port.py \
      --replace-fail /usr/bin/ovs-vsctl ${openvswitch}/bin/ovs-vsctl
    substituteInPlace addons/mstpctl.py --replace-fail /sbin/mstpctl ${system}/mstpctl
    substituteInPlace addons/batman_adv.py \
      --replace-fail /usr/sbin/batctl ${system}/batctl \
      --replace-fail '["batctl",' '["${system}/batctl",'
    substituteInPlace addons/ppp.py \
      --replace-fail /usr/bin/pon ${system}/pon \
      --replace-fail /usr/bin/poff ${system}/poff \
      --replace-fail /bin/ps ${procps}/bin/ps \
      --replace-fail /bin/grep ${gnugrep}/bin/grep
    substituteInPlace __main__.py --replace-fail "import sys
    " "import sys

    os.environ['PATH'] = '${path}:' + os.environ.get('PATH', '${system}')
    sys.path.append('$(echo ${python3Packages.systemd-python}/lib/python*/site-packages)')
    "
    substituteInPlace sbin/start-networking \
      --replace-fail "[ -x /sbin/ifup ] || exit 0" "PATH=$out/bin:${path}:${lib.makeBinPath [ findutils ]}:${systemd}/bin:\$PATH" \
      --replace-fail "[ -x /sbin/ifdown ] || exit 0" "" \
      --replace-fail egrep "grep -E"

    # -- directories that Debian's packages and its unit make
    substituteInPlace ifupdown/utils.py \
      --replace-fail "fp = os.open(lockfile," "os.makedirs(os.path.dirname(lockfile), exist_ok=True)
                fp = os.open(lockfile,"
    substituteInPlace addons/vrf.py \
      --replace-fail "fmode = 'a+' if append else 'w'" "fmode = 'a+' if append else 'w'
            os.makedirs(os.path.dirname(self.iproute2_vrf_filename), exist_ok=True)"
    substituteInPlace ifupdownaddons/dhclient.py \
      --replace-fail "utils.exec_commandl(cmd_aslist, stdout=None, stderr=None)" \
        "os.makedirs('/var/lib/dhcp', exist_ok=True)
            utils.exec_commandl(cmd_aslist, stdout=None, stderr=None)"

    # -- its own files
    substituteInPlace ifupdown/config.py \
      --replace-fail /usr/share/ifupdown2/addons $out/share/ifupdown2/addons
    substituteInPlace ifupdown/policymanager.py \
      --replace-fail /var/lib/ifupdown2/policy.d $out/share/ifupdown2/policy.d
    config=etc/network/ifupdown2/ifupdown2.conf
    substituteInPlace lib/log.py \
      --replace-fail "cat /$config |" "{ cat /$config 2>/dev/null || cat $out/share/ifupdown2/$config; } |"
    substituteInPlace ifupdown/argv.py \
      --replace-fail "utils.exec_commandl([utils.dpkg_cmd, '-l', 'ifupdown2'])" "'ii ifupdown2 ${version}'"

    # -- Python has moved on, and setuptools and six are no part of it
    substituteInPlace ifupdown/main.py --replace-fail readfp read_file
    substituteInPlace addons/address.py \
      --replace-fail "from setuptools.dist import strtobool" "" \
      --replace-fail "int(strtobool(l3_intf_arp_accept_str))" \
        "int(utils.get_boolean_from_string(l3_intf_arp_accept_str))"
    substituteInPlace lib/gvgen.py --replace-fail "from six import iteritems" "iteritems = dict.items"
    cd ..

    # -- units
    substituteInPlace debian/ifupdown2.networking.service \
      --replace-fail /usr/share/ifupdown2 $out/share/ifupdown2 \
      --replace-fail EnvironmentFile=/etc/default/networking \
        "EnvironmentFile=$out/share/ifupdown2/etc/default/networking
    EnvironmentFile=-/etc/default/networking"
    substituteInPlace debian/ifup@.service --replace-fail /sbin/if $out/bin/if
    substituteInPlace debian/ifupdown2-pre.service --replace-fail /bin/udevadm ${systemd}/bin/udevadm
  '';

  dontConfigure = true;

  buildPhase = ''
    runHook preBuild
    sh ifupdown2/man/genmanpages.sh ./ifupdown2/man ./man
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    share=$out/share/ifupdown2
    mkdir -p $share
    for package in . addons ifupdown ifupdownaddons lib nlmanager; do
      # Modules are read, not run.
      sed -i '1{/^#!/d}' $(ls ifupdown2/$package/*.py | grep -v __main__)
      install -Dm644 -t $share/$package ifupdown2/$package/*.py
    done
    install -Dm755 -t $share/sbin ifupdown2/sbin/start-networking
    install -Dm644 -t $share/etc/network/ifupdown2 etc/network/ifupdown2/*.conf
    install -Dm644 -t $share/etc/default etc/default/networking
    install -Dm644 -t $share/policy.d debian/*.json
    # By their hashes: in a store every file is of one day.
    python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash $share

    # As debian/links: the name by which it is run says what it does.
    chmod +x $share/__main__.py
    ln -s __main__.py $share/ifupdown2
    mkdir -p $out/bin
    for name in ifup ifdown ifquery ifreload; do
      ln -s ../share/ifupdown2/ifupdown2 $out/bin/$name
    done

    for unit in ifup@ ifupdown2-pre; do
      install -Dm644 -t $out/lib/systemd/system debian/$unit.service
    done
    install -Dm644 debian/ifupdown2.networking.service $out/lib/systemd/system/networking.service
    install -Dm644 -t $out/share/man/man5 man/*.5
    install -Dm644 -t $out/share/man/man8 man/*.8
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    # pve-manager asks for Proxmox's own by this line.
    [ "$($out/bin/ifquery -V)" = "ifupdown2:${version}" ]
    # Its configuration is found, and a stanza read.
    printf 'auto vmbr0\niface vmbr0 inet static\n\taddress 192.0.2.1/24\n\tbridge-ports none\n' >interfaces
    $out/bin/ifquery -a -o json -i interfaces | grep -q '"bridge-ports": "none"'
    # No program and no file of Debian's is left.
    if grep -rnE "['\" \`=](/usr|/s?bin|/lib(64)?|/opt)/" --include=*.py --include=start-networking $out/share/ifupdown2; then
      echo "$name: places of Debian's" >&2
      exit 1
    fi
    runHook postInstallCheck
  '';

  meta = {
    description = "Sets up what /etc/network/interfaces says";
    homepage = "https://git.proxmox.com/?p=ifupdown2.git";
    license = lib.getLicenseFromSpdxId "GPL-2.0-only";
    mainProgram = "ifreload";
    platforms = lib.platforms.linux;
  };
}
