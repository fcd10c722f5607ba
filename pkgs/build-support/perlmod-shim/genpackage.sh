#!@shell@
# /usr/lib/perlmod/genpackage.pl, wherever the perlmod-bin of this build is.
for input in $nativeBuildInputs; do
  if [ -e "$input/lib/perlmod/genpackage.pl" ]; then
    exec perl "$input/lib/perlmod/genpackage.pl" "$@"
  fi
done
echo "genpackage.pl: perlmod-bin is not among the native build inputs" >&2
exit 1
