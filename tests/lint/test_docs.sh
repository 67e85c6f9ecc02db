#!/bin/sh
# shellcheck disable=SC2016 # backquotes belong to the pages
# shellcheck source=tests/lint/check.sh
. "$(dirname -- "$0")/check.sh"
mkdir -p "$work/tests/lint"
cp tests/lint/docs.awk tests/lint/docs.sh "$work/tests/lint/"

echo x | put host/main.c
printf 'Start at `host/main.c`, see [the folder](host/) and `make it`.\n' | put README.md
passes "a page may name what is there" tests/lint/docs.sh README.md
printf 'one\n`host/gone.c`\n' | put README.md
fails "a page may not name what is gone" tests/lint/docs.sh README.md
says "the page, line and path are told" "README.md:2: names host/gone.c"
printf '[x](other.md)\n' | put host/README.md
fails "a link is relative to its page" tests/lint/docs.sh host/README.md
printf '[x](main.c) [y](https://example.org/z) [z](#here)\n' | put host/README.md
passes "links to elsewhere are left alone" tests/lint/docs.sh host/README.md
plan
