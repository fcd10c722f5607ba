# What Proxmox VE uses that neither nixpkgs nor a pinned source has: by the names that generated packages take as arguments.
self: {
  Authen-PAM = self.callPackage ./Authen-PAM.nix { };
  Crypt-OpenSSL-RSA = self.callPackage ./Crypt-OpenSSL-RSA.nix { };
  MIME-Base32 = self.callPackage ./MIME-Base32.nix { };
  Net-Subnet = self.callPackage ./Net-Subnet.nix { };
  POSIX-strptime = self.callPackage ./POSIX-strptime.nix { };
  UUID = self.callPackage ./UUID.nix { };
  cstream = self.callPackage ./cstream.nix { };
  marked-js = self.callPackage ./marked-js.nix { };
}
