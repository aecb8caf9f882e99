#!/bin/sh
# `tenon info` and what it exits with. usage: info.sh TENON DIRECTORY-OF-FIXTURES
tenon=$1
fixtures=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# expect STATUS TEXT COMMAND...: the exit status, and a text in what it prints.
expect() {
    status=$1
    text=$2
    shift 2
    "$@" >"$tree/out" 2>&1
    got=$?
    [ "$got" -eq "$status" ] || fail "$*: exit status $got, not $status: $(cat "$tree/out")"
    grep -qF -- "$text" "$tree/out" || fail "$*: no \"$text\" in: $(cat "$tree/out")"
}

expect 0 good "$tenon" info --check "$fixtures/good.so"
expect 1 "the op \"send\" is missing" "$tenon" info --check "$fixtures/bad_op.so"
expect 1 "undefined symbol" "$tenon" info --check "$fixtures/bad_function.so"
expect 2 "it crashed" "$tenon" info --check "$fixtures/bad_abort.so"
expect 1 "No such file" "$tenon" info --check "$fixtures/none.so"
echo text >"$tree/text.so"
expect 1 "text.so" "$tenon" info --check "$tree/text.so"

mkdir "$tree/plugins.d"
cat >"$tree/plugins.d/50-good.conf" <<END
module = $fixtures/good.so
provides = pattern:good pattern:better
option.depth = 12
END
TENON_PLUGINS_D=$tree/plugins.d
export TENON_PLUGINS_D
expect 0 "50-good.conf" "$tenon" info
expect 0 "50-good.conf:3" "$tenon" info good
expect 0 "\"value\": \"12\"" "$tenon" info --json pattern:good
expect 0 "environment" "$tenon" info --search-path
expect 1 "did you mean" "$tenon" info pattern:goood
printf 'module = %s/bad_init.so\nprovides = pattern:bad_init\n' "$fixtures" \
    >"$tree/plugins.d/50-bad.conf"
expect 1 "zapper" "$tenon" info --failed
"$tenon" info --json | python3 -c 'import json, sys; json.load(sys.stdin)' || fail "not JSON"
