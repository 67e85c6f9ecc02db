# shellcheck shell=sh
# For the checkers' own tests: a scratch folder and TAP.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
# shellcheck disable=SC2034 # the tests use it
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0

# put PATH: standard input becomes a file of the scratch project.
put() {
    mkdir -p "$work/$(dirname "$1")"
    cat >"$work/$1"
}

report() {
    count=$((count + 1))
    printf '%s %d - %s\n' "$1" "$count" "$2"
}

# passes NAME COMMAND..., fails NAME COMMAND...: run in the scratch project.
passes() {
    name=$1
    shift
    if (cd "$work" && "$@") >"$work/.out" 2>&1; then
        report ok "$name"
    else
        report "not ok" "$name"
        sed 's/^/# /' "$work/.out"
    fi
}

fails() {
    name=$1
    shift
    if (cd "$work" && "$@") >"$work/.out" 2>&1; then
        report "not ok" "$name"
    else
        report ok "$name"
    fi
}

# says NAME TEXT: the last command's output holds the text.
says() {
    if grep -q -F -e "$2" "$work/.out"; then
        report ok "$1"
    else
        report "not ok" "$1"
        sed 's/^/# /' "$work/.out"
    fi
}

# lacks NAME TEXT: the last command's output does not.
lacks() {
    if grep -q -F -e "$2" "$work/.out"; then
        report "not ok" "$1"
    else
        report ok "$1"
    fi
}

plan() {
    printf '1..%d\n' "$count"
}
