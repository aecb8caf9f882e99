#!/bin/sh
# Runs one scenario of the examples and checks what its programs print.
#
#   run_examples.sh SCENARIO DIRECTORY TENON
#
# DIRECTORY holds the programs, TENON is the command. Endpoints are ipc paths in a directory of the run's own, so that any
# number of runs can go on at a time; nobody waits for a fixed time: sockets connect when the other
# side is there.
set -eu

scenario=$1
bin=$2
tenon=$3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tenon-examples.XXXXXX")
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || :; done; rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

at() { echo "ipc://$tmp/$1.ipc"; }

# start NAME PROGRAM ARGUMENT...: in the background, its output in $tmp/NAME
start() {
    name=$1
    program=$2
    shift 2
    "$bin/$program" "$@" >"$tmp/$name" 2>&1 &
    pids="$pids $!"
    eval "pid_$name=$!"
}

# finish NAME...: each must end well
finish() {
    for name in "$@"; do
        eval "pid=\$pid_$name"
        wait "$pid" || { echo "$name failed:"; cat "$tmp/$name"; exit 1; }
        pids=$(echo " $pids " | sed "s/ $pid / /")
    done
}

# stop CONTROL: ends a proxy
stop() { "$tenon" req --connect "$1" --data TERMINATE --count 1 --timeout 20000 >/dev/null; }

# expect NAME COUNT PATTERN: so many lines of its output are like that
expect() {
    count=$(grep -c -- "$3" "$tmp/$1" || :)
    [ "$count" -eq "$2" ] && return
    echo "$1 printed $count lines like \"$3\", not $2:"
    cat "$tmp/$1"
    exit 1
}

# await NAME PATTERN: until it has printed such a line
await() {
    tries=0
    until grep -q -- "$2" "$tmp/$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 2000 ] || { echo "$1 never printed \"$2\""; exit 1; }
        sleep 0.01
    done
}

case $scenario in
hello)
    start server hello_server "$(at hello)" 5
    start client hello_client "$(at hello)" 5
    finish server client
    expect server 5 '^request: Hello$'
    expect client 5 '^reply [1-5]: World$'
    ;;
weather)
    start client weather_client "$(at weather)" 10003 20
    start server weather_server "$(at weather)" 2000 1
    finish client server
    expect client 1 '^average temperature at 10003 over 20 updates: -\{0,1\}[0-9]*$'
    ;;
tasks)
    start sink task_sink "$(at sink)" "$(at control)" 3
    for n in 1 2 3; do
        start "worker$n" task_worker "$(at jobs)" "$(at sink)" "$(at control)"
    done
    start ventilator task_ventilator "$(at jobs)" "$(at sink)" 100 3
    finish ventilator sink worker1 worker2 worker3
    expect sink 1 '^sink: 100 results, sum 338350$'
    expect worker1 1 '^worker: told to stop$'
    ;;
multi_poller | multi_reader)
    start jobs task_ventilator "$(at jobs)" "$(at sink)" 20 1
    start feed weather_server "$(at feed)" 20 1
    start sink task_sink "$(at sink)" "$(at control)" 1
    start reader "$scenario" "$(at jobs)" "$(at feed)" 40
    finish reader feed
    expect reader 20 '^job: '
    expect reader 20 '^feed: 1000[0-9] '
    ;;
broker | broker_proxy)
    if [ "$scenario" = broker ]; then
        start broker broker "$(at front)" "$(at back)" 32
    else
        start broker broker_proxy "$(at front)" "$(at back)" "$(at control)"
    fi
    start worker1 service_worker "$(at back)" one
    start client1 service_client "$(at front)" 15
    start client2 service_client "$(at front)" 15
    finish client1 client2
    expect client1 15 '^[0-9]* -> [0-9]* from one$'
    expect client2 15 '^[0-9]* -> [0-9]* from one$'
    if [ "$scenario" = broker ]; then
        start client3 service_client "$(at front)" 2
        finish client3 broker
    else
        stop "$(at control)"
        finish broker
        expect broker 1 '^broker: told to stop$'
    fi
    ;;
