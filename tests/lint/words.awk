# Words that may not stand in the project, each with what to use instead. A
# line that says `words: REASON` is let through.

function ban(pattern, instead) {
    banned[++count] = pattern
    advice[count] = instead
}

# Elsewhere than in C the same name may be an honest function.
function ban_in_c(pattern, instead) {
    ban(edge pattern, instead)
    in_c[count] = 1
}

BEGIN {
    edge = "(^|[^A-Za-z0-9_])"
    ban_in_c("(sprintf|vsprintf|strcpy|strcat|stpcpy)[ \t]*\\(", "snprintf or buf_append_format")
    ban_in_c("(strncpy|strncat)[ \t]*\\(", "memcpy with a checked length")
    ban_in_c("gets[ \t]*\\(", "fgets")
    ban_in_c("(atoi|atol|atoll|atof)[ \t]*\\(", "strtol and its end pointer")
    ban_in_c("strtok[ \t]*\\(", "a slice (struct bytes)")
    ban_in_c("(rand|srand|random)[ \t]*\\([^)]*\\);", "host/crypto/random.h")
    ban(edge "(TODO|FIXME|XXX|HACK)([^A-Za-z0-9_]|$)", "do it, or write an issue")
    ban("[Nn]ot implemented", "a finished feature or none")
    ban("(^|[^a-zA-Z0-9._/])/(work|farm)/", "a path inside the project")
    ban("\\.\\./shared", "a copy inside the project")
    ban("registry\\.npmjs\\.org", "no registry host: see tests/.npmrc")
}

!/words: [^ ]/ {
    for (i = 1; i <= count; i++) {
        if ($0 ~ banned[i] && (!(i in in_c) || FILENAME ~ /\.[ch]$/)) {
            printf "%s:%d: banned, use %s: %s\n", FILENAME, FNR, advice[i], $0
            bad = 1
        }
    }
}

END { exit bad }
