#!/bin/sh
# Whatever the code includes or the scripts call must come with a package that
# `./mesh deps --list` names, or with every Debian. It asks this machine's
# package records, so it says nothing on another system.
set -u

command -v dpkg-query >/dev/null || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

records() {
    dpkg-query -W -f '${db:Status-Status}|${Package}|${Essential}|${Priority}|${Provides}|${Pre-Depends}, ${Depends}\n' |
        sed -n 's/^installed|//p'
}

# closure GROUP...: the packages that those groups bring.
closure() {
    groups=$(printf '%s|' "$@")
    roots=$(./mesh deps --list | sed -n -E "s/^(${groups%|}): //p" | tr '\n' ' ')
    awk -v roots="$roots" -f tests/lint/closure.awk "$work/records" | sort -u
}

# owners FILE: the packages a file may be recorded under, with /usr merged or not.
owners() {
    real=$(readlink -f "$1")
    dpkg-query -S "$1" "${1#/usr}" "$real" "${real#/usr}" 2>/dev/null |
        grep -v '^diversion' | sed 's/: .*//; s/:[a-z0-9]*//g; s/, */\n/g' | sort -u
}

# demand WHAT FILE CLOSURE: complains unless an owner of the file is in there.
demand() {
    list=$(owners "$2")
    [ -n "$list" ] || return 0 # not from a package: this machine's own affair
    if ! printf '%s\n' "$list" | grep -q -x -F -f "$3"; then
        printf '%s comes from %s, which ./mesh deps does not list\n' "$1" \
            "$(printf '%s' "$list" | tr '\n' ' ')"
        bad=1
    fi
}

include_path() {
    gcc -E -Wp,-v -xc /dev/null 2>&1 | sed -n 's/^ \(\/.*\)/\1/p'
    pkg-config --cflags-only-I libuv libwebsockets libsodium sqlite3 libcurl lua5.4 |
        tr ' ' '\n' | sed -n 's/^-I//p'
}

# headers CLOSURE FOLDER...
headers() {
    allowed=$1
    shift
    find "$@" -name node_modules -prune -o -name '*.[ch]' \
        -exec sed -n 's/^[ \t]*#[ \t]*include[ \t]*<\([^>]*\)>.*/\1/p' {} + | sort -u >"$work/headers"
    while read -r header; do
        while read -r folder; do
            if [ -f "$folder/$header" ]; then
                demand "<$header>" "$folder/$header" "$allowed"
                break
            fi
        done <"$work/path"
    done <"$work/headers"
}

# commands CLOSURE SCRIPT...
commands() {
    allowed=$1
    shift
    awk -f tests/lint/commands.awk "$@" | sort -u >"$work/commands"
    while read -r name; do
        # Debian has some awk from the first day, whichever it is.
        [ "$name" != awk ] || continue
        program=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$name") || continue
        case $program in
        /*) demand "$name" "$program" "$allowed" ;;
        esac
    done <"$work/commands"
}

records >"$work/records"
closure build >"$work/build"
closure build test >"$work/test"
closure build test lint >"$work/lint"
include_path >"$work/path"

headers "$work/build" host lua storage
headers "$work/test" tests
commands "$work/test" tests/run tests/suites/*.sh
commands "$work/lint" .ci/run tests/lint/run tests/lint/*.sh
# sudo is used where it exists; the rest of mesh serves every group.
sed 's/^.*sudo.*$//' mesh >"$work/mesh"
commands "$work/lint" "$work/mesh"
for script in tests/*/run; do
    [ "$script" = tests/lint/run ] || commands "$work/test" "$script"
done
exit $bad
