# shellcheck shell=bash
# Functions shared by ci/test and the scripts of the jobs; sourced.

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${0##*/}: $*"
    exit 2
}

# Packages that the caller asked for with `needs` and that this machine lacks.
missing=()
# needs PACKAGE COMMAND…: records the package if the command fails.
needs() { "${@:2}" >/dev/null 2>&1 || missing+=("$1"); }

# Runs a command as root with Debian's policy-rc.d set, so that packages do not start their daemons
# while they are installed. Keeps the policy of a machine that already has one. The caller defines
# `as_root`.
policy=${PNX_POLICY:-/usr/sbin/policy-rc.d}
without_daemons() {
    local status=0 made=
    if [ ! -e "$policy" ]; then
        made=yes
        printf '#!/bin/sh\n# Of pve-nix, while it installs: no daemon is started.\nexit 101\n' |
            "${as_root[@]}" tee "$policy" >/dev/null && "${as_root[@]}" chmod +x "$policy" || return 1
    fi
    "${as_root[@]}" "$@" || status=$?
    [ -z "$made" ] || "${as_root[@]}" rm -f "$policy"
    return "$status"
}

# Installs the recorded packages from the distribution. Never asks for a password.
install_needed() {
    local as_root=() log
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "== installing ${missing[*]}" >&2
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update -q &&
        without_daemons env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "${0##*/}: install by hand: ${missing[*]} (Rust 1.90 or newer: https://rustup.rs)" >&2
        exit 2
    fi
    rm -f "$log"
}

# Packages that the tool needs to run from this tree, and that a release needs to build.
needs_of_a_release() {
    needs build-essential eval 'command -v cc && command -v make'
    needs ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
    needs git command -v git
    needs jq command -v jq
    needs nix-bin command -v nix-instantiate
    needs patch command -v patch
    needs rustup command -v cargo
}

# A rustup that was only just installed has no toolchain yet.
prepare_rust() {
    cargo --version >/dev/null 2>&1 ||
        { export RUSTUP_TOOLCHAIN=stable && rustup toolchain install stable --profile default; }
}

# Root on a machine without the Nix build users builds as root. Unlike ci/test, this may use the
# cache of nixpkgs.
prepare_nix_for_builds() {
    export NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG
}experimental-features = nix-command flakes"
    if [ "$(id -u)" -eq 0 ] && [ ! -S /nix/var/nix/daemon-socket/socket ]; then
        NIX_CONFIG+=$'\nbuild-users-group ='
    fi
}

# Sets the array `xtask` to the tool's command line. The tool runs in another tree than this one, so
# make its path absolute and share cargo's target directory.
prepare_xtask() {
    read -ra xtask <<<"${PNX_XTASK:-cargo xtask}"
    case ${xtask[0]} in
    */*) xtask[0]=$(realpath "${xtask[0]}") ;;
    esac
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
}

# drift OLD NEW FORMAT FILE [OPTION…]: writes one report of the current directory's tree. Succeeds
# whatever the verdict.
drift() {
    "${xtask[@]}" drift "$1" "$2" --format "$3" --fail-on never "${@:5}" >"$4"
}

# Writes the report in every format into DIR: report.md, .html, .json, .sarif. Prints the verdict.
drift_reports() {
    local old=$1 new=$2 directory=$3 level
    shift 3
    drift "$old" "$new" json "$directory/report.json" "$@" &&
        drift "$old" "$new" markdown "$directory/drift.md" "$@" &&
        drift "$old" "$new" html "$directory/report.html" "$@" &&
        drift "$old" "$new" sarif "$directory/report.sarif" "$@" || return 1
    level=$(jq -r .level "$directory/report.json") || return 1
    case $level in
    clean | moved | review | broken) printf '%s\n' "$level" ;;
    *)
        say "drift gave no level that is known: $level"
        return 1
        ;;
    esac
}

# Takes a screenshot of the HTML report if there is a browser; without one it does nothing.
screenshot() {
    local page=$1 picture=$2 browser
    browser=${PNX_BROWSER-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
    [ -n "$browser" ] || return 0
    # Chromium's sandbox needs namespaces that a container does not allow; the page is our own and
    # loads nothing.
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
        --user-data-dir="$(mktemp -d)" --window-size=1280,1600 --screenshot="$picture" "file://$page" \
        >/dev/null 2>&1 || say 'the browser made no picture of the report'
}

# Prints the releases in a directory whose names start with the prefix, oldest version first. Skips
# names that a shell or a forge could misread.
releases_of() {
    local directory=$1 prefix=$2 file name
    for file in "$directory/$prefix"*.toml; do
        [ -f "$file" ] || continue
        name=${file##*/}
        name=${name%.toml}
        ! is_version "${name#"$prefix"}" || printf '%s\n' "$name"
    done | sort -V
}

# Accepts a Debian version that is also safe as part of a branch name and a file name.
is_version() { [[ $1 =~ ^[0-9][0-9A-Za-z.+-]*$ ]] && [[ $1 != *..* && $1 != *. && ${#1} -le 40 ]]; }
is_newer() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$1" ]; }

# Sets an output of the job's step, if this runs in a job. Both forges use GitHub's names.
tell_job() { [ -z "${GITHUB_OUTPUT-}" ] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }
# A job's page holds 1 MiB; a step that writes more fails.
summarise() { [ -z "${GITHUB_STEP_SUMMARY-}" ] || shorten 900000 <"$1" >>"$GITHUB_STEP_SUMMARY"; }

# Cuts Markdown after a line so that it fits into that many bytes, closes open elements, and says
# how many lines it left out.
shorten() {
    LC_ALL=C awk -v limit="$1" '
        function count(text, what) { return gsub(what, "&", text) }
        {
            total++
            if (cut) next
            size += length($0) + 1
            if (size > limit) { cut = total; next }
            lines[total] = $0
            sizes[total] = size
        }
        END {
            # Keep space for the note and the closing tags.
            last = cut ? cut - 1 : total
            while (cut && last > 0 && sizes[last] > limit - 600) last--
            for (i = 1; i <= last; i++) {
                print lines[i]
                if (fence != "") {
                    if (index(lines[i], fence) && lines[i] ~ /^ *(```+|~~~+) *$/) fence = ""
                } else if (match(lines[i], /^ *(```+|~~~+)/)) {
                    fence = substr(lines[i], 1, RLENGTH)
                    gsub(/ /, "", fence)
                } else {
                    depth += count(lines[i], "<details") - count(lines[i], "</details>")
                }
            }
            if (!cut) exit
            if (fence != "") print fence
            for (i = 0; i < depth && i < 20; i++) print "</details>"
            printf "\n**The report is too long for this place: %d of its %d lines are left out.** ", total - last, total
            print "It is whole in the artifacts of the run that wrote it."
        }'
}
