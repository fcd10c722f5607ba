# Runs the driver's commands on a virtio port, as root. Each input line is a command in base64; each
# output line is its status, a space and its output in base64. Standard error goes to the journal.
#
#   driver-shell.sh COREUTILS-BIN
bin=$1
export USER=root LANG=C.UTF-8 PATH=/run/wrappers/bin:/run/current-system/sw/bin
port=/dev/virtio-ports/pve-nix.shell
while [ ! -e "$port" ]; do "$bin/sleep" 0.2; done
exec 3<>"$port"
echo ready >&3
while read -r line <&3; do
    output=$("$bin/mktemp" /run/driver-shell.XXXXXX)
    command=$(echo "$line" | "$bin/base64" -d)
    bash -c "set -eo pipefail; $command" </dev/null >"$output" 3>&-
    status=$?
    echo "$status $("$bin/base64" -w 0 "$output")" >&3
    "$bin/rm" -f "$output"
done
