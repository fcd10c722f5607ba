# shellcheck shell=bash
# Runs and counts the checks of ci/test; sourced.

# The status of a check that could not run here. Its last line of output gives the reason.
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

# skip WHY: returns the status of a skipped check.
skip() {
    echo "   skipped: $*"
    return "$SKIPPED"
}

# Runs a command on each file of a list, so that it names every bad file.
each() {
    local status=0 count=0 file
    while IFS= read -r -d '' file; do
        count=$((count + 1))
        "$@" "$file" || status=1
    done
    echo "   $count files"
    [ "$count" -gt 0 ] && [ "$status" -eq 0 ]
}

# Perl prints one line about a good file. It may print warnings and still succeed, so compare its
# output.
perl_compiles() {
    local told status=0
    told=$(perl -c "$1" 2>&1) || status=$?
    [ "$status" -ne 0 ] || [ "$told" != "$1 syntax OK" ] || return 0
    printf '%s\n' "$told"
    return 1
}

# Prints how many tests of a `cargo test -- --show-output` log passed, failed and were skipped, as
# "P F S". A skipped test passes and prints a line `skipped: WHY`.
tests_of() {
    awk '
        /^---- .* stdout ----$/ { counted = 0 }
        /^skipped: / && !counted { s++; counted = 1 }
        /^test result:/ { for (i = 2; i <= NF; i++) { if ($i == "passed;") p += $(i-1); if ($i == "failed;") f += $(i-1) } }
        END { print p - s, f + 0, s + 0 }' "$1"
}

# Prints such a log without the output of the tests that passed.
without_outputs() {
    awk '/^successes:$/ { hidden = 1 } /^(failures:$|test result:)/ { hidden = 0 } !hidden { print; fflush() }'
}

# ends LOG: prints the failed and skipped checks, then the totals on one line. LOG is the log of the
# check `tests`: each of its tests counts as one, and the check itself does not count.
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
