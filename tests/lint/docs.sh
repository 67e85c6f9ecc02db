#!/bin/sh
# A README may only name what is there. Arguments: the pages.
set -u
bad=0
for line in $(awk -f tests/lint/docs.awk "$@" | tr ' ' '|'); do
    if [ ! -e "${line#*|}" ]; then
        printf '%s: names %s, which does not exist\n' "${line%%|*}" "${line#*|}"
        bad=1
    fi
done
exit $bad
