# The paths that a page names: `host/base/buf.h` in backquotes and the targets
# of relative links. Prints `PAGE:LINE PATH`; docs.sh looks whether they exist.

FNR == 1 { fenced = 0 }

/^ *```/ {
    fenced = !fenced
    next
}

fenced { next }

{
    rest = $0
    while (match(rest, /`[^`]+`/)) {
        word = substr(rest, RSTART + 1, RLENGTH - 2)
        rest = substr(rest, RSTART + RLENGTH)
        if (word ~ /^(host|lua|plugins|storage|sdk|examples|tests|\.ci)\/[A-Za-z0-9_.\/-]*$/) {
            printf "%s:%d %s\n", FILENAME, FNR, word
        }
    }
    rest = $0
    while (match(rest, /\]\([^)#: ]+[)#]/)) {
        word = substr(rest, RSTART + 2, RLENGTH - 3)
        rest = substr(rest, RSTART + RLENGTH)
        folder = FILENAME
        if (!sub(/\/[^\/]*$/, "/", folder)) {
            folder = ""
        }
        printf "%s:%d %s\n", FILENAME, FNR, (word ~ /^\// ? substr(word, 2) : folder word)
    }
}
