#!/bin/sh
# The C unit tests, under the address and undefined behaviour sanitizers.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

built asan unit
unit_tests build/asan .
