#!/bin/sh
# tenon-bench: which cases --case takes. usage: run_bench.sh BENCH
bench=$1

fail() {
    echo "$*" >&2
    exit 1
}

# same WHAT WORDS...: with these words the cases are those that stand in $expected.
same() {
    what=$1
    shift
    [ "$("$bench" --list "$@")" = "$expected" ] || fail "$what: not $expected"
}

# refused WORD WORDS...: wrong usage, with a sentence about WORD.
refused() {
    word=$1
    shift
    reason=$("$bench" "$@" 2>&1 >/dev/null)
    [ $? -eq 2 ] || fail "$*: not refused as wrong usage"
    case $reason in
    *"$word"*) ;;
    *) fail "$*: no word about $word: $reason" ;;
    esac
}

expected=$(printf '%s\n' pub/tcp/1/64 pub/tcp/9-0-slow/64 pub/tcp/9-1-slow/64 proxy/tcp/8-to-4)
same "commas between filters" --case slow/64,proxy/tcp,pub/tcp/1/64
same "an option that comes again" --case slow/64 --case proxy/tcp --case pub/tcp/1/64
same "a case that two filters name" --case slow --case 9-0,proxy/tcp,pub/tcp/1/64
[ -n "$("$bench" --list)" ] || fail "no cases"
refused nothing-like-it --list --case pub,nothing-like-it
refused nothing-like-it --case nothing-like-it --case pub
refused commas --list --case pub,
