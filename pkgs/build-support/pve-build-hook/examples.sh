# shellcheck shell=bash
# examples.sh OUT
#
# Scripts below a directory `examples` are copied by people, to where they outlive the generation that they came from: they start
# with the interpreters of the system's profile. One that uses a module of OUT itself is run where it is.

out="$1"
[[ -d "$out/share" ]] || exit 0

# Whether the script uses a Perl module that lies in the output.
usesOwnModules() {
  local module
  while read -r module; do
    [[ -e "$out/lib/perl5/site_perl/${module//:://}.pm" ]] && return 0
  done < <(sed -nE 's/^[[:space:]]*(use|require)[[:space:]]+([A-Za-z][A-Za-z0-9_:]*).*/\2/p' "$1")
  return 1
}

while IFS= read -r -d '' file; do
  IFS= read -r line <"$file" || continue
  [[ "$line" =~ ^'#!'[[:space:]]*/[^[:space:]]*/(perl|bash|sh)([[:space:]].*)?$ ]] || continue
  interpreter="${BASH_REMATCH[1]}" switches="${BASH_REMATCH[2]}"
  if usesOwnModules "$file"; then
    continue
  fi
  # The link's own modules, which the script does without.
  switches="$(sed -E 's/ -I[^[:space:]]+//g' <<<"$switches")"
  printf '1s|.*|#!/run/current-system/sw/bin/%s%s|\n' "$interpreter" "$switches" | sed -i -f - "$file"
done < <(find "$out/share" -type f -path '*/examples/*' -print0)
