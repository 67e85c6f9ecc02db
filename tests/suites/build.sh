#!/bin/sh
# Every way we build it compiles without a warning.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

check "release build with gcc" built release all checks
check "address and undefined behaviour build with clang" built asan all checks
check "thread sanitizer build with clang" built tsan all checks
check "fuzz targets with clang" built fuzz checks
