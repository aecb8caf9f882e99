#!/bin/sh
# TENON_LOG=LEVEL,CATEGORY: one line an event, and nothing of other categories. usage: run_log.sh TENON
tenon=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

fail() {
    echo "$*" >&2
    cat "$tree"/*.log >&2
    exit 1
}

# talk LOG: one request and its reply over ipc, the client with that TENON_LOG.
talk() {
    "$tenon" rep --bind "ipc://$tree/socket" --reply World --count 1 --timeout 20000 \
        2>"$tree/server.log" &
    server=$!
    TENON_LOG=$1 "$tenon" req --connect "ipc://$tree/socket" --data Hello --timeout 20000 \
        >"$tree/out" 2>"$tree/client.log" || fail "the request failed"
    wait $server || fail "the reply failed"
    [ "$(cat "$tree/out")" = World ] || fail "another reply"
}

talk debug,session
grep -q "^tenon: debug: session: handshake_succeeded: endpoint ipc://$tree/socket, peer ipc://$tree/socket, connection [0-9]*$" \
    "$tree/client.log" || fail "no line about the handshake"
! grep -v "^tenon: [a-z]*: session: [a-z_]*: endpoint " "$tree/client.log" || fail "another line"
talk debug,module
grep -q "^tenon: info: module: loaded ipc " "$tree/client.log" || fail "no line about a module"
! grep "session:" "$tree/client.log" || fail "a line of another category"
talk warn
[ ! -s "$tree/client.log" ] || fail "a line without a reason"
talk loud
grep -q '^tenon: warn: .*TENON_LOG: no level "loud"; take error warn info debug$' "$tree/client.log" ||
    fail "a level that there is not"
talk debug,sesion
grep -q '^tenon: warn: .*TENON_LOG: no category "sesion"; take .* session ' "$tree/client.log" ||
    fail "a category that there is not"
