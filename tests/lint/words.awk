# Words that may not stand in the project, each with what to use instead. A
# line that says `words: REASON` is let through.

function ban(pattern, instead) {
    banned[++count] = pattern
    advice[count] = instead
}

BEGIN {
    edge = "(^|[^A-Za-z0-9_])"
    ban(edge "(sprintf|vsprintf|strcpy|strcat|stpcpy)[ \t]*\\(", "snprintf or buf_append_format")
    ban(edge "(strncpy|strncat)[ \t]*\\(", "memcpy with a checked length")
    ban(edge "gets[ \t]*\\(", "fgets")
    ban(edge "(atoi|atol|atoll|atof)[ \t]*\\(", "strtol and its end pointer")
    ban(edge "strtok[ \t]*\\(", "a slice (struct bytes)")
    ban(edge "(rand|srand|random)[ \t]*\\([^)]*\\);", "host/crypto/random.h")
    ban(edge "(TODO|FIXME|XXX|HACK)([^A-Za-z0-9_]|$)", "do it, or write an issue")
    ban("[Nn]ot implemented", "a finished feature or none")
    ban("(^|[^a-zA-Z0-9._/])/(work|farm)/", "a path inside the project")
    ban("\\.\\./shared", "a copy inside the project")
    ban("registry\\.npmjs\\.org", "no registry host: see tests/.npmrc")
}

!/words: [^ ]/ {
    for (i = 1; i <= count; i++) {
        if ($0 ~ banned[i]) {
            printf "%s:%d: banned, use %s: %s\n", FILENAME, FNR, advice[i], $0
            bad = 1
        }
    }
}

END { exit bad }
