#!/bin/sh
# The built program from outside, through clients that are not ours.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

files=$(find tests/blackbox -maxdepth 1 -name '*.test.mjs' 2>/dev/null | sort)
[ -z "${SOAK:-}" ] || files="$files $(find tests/blackbox -maxdepth 1 -name '*.soak.mjs' | sort)"
[ -n "$files" ] || exit 0

built asan all
node_packages || exit 1
export CHATTERMESH_BIN="$root/build/asan/chattermesh"
# shellcheck disable=SC2086 # a list of words
node_tests $files
