# Debian's lxcfs, with a configuration for LXC that names its own hooks, as nixpkgs' does. Debian's
# names Debian's paths.
{ runCommand }:
leaf:
runCommand "lxcfs-${leaf.version}" { } ''
  cp -r --no-dereference ${leaf} $out
  chmod -R u+w $out
  for file in $out/share/lxc/config/common.conf.d/*.conf; do
    from=$(readlink "$file")
    rm "$file"
    sed "s#/usr/share/lxcfs/#$out/share/lxcfs/#" "$from" >"$file"
  done
''
