#!/bin/sh
# The checkers are checked: each must catch what it is there for.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

for test in tests/lint/test_*.sh; do
    tap "$test" sh "$test"
done
