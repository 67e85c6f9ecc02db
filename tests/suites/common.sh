# shellcheck shell=sh
# Shared by the suites, which stand in the project's root.

root=$(pwd)
test_s_max=${TEST_S_MAX:-120}
[ -z "${SOAK:-}" ] || test_s_max=3600

export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0"
export UBSAN_OPTIONS="print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
if [ -f tests/suites/tsan.supp ]; then
    TSAN_OPTIONS="$TSAN_OPTIONS:suppressions=$root/tests/suites/tsan.supp"
fi
if [ -f tests/suites/lsan.supp ]; then
    export LSAN_OPTIONS="suppressions=$root/tests/suites/lsan.supp:print_suppressions=0"
fi

# Clang 14's sanitizers want their shadow where newer kernels may put a random
# mapping, so their programs run without address randomization.
steady() {
    if setarch "$(uname -m)" -R true 2>/dev/null; then
        setarch "$(uname -m)" -R "$@"
    else
        "$@"
    fi
}

# tap NAME COMMAND...: runs a program that prints TAP. One that dies, hangs or
# tests nothing is a failure even if it printed none.
tap() {
    tap_name=$1
    shift
    tap_out=build/test-logs/tap.out
    steady timeout "$test_s_max" "$@" >"$tap_out" 2>&1
    tap_status=$?
    sed "s|^\(not ok\|ok\) \([0-9]* *-* *\)|\1 \2$tap_name: |" "$tap_out"
    if [ $tap_status -ne 0 ] && ! grep -q '^not ok' "$tap_out"; then
        printf 'not ok - %s: exit status %s\n' "$tap_name" "$tap_status"
    elif ! grep -q -e '^ok' -e '^not ok' "$tap_out"; then
        printf 'not ok - %s: no test in it\n' "$tap_name"
    fi
}

# check NAME COMMAND...: one test that is a command's exit status.
check() {
    check_name=$1
    shift
    if "$@"; then
        printf 'ok - %s\n' "$check_name"
    else
        printf 'not ok - %s\n' "$check_name"
    fi
}

# built KIND TARGET...: what a suite needs, quick when it is there already.
# KIND is release, asan, tsan or fuzz.
built() {
    built_kind=--$1
    shift
    [ "$built_kind" != --release ] || built_kind=
    # shellcheck disable=SC2086 # one word or none
    if ! ./mesh build $built_kind "$@" >build/test-logs/build.out 2>&1; then
        cat build/test-logs/build.out
        return 1
    fi
}

# unit_tests FOLDER PATTERN: the unit tests of one build whose path matches.
unit_tests() {
    grep -E "$2" "$1/unit-tests.txt" | while read -r unit_path; do
        if [ -x "$1/$unit_path" ]; then
            CMOCKA_MESSAGE_OUTPUT=TAP tap "${unit_path#unit/}" "$1/$unit_path" </dev/null
        else
            printf 'not ok - %s: does not compile\n' "${unit_path#unit/}"
        fi
    done
}

node_packages() {
    newest=tests/node_modules/.package-lock.json
    [ -f $newest ] && [ -z "$(find tests/package-lock.json -newer $newest)" ] && return 0
    (cd tests && npm ci --no-audit --no-fund --ignore-scripts)
}

# node_tests FILE...: node's own runner, counted by its summary.
node_tests() {
    node_out=build/test-logs/node.out
    steady node --test --test-reporter=tap "$@" >"$node_out" 2>&1
    node_status=$?
    awk -v status=$node_status '
        /^# (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) / { n[$2] = $3 }
        # The tree of results is told by failures alone.
        /^ *ok / || /^ *(duration_ms|type):/ || /^ *(---|\.\.\.)$/ { next }
        /^ *# Subtest/ || /^ *[0-9]+\.\.[0-9]+$/ { next }
        { sub(/^not ok/, " not ok"); print }
        END {
            failed = n["fail"] + n["cancelled"]
            if (status != 0 && failed == 0) failed = 1
            printf "%d passed, %d failed\n", n["pass"], failed
        }' "$node_out"
}
