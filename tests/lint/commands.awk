# The programs that shell scripts call: the first word of each command, and
# what is started on behalf of others (exec, env, timeout, sudo, xargs).
# Prints words; deps.sh keeps those that are programs.

function first_word(text,    n, words, i) {
    n = split(text, words, /[ \t]+/)
    for (i = 1; i <= n; i++) {
        if (words[i] == "" || words[i] ~ /^[A-Za-z_]+=/ || words[i] ~ /^(if|then|else|elif|do|while|until|!|\{|\(|"?\$\()$/) {
            continue
        }
        gsub(/["'`]/, "", words[i])
        if (words[i] ~ /^(exec|env|timeout|command|xargs|steady|tap|check|nice|taskset)$/) {
            print words[i]
            continue
        }
        if (words[i] ~ /^-/ || words[i] ~ /^[0-9]/ || words[i] ~ /^\$/) {
            continue
        }
        if (words[i] ~ /^[a-z][a-z0-9_.+-]*$/) {
            print words[i]
        }
        return
    }
}

FNR == 1 { heredoc = "" }

heredoc != "" {
    if ($0 == heredoc) {
        heredoc = ""
    }
    next
}

/^[ \t]*#/ { next }

{
    if (match($0, /<<-?'?[A-Z]+'?/)) {
        heredoc = substr($0, RSTART, RLENGTH)
        gsub(/[<'-]/, "", heredoc)
    }
    line = $0
    sub(/^[ \t]*[a-z*|" -]+\)[ \t]/, "", line) # a case label
    gsub(/\$\(/, "\n", line)
    gsub(/\|\||&&|[;|]/, "\n", line)
    n = split(line, parts, "\n")
    for (p = 1; p <= n; p++) {
        first_word(parts[p])
    }
}
