#!/bin/sh
# shellcheck source=tests/lint/check.sh
. "$(dirname -- "$0")/check.sh"
words() {
    awk -f "$root/tests/lint/words.awk" "$@"
}

echo '    snprintf(a, n, "x"); my_gets(b); strtoll(c, &end, 10);' | put ok.c
passes "the good ones pass" words ok.c
while IFS='|' read -r name text; do
    printf '%s\n' "$text" | put bad.c
    fails "$name is caught" words bad.c
done <<'LIST'
sprintf|    sprintf(a, "x");
strcpy with a space|strcpy (a, b);
atoi in an argument|f(atoi(b));
strtok|    p = strtok(a, ",");
rand|int x = rand();
a task left|/* TODO: later */
a hidden mark|// XXX
half a feature|return "not implemented";
a path outside|see /work/notes.md
LIST
echo 'await gets(client, PONG);' | put ok.mjs
passes "another language's gets is no concern" words ok.mjs
echo 'strcpy(a, b); /* words: the size was checked above */' | put bad.c
passes "an exception with a reason is let through" words bad.c
plan
