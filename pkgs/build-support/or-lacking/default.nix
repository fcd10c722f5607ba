# Stands in for packages that do not exist yet where a patch needs a path.
#
# orLacking { inherit proxmox-backup-client; }
#   each attribute as it is, or, where it is null, a path that exists nowhere and says what is missing.
{ lib }:
lib.mapAttrs (name: package: if package == null then "/var/empty/lacks/${name}" else package)
