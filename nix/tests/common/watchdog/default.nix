# A watchdog for machines that are containers, which have no /dev/watchdog: upstream's own watchdog-mux, on a device that a process
# plays. Where nothing feeds it for as long as its client asked (watchdog-mux asks for 10 seconds), the process ends the machine with
# reboot(2), which in a container kills every process of it at once, and writes the machine's name to /tmp/shared/fences first.
#
# So a test shows when watchdog-mux stops feeding, and that the node is gone then. It does not show a kernel's watchdog (softdog, a
# device), nor a machine that hangs as a whole.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  watchdog =
    pkgs.runCommandCC "test-watchdog"
      {
        passthru.socket = "/run/test-watchdog.sock";
      }
      ''
        mkdir -p $out/bin $out/lib
        $CC -O2 -Wall -Werror -o $out/bin/test-watchdog ${./device.c}
        $CC -O2 -Wall -Werror -shared -fPIC -o $out/lib/open-watchdog.so ${./open.c}
      '';
in
{
  config = lib.mkIf config.boot.isContainer {
    # Nothing stops hardware.
    systemd.services.test-watchdog = {
      wantedBy = [ "sysinit.target" ];
      unitConfig = {
        DefaultDependencies = false;
        X-StopOnRemoval = false;
      };
      restartIfChanged = false;
      serviceConfig = {
        Type = "exec";
        ExecStart = "${watchdog}/bin/test-watchdog ${watchdog.socket} /tmp/shared/fences";
      };
    };
    systemd.services.watchdog-mux = {
      after = [ "test-watchdog.service" ];
      unitConfig.ConditionVirtualization = lib.mkForce "";
      environment.LD_PRELOAD = "${watchdog}/lib/open-watchdog.so";
      environment.TEST_WATCHDOG = watchdog.socket;
    };
  };
}
