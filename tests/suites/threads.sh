#!/bin/sh
# What several threads share, under the thread sanitizer.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/suites/common.sh

# The folders where threads meet.
folders='^unit/(host/)?(loop|session|net|storage|lua)/'

built tsan all unit
unit_tests build/tsan "$folders"
