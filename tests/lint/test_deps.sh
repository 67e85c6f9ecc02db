#!/bin/sh
# shellcheck source=tests/lint/check.sh
. "$(dirname -- "$0")/check.sh"

printf '%s\n' 'base|yes|required||' 'app-dev|no|optional||libapp (= 1) | other, virtual-x' \
    'libapp|no|optional||' 'x-one|no|optional|virtual-x (= 2)|' 'stray|no|optional||' | put records
closure() {
    awk -v roots=app-dev -f "$root/tests/lint/closure.awk" records
}
passes "the closure is computed" closure
for package in base app-dev libapp x-one; do
    says "$package comes along" "$package"
done
lacks "what nobody needs does not" stray

cat <<'SCRIPT' | put script.sh
#!/bin/sh
# comment-word is not called
if one --flag; then two | three && exec four x; fi
VAR=1 five "$(six y)" || timeout 3 seven
cat <<END
not-a-command
END
SCRIPT
passes "commands are found" awk -f "$root/tests/lint/commands.awk" script.sh
for word in one two three four five six seven; do
    says "$word is a command" "$word"
done
lacks "a comment is not" comment-word
lacks "a here-document is not" not-a-command

# Without a single package installed, everything is missing but what the
# machine provides by other ways.
mkdir -p "$work/dpkg/info" "$work/dpkg/updates"
put dpkg/status </dev/null
fails "an empty machine lacks packages" env DPKG_ADMINDIR="$work/dpkg" "$root/mesh" deps --check
for package in gcc cmake libuv1-dev libwebsockets-dev liblua5.4-dev clang lua-check; do
    says "$package is asked for" "$package"
done
plan
