#!/bin/sh
# Each fuzz target for a short while, starting from the kept corpus.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

fuzz_s=${FUZZ_S:-10}
[ -z "${SOAK:-}" ] || fuzz_s=600

built fuzz fuzz
for source in tests/fuzz/fuzz_*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    corpus=tests/fuzz/corpus/$name
    [ -d "$corpus" ] || corpus=tests/fuzz/corpus/${name#fuzz_}
    [ -d "$corpus" ] || corpus=
    dict=tests/fuzz/$name.dict
    # What it finds new stays out of the kept corpus until somebody adds it.
    work=build/fuzz/found/$name
    mkdir -p "$work"
    set -- -max_total_time="$fuzz_s" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="$work." -print_final_stats=1
    [ ! -f "$dict" ] || set -- "$@" -dict="$dict"
    # shellcheck disable=SC2086 # one word or none
    if steady "build/fuzz/$name" "$@" "$work" $corpus >"build/test-logs/$name.log" 2>&1; then
        printf 'ok - %s\n' "$name"
    else
        tail -n 60 "build/test-logs/$name.log"
        printf 'not ok - %s\n' "$name"
    fi
done
