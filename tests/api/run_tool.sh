#!/bin/sh
# The peers of the command against each other, and what wrong use of it gets.
#
#   run_tool.sh TENON
set -eu

tenon=$1
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tenon-tool.XXXXXX")
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || :; done; rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

limit='--timeout 20000'
at() { echo "ipc://$tmp/$1.ipc"; }
fail() { echo "$*"; exit 1; }

# background NAME ARGUMENT...
background() {
    name=$1
    shift
    "$tenon" "$@" >"$tmp/$name" 2>"$tmp/$name.err" &
    pids="$pids $!"
    eval "pid_$name=$!"
}

join() {
    eval "pid=\$pid_$1"
    wait "$pid" || fail "$1 failed: $(cat "$tmp/$1.err")"
}

# expect NAME TEXT: the whole of its output
expect() {
    printf '%s\n' "$2" | cmp -s - "$tmp/$1" && return
    fail "$1 printed \"$(cat "$tmp/$1")\", not \"$2\" ($(cat "$tmp/$1.err"))"
}

# refuse CODE ARGUMENTS WORDS: exit code, and words of the sentence
refuse() {
    code=0
    "$tenon" $2 </dev/null >"$tmp/out" 2>"$tmp/err" || code=$?
    [ "$code" -eq "$1" ] || fail "tenon $2: exit $code, not $1: $(cat "$tmp/err")"
    grep -q -- "$3" "$tmp/err" || fail "tenon $2: \"$(cat "$tmp/err")\" does not say \"$3\""
}

# Requests and replies.
background rep rep --bind "$(at rr)" --reply World --count 3 $limit
printf 'a\nb\nc\n' | "$tenon" req --connect "$(at rr)" $limit >"$tmp/req" 2>"$tmp/req.err"
expect req 'World
World
World'
join rep
background rep rep --bind "$(at exec)" --exec 'tr a-z A-Z' --count 2 $limit
printf 'hello\nworld\n' | "$tenon" req --connect "$(at exec)" $limit >"$tmp/req" 2>"$tmp/req.err"
expect req 'HELLO
WORLD'
join rep
background rep rep --bind "$(at echo)" --echo --count 1 $limit
"$tenon" req --connect "$(at echo)" --data 'one|two' --delimiter '|' --count 1 $limit \
    >"$tmp/req" 2>"$tmp/req.err"
expect req 'one|two'
join rep

# A pipeline, in each format.
background pull pull --bind "$(at text)" --count 2 $limit
printf 'tab\\x09 and \\\\\nlast without newline' | "$tenon" push --connect "$(at text)" $limit
join pull
expect pull 'tab\x09 and \\
last without newline'
background pull pull --bind "$(at hex)" --format hex --delimiter ' ' --count 1 $limit
echo '00ff 616263' | "$tenon" push --connect "$(at hex)" --format hex --delimiter ' ' $limit
join pull
expect pull '00ff 616263'
background pull pull --bind "$(at json)" --format json --count 1 $limit
printf '%s\n' '["a\u00e9\n", "", {"hex": "00ff"}]' | "$tenon" push --connect "$(at json)" --format json $limit
join pull
expect pull '["aé\u000a","",{"hex":"00ff"}]'
head -c 300000 /dev/urandom >"$tmp/file"
background pull pull --bind "$(at raw)" --format raw --count 1 $limit
"$tenon" push --connect "$(at raw)" --format raw $limit <"$tmp/file"
join pull
cmp "$tmp/file" "$tmp/pull"

# Publishing.
background sub sub --connect "$(at feed)" --subscribe b --count 2 --delimiter ' ' $limit
printf 'x\ny\n' | "$tenon" pub --bind "$(at feed)" --topic b --wait-peers 1 $limit
join sub
expect sub 'b x
b y'

