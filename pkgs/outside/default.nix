# What Proxmox VE uses that neither nixpkgs nor a pinned source has, or that nixpkgs builds otherwise than it needs
# (rules/differences.toml): by the names that generated packages take as arguments.
self: {
  Authen-PAM = self.callPackage ./Authen-PAM.nix { };
  Crypt-OpenSSL-RSA = self.callPackage ./Crypt-OpenSSL-RSA.nix { };
  MIME-Base32 = self.callPackage ./MIME-Base32.nix { };
  Net-Subnet = self.callPackage ./Net-Subnet.nix { };
  POSIX-strptime = self.callPackage ./POSIX-strptime.nix { };
  UUID = self.callPackage ./UUID.nix { };
  cstream = self.callPackage ./cstream.nix { };
  lvm2 = self.callPackage ./lvm2.nix { };
  marked-js = self.callPackage ./marked-js.nix { };
}
