#!/bin/sh
# Plugin specs in busted, against the real runtime in meshtest.so.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

specs=$(find tests/specs plugins/*/spec sdk/*/spec examples/*/spec -name '*_spec.lua' 2>/dev/null | sort)
[ -n "$specs" ] || exit 0

built asan checks
[ -f build/asan/meshtest.so ] || {
    echo "not ok - meshtest.so was not built"
    exit 1
}
# The interpreter is Debian's, so the sanitizer has to come in before it.
asan=$(clang -print-file-name="libclang_rt.asan-$(uname -m).so")
# The module is unmapped before leaks are looked for, so all that it holds would be one. What the program
# leaks the unit and black-box suites see.
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
export LUA_PATH="$root/tests/harness/?.lua;$root/?.lua;;"
export LUA_CPATH="$root/build/asan/?.so;;"
for spec in $specs; do
    tap "$spec" env LD_PRELOAD="$asan" lua5.4 /usr/bin/busted -o TAP "$spec"
done
