# shellcheck shell=bash
# How ci/test runs, counts and ends its checks; sourced.

# What a check returns that could not be made here. Why it says on its last line.
readonly SKIPPED=77

passed=0
failed=()
skipped=()
# check NAME COMMAND…
check() {
    local name=$1 start=$SECONDS status=0
    shift
    echo "== $name"
    "$@" || status=$?
    case $status in
    0) passed=$((passed + 1)) ;;
    "$SKIPPED")
        skipped+=("$name")
        echo "== $name SKIPPED"
        ;;
    *)
        failed+=("$name")
        echo "== $name FAILED"
        ;;
    esac
    echo "   $((SECONDS - start)) s"
}

# skip WHY: the status of a check that is left out.
skip() {
    echo "   skipped: $*"
    return "$SKIPPED"
}

# Gives each file of a list to a command of its own, so that every bad one is named.
each() {
    local status=0 count=0 file
    while IFS= read -r -d '' file; do
        count=$((count + 1))
        "$@" "$file" || status=1
    done
    echo "   $count files"
    [ "$count" -gt 0 ] && [ "$status" -eq 0 ]
}

# Perl says of a whole file one line, and more where something is wrong with it, which it may do and succeed.
perl_compiles() {
    local told status=0
    told=$(perl -c "$1" 2>&1) || status=$?
    [ "$status" -ne 0 ] || [ "$told" != "$1 syntax OK" ] || return 0
    printf '%s\n' "$told"
    return 1
}

# How many tests of a log of `cargo test -- --show-output` passed, failed, and passed without having been made, which they
# say by a line `skipped: WHY`: "P F S".
tests_of() {
    awk '
        /^---- .* stdout ----$/ { counted = 0 }
        /^skipped: / && !counted { s++; counted = 1 }
        /^test result:/ { for (i = 2; i <= NF; i++) { if ($i == "passed;") p += $(i-1); if ($i == "failed;") f += $(i-1) } }
        END { print p - s, f + 0, s + 0 }' "$1"
}

# Such a log as it is read: what tests that passed have said is left out.
without_outputs() {
    awk '/^successes:$/ { hidden = 1 } /^(failures:$|test result:)/ { hidden = 0 } !hidden { print; fflush() }'
}

# ends LOG: what failed and what was skipped, then all in one line; the log is that of the check `tests`, whose tests are
# counted one by one and are not one check more.
ends() {
    local name tests_passed=0 tests_failed=0 tests_skipped=0 checks_failed=${#failed[@]} checks_passed=$passed
    [ ! -f "$1" ] || read -r tests_passed tests_failed tests_skipped < <(tests_of "$1")
    [ "$tests_skipped" -eq 0 ] ||
        awk '/^skipped: / && !told[$0]++ { print "skipped in tests: " substr($0, 10) }' "$1"
    for name in "${skipped[@]}"; do echo "skipped: $name"; done
    for name in "${failed[@]}"; do echo "failed: $name"; done
    case " ${failed[*]-} " in
    *' tests '*) [ "$tests_failed" -eq 0 ] || checks_failed=$((checks_failed - 1)) ;;
    *) [ ! -f "$1" ] || checks_passed=$((checks_passed - 1)) ;;
    esac
    echo "$((tests_passed + checks_passed)) passed, $((tests_failed + checks_failed)) failed," \
        "$((tests_skipped + ${#skipped[@]})) skipped"
    [ "${#failed[@]}" -eq 0 ]
}
