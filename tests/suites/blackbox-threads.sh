#!/bin/sh
# Black-box tests whose name says threads, again under the thread sanitizer.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

files=$(find tests/blackbox -maxdepth 1 -name '*threads*.test.mjs' 2>/dev/null | sort)
[ -n "$files" ] || exit 0

built tsan all
node_packages || exit 1
export CHATTERMESH_BIN="$root/build/tsan/chattermesh"
# shellcheck disable=SC2086 # a list of words
node_tests $files