# Independent directions.
background router router --bind "$(at dealer)" --format hex --delimiter ' ' --count 1 $limit
"$tenon" dealer --connect "$(at dealer)" --opt routing_id=D --data hello --timeout 2000
join router
expect router '44 68656c6c6f'
background pair pair --bind "$(at pair)" --count 1 $limit
printf 'ping\n' | "$tenon" pair --connect "$(at pair)" --timeout 2000 >"$tmp/out" 2>&1
join pair
expect pair 'ping'

# A proxy that a signal ends.
background proxy proxy --frontend "router:$(at front)" --backend "dealer:bind:$(at back)"
background rep rep --connect "$(at back)" --reply through --count 1 $limit
"$tenon" req --connect "$(at front)" --data x --count 1 $limit >"$tmp/req" 2>"$tmp/req.err"
expect req 'through'
join rep
kill -TERM "$pid_proxy"
join proxy

# The real address is told, and a signal ends a peer.
background pull pull --bind 'tcp://127.0.0.1:*'
tries=0
until grep -q 'listening at tcp://127.0.0.1:[0-9]' "$tmp/pull.err"; do
    tries=$((tries + 1))
    [ "$tries" -lt 2000 ] || fail "no address: $(cat "$tmp/pull.err")"
    sleep 0.01
done
kill -INT "$pid_pull"
join pull

# Wrong use: 2 and a sentence. Failure: 1 and the library's sentence.
refuse 2 '' 'command is missing'
refuse 2 'pubb' 'no command "pubb"'
refuse 2 'pub' 'give --bind or --connect'
refuse 2 'pub --bnd x' '--bnd'
refuse 2 'pub --bind' 'needs a value'
refuse 2 'pull --bind tcp://*:* --count many' '--count takes a number'
refuse 2 'pull --bind tcp://*:* --format xml' 'text, raw, hex or json'
refuse 2 'push --bind tcp://*:* --topic x' 'tenon pub'
refuse 2 'rep --bind tcp://*:* --echo --reply x' 'only one of'
refuse 2 'proxy --frontend router:tcp://*:*' 'both needed'
refuse 2 'proxy --frontend nonsense --backend x' 'PATTERN:ENDPOINT'
refuse 1 'pull --bind tcpp://*:*' '"tcp"'
refuse 1 'pull --bind tcp://*:* --opt rcvhmw=1' 'rcvhwm'
refuse 1 'pull --bind tcp://127.0.0.1:* --count 1 --timeout 10' 'nothing moved'
refuse 1 'req --connect tcp://127.0.0.1:1 --data x --timeout 10' 'nothing moved'

# Keys: 40 characters each, secrets for the owner alone, nothing overwritten.
if [ "${WITHOUT_CURVE:-}" ]; then
    refuse 1 keygen 'libsodium-dev'
else
    key=$("$tenon" keygen) || fail 'keygen'
    echo "$key" | grep -Eq '^public = .{40}$' || fail "keygen: $key"
    echo "$key" | grep -Eq '^secret = .{40}$' || fail "keygen: $key"
    "$tenon" keygen --output "$tmp/server" || fail 'keygen --output'
    [ "$(stat -c %a "$tmp/server.key")" = 600 ] || fail 'the secret key is not for its owner alone'
    refuse 1 "keygen --output $tmp/server" 'exists'
fi
"$tenon" keygen --certificate localhost --days 2 --output "$tmp/host" || fail 'keygen --certificate'
[ "$(stat -c %a "$tmp/host.key")" = 600 ] || fail 'the key is not for its owner alone'
grep -q 'BEGIN CERTIFICATE' "$tmp/host.crt" || fail 'no certificate'
refuse 2 'keygen --days 0' '--days takes'

for command in pub sub push pull pair req rep dealer router proxy; do
    "$tenon" "$command" --help | grep -q Examples || fail "$command --help has no examples"
done
"$tenon" help | grep -q proxy || fail 'help lists no proxy'
"$tenon" help req | grep -q 'Usage: tenon req' || fail 'help req is not about req'
"$tenon" version | grep -q '^tenon [0-9]' || fail 'version has no number'
