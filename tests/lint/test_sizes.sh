#!/bin/sh
# shellcheck source=tests/lint/check.sh
. "$(dirname -- "$0")/check.sh"
sizes() {
    awk -f "$root/tests/lint/sizes.awk" "$@"
}
lines() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "    x();" }'; }
function_of() {
    printf 'int f(void)\n{\n'
    lines $(($1 - 2))
    printf '}\n'
}

put budget/sizes.budget </dev/null
lines 500 | put a.c
passes "500 lines are a file" sizes budget/sizes.budget a.c
lines 501 | put a.c
fails "501 lines are two files" sizes budget/sizes.budget a.c

function_of 60 | put f.c
passes "60 lines are a function" sizes budget/sizes.budget f.c
function_of 61 | put f.c
fails "61 lines are two functions" sizes budget/sizes.budget f.c
says "the function is named" "f.c:f has 61 lines"

echo "f.c:f 61" | put budget/sizes.budget
passes "what is excused passes at its budget" sizes budget/sizes.budget f.c
function_of 62 | put f.c
fails "what is excused may not grow" sizes budget/sizes.budget f.c
echo "f.c:f 70" | put budget/sizes.budget
fails "what shrank has its budget lowered" sizes budget/sizes.budget f.c

put budget/sizes.budget </dev/null
{
    echo 'local function g()'
    lines 60
    echo end
} | put g.lua
fails "a Lua function is measured too" sizes budget/sizes.budget g.lua
plan
