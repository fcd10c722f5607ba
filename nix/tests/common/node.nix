# A node of its own: its address is on the loopback interface, so that it needs no network.
{
  imports = [ ../../modules ];
  virtualisation.memorySize = 2048;
  virtualisation.cores = 2;
  services.proxmox-ve = {
    enable = true;
    address = "10.11.12.1";
  };
  networking.interfaces.lo.ipv4.addresses = [
    {
      address = "10.11.12.1";
      prefixLength = 32;
    }
  ];
}
