#!/bin/sh
# What several threads share, under the thread sanitizer.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

# Where threads meet. A cell belongs to one thread, so of lua/ only what starts some: the sanitizer
# also holds back the timer's signal, which ends endless loops, until the next system call.
folders='^unit/((host/)?(loop|session|net|storage)/|lua/test_[a-z_]*threads)'

built tsan all unit
unit_tests build/tsan "$folders"