forwarder)
    start client weather_client "$(at out)" 10001 5
    start forwarder forwarder "$(at feed)" "$(at out)" "$(at control)"
    start feed weather_server "$(at feed)" 200 1
    finish client feed
    expect client 1 '^average temperature at 10001 over 5 updates'
    stop "$(at control)"
    finish forwarder
    expect forwarder 1 '^forwarder: told to stop$'
    ;;
threaded_service)
    start service threaded_service "$(at service)" 30 3
    for n in 1 2 3; do
        start "client$n" hello_client "$(at service)" 10
    done
    finish client1 client2 client3 service
    expect client1 10 '^reply [0-9]*: World$'
    expect service 1 '^service: 30 requests answered$'
    ;;
thread_relay)
    start relay thread_relay 4
    finish relay
    expect relay 3 'is READY$'
    expect relay 1 '^test successful$'
    ;;
sync)
    start publisher sync_publisher "$(at feed)" "$(at ready)" 3 10000
    for n in 1 2 3; do
        start "subscriber$n" sync_subscriber "$(at feed)" "$(at ready)"
    done
    finish publisher subscriber1 subscriber2 subscriber3
    for n in 1 2 3; do
        expect "subscriber$n" 1 '^subscriber: 10000 updates received$'
    done
    ;;
envelopes)
    start subscriber envelope_subscriber "$(at envelopes)" 3
    start publisher envelope_publisher "$(at envelopes)" 3
    finish subscriber publisher
    expect subscriber 3 '^\[B\] We would like to see this$'
    ;;
zero_copy)
    start copy zero_copy 1000000
    finish copy
    expect copy 1 '^received 1000000 bytes, which were never copied$'
    expect copy 1 '^the buffer is ours again$'
    ;;
interrupt)
    start service interrupt "$(at interrupt)"
    await service serving
    start client hello_client "$(at interrupt)" 3
    finish client
    kill -INT "$pid_service"
    finish service
    expect service 1 '^interrupted: closing$'
    ;;
secure)
    start zap secure_zap "$(at zap)" 1
    ask="$tenon req --data Hello --count 1 --timeout 20000"
    plain='--opt mechanism=plain --opt plain.username=admin'
    ! $ask --connect "$(at zap)" $plain --opt plain.password=guess --timeout 300 2>/dev/null
    $ask --connect "$(at zap)" $plain --opt plain.password=secret >"$tmp/answer"
    finish zap
    expect zap 1 '^admin asks: Hello$'
    expect answer 1 '^World$'

    "$tenon" keygen --output "$tmp/server"
    "$tenon" keygen --output "$tmp/friend"
    "$tenon" keygen --output "$tmp/stranger"
    start curve secure_callback "$(at curve)" "$(cat "$tmp/server.key")" "$(cat "$tmp/friend.pub")" 1
    curve="--opt mechanism=curve --opt curve.serverkey=$(cat "$tmp/server.pub")"
    set -f
    ! $ask --connect "$(at curve)" $curve --opt curve.secretkey="$(cat "$tmp/stranger.key")" \
        --timeout 300 2>/dev/null
    $ask --connect "$(at curve)" $curve --opt curve.secretkey="$(cat "$tmp/friend.key")" >"$tmp/answer"
    set +f
    finish curve
    expect curve 1 '^a friend asks: Hello$'
    expect curve 1 ': refused$'

    # No code at all; a path has no address that a line could admit.
    grep -v ^address "$(dirname "$0")/../../examples/secure_rules.conf" >"$tmp/rules"
    chmod 600 "$tmp/rules"
    "$tenon" rep --bind "$(at rules)" --reply World --count 1 --opt mechanism=plain \
        --opt plain.server=1 --opt authenticator=file --opt file.path="$tmp/rules" &
    pids="$pids $!"
    ! $ask --connect "$(at rules)" $plain --opt plain.password=guess --timeout 300 2>/dev/null
    $ask --connect "$(at rules)" $plain --opt plain.password=secret >"$tmp/answer"
    expect answer 1 '^World$'
    wait "$!"
    ;;
*)
    echo "there is no scenario $scenario"
    exit 2
    ;;
esac
