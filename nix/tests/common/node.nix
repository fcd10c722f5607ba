# A single node. Its address is on the loopback interface, so it needs no network.
{
  imports = [ ../../modules ];
  virtualisation.memorySize = 2048;
  virtualisation.cores = 2;
  services.proxmox-ve = {
    enable = true;
    address = "10.11.12.1";
    # No test mounts either. With Debian's packages, both need more than others: a package, a user.
    cifs.enable = false;
    nfs.enable = false;
  };
  networking.interfaces.lo.ipv4.addresses = [
    {
      address = "10.11.12.1";
      prefixLength = 32;
    }
  ];
}
