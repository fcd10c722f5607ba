# What NixOS' own stage 1 is made with, by nixpkgs' names: `makeInitrdNG`, which lays leaves and what they lead to into an archive, and
# `makeModulesClosure`, which takes modules of the host's kernel with those that they need.
{
  lib,
  runCommand,
  writeText,
  cpio,
  kmod,
}:
{
  makeInitrdNG =
    {
      name ? "initrd",
      contents,
      ...
    }:
    runCommand name { } ''
      mkdir -p root/dev root/proc root/sys root/run root/var root/tmp $out
      ln -s ../run root/var/run
      mkdir -p root/lib64
      cp -L /lib64/ld-linux-x86-64.so.2 root/lib64/
      /usr/bin/perl ${./initrd-ng.pl} ${
        writeText "contents.json" (
          builtins.toJSON (
            map (entry: {
              source = "${entry.source}";
              target = entry.target or null;
            }) (lib.filter (entry: entry.enable or true) contents)
          )
        )
      } $PWD/root
      (cd root && find . | sort | ${cpio}/bin/cpio -o -H newc --quiet -R +0:+0 --reproducible) >$out/initrd
    '';

  makeModulesClosure =
    {
      kernel,
      rootModules,
      ...
    }:
    runCommand "kernel-modules" { } ''
      version=$(basename ${kernel}/lib/modules/*)
      to=$out/lib/modules/$version
      mkdir -p $to $out/lib/firmware
      for module in ${toString rootModules}; do
        # Modules that this kernel has built in, or not at all, as another kernel may have them.
        ${kmod}/bin/modprobe --dirname /usr --set-version "$version" --show-depends $module 2>/dev/null || true
      done | while read -r how file _; do
        [ "$how" = insmod ] || continue
        place=''${file#*/lib/modules/*/}
        [ -e "$to/$place" ] || install -D -m 644 "$file" "$to/$place"
      done
      cp /usr/lib/modules/"$version"/modules.builtin* /usr/lib/modules/"$version"/modules.order $to/
      ${kmod}/bin/depmod -b $out "$version"
    '';
}
