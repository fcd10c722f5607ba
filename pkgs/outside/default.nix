# What Proxmox VE uses that nixpkgs has not and no expression is generated for, or that nixpkgs builds otherwise than it
# needs (rules/differences.toml): by the names that generated packages take as arguments.
#
#   self  the release's scope
#   pins  the release's pins: what is packaged from one is there where the release has it
{ self, pins }:
let
  package = name: self.callPackage (./. + "/${name}.nix") { };

  # From archives: of CPAN, from Debian's pool, and of npm.
  archived = [
    "Authen-PAM"
    "MIME-Base32"
    "Net-Subnet"
    "POSIX-strptime"
    "UUID"
    "bootstrap-html"
    "corosync-qdevice"
    "cstream"
    "marked-js"
  ];

  # nixpkgs' own, built otherwise.
  otherwise = [
    "Crypt-OpenSSL-RSA"
    "lvm2"
  ];

  # From Proxmox's own repositories.
  pinned = [
    "extjs"
    "fonts-font-logos"
    "libjs-qrcodejs"
    "novnc-pve"
    "proxmox-mini-journalreader"
  ];

  named =
    names:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = package name;
      }) names
    );
in
named archived // named otherwise // named (builtins.filter (name: pins ? ${name}) pinned)
