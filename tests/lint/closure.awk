# The packages that come with those named in `roots`, from the machine's own
# package records: NAME|ESSENTIAL|PRIORITY|PROVIDES|DEPENDS a line. What every
# Debian has (essential or of priority required) counts as named.

function plain(text) {
    gsub(/\([^)]*\)|\[[^]]*\]|:[a-z0-9]+| /, "", text)
    return text
}

BEGIN {
    FS = "|"
    todo_count = split(roots, todo, " ")
}

{
    # The lists themselves hold `|` for alternatives, so the tail is rejoined.
    name = $1
    installed[name] = 1
    if ($2 == "yes" || $3 == "required") {
        todo[++todo_count] = name
    }
    n = split(plain($4), list, ",")
    for (i = 1; i <= n; i++) {
        provider[list[i]] = provider[list[i]] " " name
    }
    line = $5
    for (i = 6; i <= NF; i++) {
        line = line "|" $i
    }
    depends[name] = plain(line)
}

# Takes the first alternative that is here; a virtual one brings its providers.
function follow(clause,    alternatives, n, i, j, m, names) {
    n = split(clause, alternatives, "|")
    for (i = 1; i <= n; i++) {
        if (alternatives[i] in installed) {
            todo[++todo_count] = alternatives[i]
            return
        }
        if (alternatives[i] in provider) {
            m = split(provider[alternatives[i]], names, " ")
            for (j = 1; j <= m; j++) {
                todo[++todo_count] = names[j]
            }
            return
        }
    }
}

END {
    for (t = 1; t <= todo_count; t++) {
        name = todo[t]
        if (name in seen) {
            continue
        }
        seen[name] = 1
        print name
        n = split(depends[name], clauses, ",")
        for (i = 1; i <= n; i++) {
            follow(clauses[i])
        }
    }
}
