#!/bin/sh
# Moves programs onto TLS without changing them: two shell peers, and two Python programs that use zmq.
#
# usage: run.sh TENON [LIBRARY-DIRECTORY]
#   TENON              the tenon command
#   LIBRARY-DIRECTORY  where our libzmq.so.5 is (lib/tenon/zmq); without it the Python part is left out
#
# Everything is in a throw-away directory: an authority, a certificate for this machine, and the policy
# 60-tls.conf made of 60-tls.conf.in. Exit status 0: all of it went as it says.
set -eu

tenon=$1
library=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
PYTHON=${PYTHON:-/usr/bin/python3}

clean_up() {
    stop_server
    rm -rf "$work"
}
stop_server() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    server=
}
trap clean_up EXIT INT TERM

say() { printf '%s\n' "$*"; }
fail() {
    say "FAILED: $*"
    [ ! -s "$work/log" ] || sed 's/^/    /' "$work/log"
    exit 1
}

# An authority NAME-ca in $work/NAME, and a certificate of it for this machine.
authority() {
    mkdir "$work/$1"
    (
        cd "$work/$1"
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
            -subj "/CN=$1-ca" -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1-node" \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout node.key -out node.csr
        openssl x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
            -copy_extensions copy -days 2 -out node.pem
        mkdir plugins.d
        sed "s|@DIRECTORY@|$work/$1|" "$here/60-tls.conf.in" >plugins.d/60-tls.conf
    ) 2>"$work/log" || fail "openssl cannot make certificates"
    : >"$work/log"
}

# run DEPLOYMENT COMMAND...: with that policy; "none" is the plain one.
run() {
    deployment=$1
    shift
    if [ "$deployment" = none ]; then
        "$@"
    else
        TENON_PLUGINS_D=$work/$deployment/plugins.d "$@"
    fi
}

# start_server DEPLOYMENT COMMAND...: until it has printed its endpoint, which becomes $endpoint.
start_server() {
    : >"$work/out"
    : >"$work/log"
    # Not by `run`: a function in the background is a shell of its own, and the server its child.
    deployment=$1
    shift
    if [ "$deployment" = none ]; then
        "$@" >"$work/out" 2>>"$work/log" &
    else
        TENON_PLUGINS_D=$work/$deployment/plugins.d "$@" >"$work/out" 2>>"$work/log" &
    fi
    server=$!
    for _ in $(seq 200); do
        endpoint=$(sed -n 's/.*\(tcp:\/\/127.0.0.1:[0-9]*\).*/\1/p' "$work/out" "$work/log" | head -n 1)
        [ -z "$endpoint" ] || return 0
        kill -0 "$server" 2>/dev/null || fail "the server has ended"
        sleep 0.05
    done
    fail "the server does not start"
}

# ask DEPLOYMENT: one request of $client to the server; its answer.
ask() {
    case $client in
    tenon) run "$1" sh -c 'echo Hello | timeout 5 "$0" req --connect "$1" --timeout 2000' "$tenon" "$endpoint" ;;
    python) run "$1" "$PYTHON" "$here/client.py" "$endpoint" ;;
    esac 2>>"$work/log"
}

serve() {
    case $client in
    tenon) start_server "$1" "$tenon" rep --bind "tcp://127.0.0.1:*" --reply World --verbose ;;
    python) start_server "$1" "$PYTHON" "$here/server.py" "tcp://127.0.0.1:*" ;;
    esac
}

expect_answer() {
    : >"$work/log"
    answer=$(ask "$1") || fail "$2"
    case $answer in
    World*) say "ok: $2" ;;
    *) fail "$2: the answer is '$answer'" ;;
    esac
}

expect_none() {
    : >"$work/log"
    if answer=$(ask "$1"); then
        fail "$2: there is an answer, '$answer'"
    fi
    [ -z "${3:-}" ] || grep -q -- "$3" "$work/log" || fail "$2: the log does not say '$3'"
    say "ok: $2"
}

# What the port speaks, seen by somebody else: TLS, with the certificate of the deployment.
expect_tls() {
    echo Q | openssl s_client -connect "${endpoint#tcp://}" -alpn zmtp -CAfile "$work/good/ca.pem" \
        -cert "$work/good/node.pem" -key "$work/good/node.key" -verify_return_error \
        >"$work/s_client" 2>&1 || fail "openssl s_client is not satisfied: $(cat "$work/s_client")"
    grep -q 'Verify return code: 0 (ok)' "$work/s_client" || fail "the certificate is not verified"
    grep -q 'ALPN protocol: zmtp' "$work/s_client" || fail "it is not zmtp inside"
    say "ok: openssl sees TLS there, with zmtp inside"
}

scenario() {
    client=$1
    say "== $client"
    serve none
    expect_answer none "as it was: plain tcp"
    stop_server

    serve good
    expect_answer good "with the policy the same programs talk TLS, verified in both directions"
    expect_tls
    expect_none none "a plain client is refused"
    expect_none bad "a client of another authority is refused" "certificate"
    expect_answer good "and those that belong here are still served"
    stop_server

    serve none
    expect_none good "a client with the policy does not talk to a plain server" "TLS"
    stop_server
    expect_denied
}

# deny without alias: a plain connection cannot even be asked for.
expect_denied() {
    endpoint=tcp://127.0.0.1:9
    : >"$work/log"
    if ask denying >/dev/null; then
        fail "a plain connection can be made"
    fi
    grep -q -i -e 'denied' -e 'Permission' -e 'not permitted' -e 'not supported' "$work/log" ||
        fail "nobody says that it is denied"
    say "ok: with 'deny = transport:tcp' alone, tcp:// is an error"
}

authority good
authority bad
mkdir -p "$work/denying/plugins.d"
printf 'deny = transport:tcp\n' >"$work/denying/plugins.d/60-policy.conf"

scenario tenon
if [ -n "$library" ]; then
    LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
    scenario python
fi
