# shellcheck shell=bash disable=SC2154
# Debian's archive is where this machine's APT finds it.
if [[ "$url" == mirror://debian/* ]]; then
  archive="$(/usr/bin/apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -m1 '/debian/$')"
  url="$archive${url#mirror://debian/}"
fi
/usr/bin/curl --fail --location --silent --show-error --output "$out" "$url"
