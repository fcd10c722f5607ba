# shellcheck shell=bash disable=SC2154
if [[ -n "$debianMissing" ]]; then
  echo "hostpkgs: this machine lacks the Debian package(s) $debianMissing: apt-get install $debianMissing" >&2
  exit 1
fi
exec /usr/bin/perl "$script"
