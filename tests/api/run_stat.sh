#!/bin/sh
# `tenon stat` on running programs.
#
#   run_stat.sh TENON PYTHON [FOLDER OF OUR libzmq.so.5]
set -eu

tenon=$1
python=$2
zmq=${3:-}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tenon-stat.XXXXXX")
pids=
# One that has messages left for nobody would wait for whom they are for.
trap 'for pid in $pids; do kill -KILL "$pid" 2>/dev/null || :; done; rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

fail() { echo "$*"; exit 1; }

# until_true COMMAND...: again and again, for 20 seconds
until_true() {
    tries=400
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "never true: $*"
        sleep 0.05
    done
}

# json TARGET EXPRESSION: what of the report, with `s` its first socket
json() {
    "$tenon" stat --json "$1" | "$python" -c "
import json, sys
r = json.load(sys.stdin)
s = r['contexts'][0]['sockets'][0]
print($2)"
}
same() { [ "$(json "$1" "$2")" = "$3" ]; }

# A directory: each program is there under its number.
mkdir "$tmp/dir"
TENON_CONTROL="$tmp/dir" "$tenon" pull --bind "ipc://$tmp/a" >/dev/null 2>&1 &
pull=$!
TENON_CONTROL="$tmp/dir" "$tenon" push --connect "ipc://$tmp/b" --data x --count 3 \
    --interval 600000 >/dev/null 2>&1 &
push=$!
TENON_CONTROL="$tmp/dir" "$tenon" push --connect "ipc://$tmp/b" --data x --count 3 >/dev/null 2>&1 &
closed=$!
pids="$pull $push $closed"
until_true "$tenon" stat "$pull"
until_true same "$push" "s['peers'][0]['queued_out']" 1
until_true same "$closed" "s['open'], s['queued_at_close'][:10]" "False 3 messages"
until_true same "$pull" "s['endpoints'][0]['endpoint']" "ipc://$tmp/a"
[ "$(json "$pull" "r['pid'], s['pattern'], s['open'], s['rcvhwm']")" = "$pull pull True 1000" ] ||
    fail "the report: $("$tenon" stat --json "$pull")"
[ "$(json "$pull" "s['dropped']['hwm'], s['messages_received'], s['endpoints'][0]['role']")" = "0 0 bind" ] ||
    fail "the counters: $("$tenon" stat --json "$pull")"
[ "$(json "$push" "s['peers'][0]['connected'], s['messages_sent']")" = "False 1" ] ||
    fail "the queue: $("$tenon" stat --json "$push")"
"$tenon" stat "$tmp/dir/tenon-$pull.sock" | grep -q "bind: ipc://$tmp/a" || fail "no line for the bind"
"$tenon" stat "$push" | grep -q "queued_out: 1" || fail "no line for the queue"
[ "$(stat -c %a "$tmp/dir/tenon-$pull.sock")" = 600 ] || fail "others may connect"
kill -INT "$pull"
wait "$pull" || :
[ ! -e "$tmp/dir/tenon-$pull.sock" ] || fail "the socket file stayed"

# A path: a second program gets another one, a stale one is taken over, a file is left alone.
TENON_CONTROL="$tmp/one" "$tenon" pull --bind "ipc://$tmp/c" >/dev/null 2>&1 &
first=$!
pids="$pids $first"
until_true "$tenon" stat "$tmp/one"
TENON_CONTROL="$tmp/one" "$tenon" pull --bind "ipc://$tmp/d" >/dev/null 2>&1 &
second=$!
pids="$pids $second"
until_true "$tenon" stat "$tmp/one.$second"
[ "$(json "$first" "r['pid']") $(json "$second" "r['pid']")" = "$first $second" ] || fail "mixed up"
kill -9 "$first"
wait "$first" || :
[ -e "$tmp/one" ] || fail "nothing was left to take over"
if "$tenon" stat "$tmp/one" 2>"$tmp/err"; then fail "a dead program answered"; fi
grep -q "no process answers" "$tmp/err" || fail "$(cat "$tmp/err")"
TENON_CONTROL="$tmp/one" "$tenon" pull --bind "ipc://$tmp/e" >/dev/null 2>&1 &
third=$!
pids="$pids $third"
until_true same "$tmp/one" "r['pid']" "$third"
echo precious >"$tmp/file"
TENON_CONTROL="$tmp/file" "$tenon" push --connect "ipc://$tmp/e" --data x --count 1 2>/dev/null ||
    fail "a control socket that cannot be made stops the program"
