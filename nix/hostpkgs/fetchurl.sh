# shellcheck shell=bash disable=SC2016,SC2154
# The hosts of mirror://NAME/ are those of NIX_MIRRORS_NAME, as in nixpkgs; Debian's archive is where this machine's APT
# finds it.
urls=("$url")
if [[ "$url" == mirror://* ]]; then
  place="${url#mirror://}"
  name="${place%%/*}"
  variable="NIX_MIRRORS_$name"
  hosts="${!variable-}"
  if [[ -z "$hosts" && "$name" == debian ]]; then
    hosts="$(/usr/bin/apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
      'Label: Debian' | sort -u)"
  fi
  if [[ -z "$hosts" ]]; then
    echo "hostpkgs: $url is on no host: set $variable to the URL of a mirror" >&2
    exit 1
  fi
  urls=()
  for host in $hosts; do
    urls+=("${host%/}/${place#*/}")
  done
fi
for one in "${urls[@]}"; do
  ! /usr/bin/curl --fail --location --silent --show-error --output "$out" "$one" || break
done
if [[ ! -e "$out" ]]; then
  echo "hostpkgs: $url cannot be fetched" >&2
  exit 1
fi
