#!/bin/sh
# The sum at the end must not hide a failure.
# shellcheck source=tests/lint/check.sh
. "$(dirname -- "$0")/check.sh"
mkdir -p "$work/tests/suites"
cp tests/run tests/count.awk "$work/tests/"
suite() {
    {
        echo '#!/bin/sh'
        cat
    } | put "tests/suites/$1.sh"
    chmod +x "$work/tests/suites/$1.sh"
}
last() { tail -n 1 "$work/.out" >"$work/.last" && mv "$work/.last" "$work/.out"; }

printf 'echo "ok 1 - a"\necho "ok 2 - b"\n' | suite tap
passes "a suite of TAP passes" tests/run
last
says "it counts its lines" "2 passed, 0 failed"

echo 'echo "40 passed, 0 failed"' | suite sums
passes "two suites pass" tests/run
last
says "they are added up" "42 passed, 0 failed"

echo 'echo "ok 1 - a"; echo "not ok 2 - b"' | suite bad
fails "a failed test fails the run" tests/run
says "the failed test is shown" "not ok 2 - b"
last
says "it is counted" "43 passed, 1 failed"

echo 'echo "ok 1 - a"; kill -9 $$' | suite bad
fails "a suite that dies fails the run" tests/run
last
says "its death is counted" "43 passed, 1 failed"

rm "$work"/tests/suites/*
fails "a run without a test fails" tests/run
fails "an unknown suite fails" tests/run nosuch
plan
