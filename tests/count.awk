# Counts one suite's output: TAP lines, or the last `N passed, N failed` if
# there is one. A suite that dies without naming a failure counts as one.
# Prints "PASSED FAILED".
/^ok / || /^ok$/ { ok++ }
/^not ok/ { not_ok++ }
/^[0-9]+ passed, [0-9]+ failed$/ {
    said = 1
    said_ok = $1
    said_not_ok = $3
}
/^suite exit status / { status = $4 }
END {
    if (said) {
        ok = said_ok
        not_ok = said_not_ok
    }
    if (status != 0 && not_ok == 0) {
        not_ok = 1
    }
    print ok + 0, not_ok + 0
}
