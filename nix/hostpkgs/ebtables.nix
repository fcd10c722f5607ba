# Debian's ebtables with an `ebtables-save` that runs the ebtables beside it, as nixpkgs' does.
# Debian's runs /usr/sbin/ebtables, an alternative (by default the nft variant), which does not exist
# if /etc is not Debian's.
{ runCommand }:
leaf:
runCommand "ebtables-${leaf.version}" { } ''
  cp -r --no-dereference ${leaf} $out
  chmod -R u+w $out
  from=$(readlink -f $out/bin/ebtables-legacy-save)
  rm $out/bin/ebtables-legacy-save $out/bin/ebtables-save
  sed "s#\"/usr/sbin/ebtables\"#\"$out/bin/ebtables\"#" "$from" >$out/bin/ebtables-legacy-save
  grep -qF "\"$out/bin/ebtables\"" $out/bin/ebtables-legacy-save
  chmod 755 $out/bin/ebtables-legacy-save
  ln -s ebtables-legacy-save $out/bin/ebtables-save
''
