# The longest files and functions, and a ratchet: over the maximum fails, and
# what was excused in sizes.budget may shrink but not grow. Reads the budget
# first (`PATH LINES`), then C and Lua files.
#
# A C function runs from a `{` in the first column to the `}` there; a Lua one
# from an unindented `function` to the `end` under it.

BEGIN {
    FILE_LINES_MAX = 500
    FUNCTION_LINES_MAX = 60
}

FNR == 1 {
    file_ended()
    file = FILENAME
    start = 0
}

FILENAME ~ /sizes\.budget$/ {
    if ($0 !~ /^#/ && NF == 2) {
        budget[$1] = $2
    }
    next
}

{ lines = FNR }

FILENAME ~ /\.[ch]$/ {
    if ($0 ~ /^[A-Za-z_].*\(/) {
        name = $0
        if (name ~ /^TEST\(/) { # its name is its sentence
            sub(/^TEST\([^,]*, */, "", name)
            sub(/\).*/, "", name)
        } else {
            sub(/\(.*/, "", name)
            sub(/.*[ *]/, "", name)
        }
    }
    if ($0 ~ /^[{]/) {
        start = FNR
    } else if ($0 ~ /^}/ && start) {
        function_ended(FNR - start + 1)
    }
}

FILENAME ~ /\.lua$/ {
    if ($0 ~ /^(local )?function /) {
        name = $0
        sub(/^(local )?function /, "", name)
        sub(/\(.*/, "", name)
        start = FNR
    } else if ($0 ~ /^end/ && start) {
        function_ended(FNR - start + 1)
    }
}

function function_ended(len) {
    if (name != "") {
        remember("function", FILENAME ":" name, len, FUNCTION_LINES_MAX)
    }
    start = 0
    name = ""
}

function file_ended() {
    if (file != "" && file !~ /sizes\.budget$/) {
        remember("file", file, lines, FILE_LINES_MAX)
    }
}

function remember(kind, what, len, max) {
    printf "%-8s %5d %s\n", kind, len, what
    if (what in budget) {
        if (len > budget[what]) {
            fail(what " has grown to " len " lines, its budget is " budget[what])
        } else if (len <= max) {
            fail(what " fits by now: take it out of sizes.budget")
        } else if (len < budget[what]) {
            fail(what " shrank: lower its budget from " budget[what] " to " len)
        }
    } else if (len > max) {
        fail(what " has " len " lines, a " kind " may have " max)
    }
}

function fail(text) {
    print "FAIL " text
    bad = 1
}

END {
    file_ended()
    exit bad
}