[ "$(cat "$tmp/file")" = precious ] || fail "a file was overwritten"

# Nobody who is not asked for it listens; strange clients are turned away.
"$tenon" push --connect "ipc://$tmp/e" --data x --count 1
"$python" - "$tmp/one" <<'P' || fail "strange clients"
import socket, sys
def ask(question):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(sys.argv[1])
    s.sendall(question)
    s.shutdown(socket.SHUT_WR)
    answer = b""
    while piece := s.recv(65536):
        answer += piece
    return answer
assert ask(b"GET / HTTP/1.0\r\n\r\n").startswith(b"error: ")
assert ask(b"") == ask(b"x" * 30) == b""
assert ask(b"stat json\n").startswith(b"{")
P
for arguments in "" "1 2" "--no" ; do
    code=0
    "$tenon" stat $arguments >/dev/null 2>&1 || code=$?
    [ $code = 2 ] || fail "tenon stat $arguments: exit $code"
done
# A deployment asks for it; the environment goes first.
mkdir "$tmp/plugins.d" "$tmp/deployed"
echo "control = $tmp/deployed" >"$tmp/plugins.d/90-control.conf"
TENON_PLUGINS_D="$tmp/plugins.d" "$tenon" pull --bind "ipc://$tmp/f" >/dev/null 2>&1 &
deployed=$!
TENON_PLUGINS_D="$tmp/plugins.d" TENON_CONTROL= "$tenon" pull --bind "ipc://$tmp/g" >/dev/null 2>&1 &
silent=$!
pids="$pids $deployed $silent"
until_true test -S "$tmp/deployed/tenon-$deployed.sock"
TENON_PLUGINS_D="$tmp/plugins.d" "$tenon" stat "$deployed" | grep -q "bind: ipc://$tmp/f" ||
    fail "a deployed program cannot be seen"
TENON_PLUGINS_D="$tmp/plugins.d" "$tenon" info --search-path | grep -q "^control .*90-control.conf:1" ||
    fail "tenon info --search-path: $(TENON_PLUGINS_D="$tmp/plugins.d" "$tenon" info --search-path)"
until_true test -S "$tmp/g"
[ ! -e "$tmp/deployed/tenon-$silent.sock" ] || fail "an empty TENON_CONTROL did not ask for silence"

if "$tenon" stat $$ 2>"$tmp/err"; then fail "a program without TENON_CONTROL answered"; fi
grep -q TENON_CONTROL "$tmp/err" || fail "$(cat "$tmp/err")"

# A program that was written for libzmq, as it is.
if [ -n "$zmq" ] && "$python" -c 'import zmq' 2>/dev/null; then
    LD_LIBRARY_PATH="$zmq${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" TENON_CONTROL="$tmp/dir" \
        "$python" -c '
import sys, time, zmq
ctx = zmq.Context()
s = ctx.socket(zmq.PUSH)
s.linger = 0
s.connect(sys.argv[1])
for i in range(7):
    s.send(b"x")
time.sleep(600)' "ipc://$tmp/b" >/dev/null 2>&1 &
    program=$!
    pids="$pids $program"
    until_true same "$program" "s['pattern'], s['peers'][0]['queued_out']" "push 7"
else
    echo "skipped: no drop-in here, or no zmq module"
fi
