#!/bin/sh
# `tenon check`: what is wrong with a configuration, and what an endpoint becomes.
# usage: check.sh TENON DIRECTORY-OF-FIXTURES
tenon=$1
fixtures=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
plugins=$tree/plugins.d
mkdir "$plugins"
TENON_PLUGINS_D=$plugins
export TENON_PLUGINS_D

fail() {
    echo "$*" >&2
    exit 1
}

# expect STATUS TEXT ARGUMENT...: the exit status of `tenon check`, and a text in what it prints.
expect() {
    status=$1
    text=$2
    shift 2
    "$tenon" check "$@" >"$tree/out" 2>&1
    got=$?
    [ "$got" -eq "$status" ] || fail "check $*: exit status $got, not $status: $(cat "$tree/out")"
    grep -qF -- "$text" "$tree/out" || fail "check $*: no \"$text\" in: $(cat "$tree/out")"
}

manifest() {
    cat >"$plugins/$1"
}

# ---- everything
expect 0 "good:"
manifest 50-good.conf <<END
module = $fixtures/good.so
provides = pattern:good pattern:better
option.depth = 12
END
expect 0 "good:"
sed -i 's/12/too deep/' "$plugins/50-good.conf"
expect 1 "50-good.conf:3"
rm "$plugins/50-good.conf"
manifest 50-bad.conf <<END
module = $fixtures/bad_init.so
provides = pattern:bad_init
END
expect 1 "zapper"
expect 1 "1 errors"
manifest 50-bad.conf <<END
module = $fixtures/none.so
provides = pattern:none
END
expect 1 "50-bad.conf:1: pattern none: $fixtures/none.so"
manifest 50-bad.conf <<END
provides = transport:tcp

option.nodely = 1
END
expect 1 '50-bad.conf:3: there is no option "nodely"'
! grep -q "stays mapped" "$tree/out" || fail "a module is blamed for its manifest"
manifest 50-bad.conf <<END
provides = transport:nowhere
alias = transport:tcp
END
expect 1 "50-bad.conf:2"
manifest 50-bad.conf <<END
deny = transprot:tcp
END
expect 1 "50-bad.conf:1"
manifest 50-bad.conf <<END
deny = transport:tpc
END
expect 0 "nothing here has this name"
rm "$plugins/50-bad.conf"

# ---- an endpoint
expect 0 "ipc.mode = 0600 (the endpoint)" "ipc://$tree/socket?mode=0600"
[ ! -e "$tree/socket" ] || fail "check has bound something"
expect 0 "tcp://*:5555: tcp" --bind "tcp://*:5555"
expect 1 "error: tcp://*:5555" "tcp://*:5555"
expect 1 "did you mean" "tpc://127.0.0.1:1"
expect 1 "nonsense" "tcp://127.0.0.1:1?nonsense=1"
expect 1 "datagrams only" --pattern dgram "tcp://127.0.0.1:1"
expect 2 "no option" --frob
manifest 60-layers.conf <<END
module = $fixtures/layer_safe.so
provides = transport:safe
alias = transport:tcp
deny = transport:tcp
END
expect 0 "tcp://127.0.0.1:1: safe+tcp" "tcp://127.0.0.1:1"
expect 0 "60-layers.conf:3: tcp:// becomes safe" "tcp://127.0.0.1:1"
expect 0 "60-layers.conf:4: transport:tcp is denied, unless it is protected" "tcp://127.0.0.1:1"
expect 0 "layer_safe.so 1.2.3" "tcp://127.0.0.1:1"
manifest 60-layers.conf <<END
deny = transport:tcp
END
expect 1 "60-layers.conf:1" "tcp://127.0.0.1:1"
manifest 60-layers.conf <<END
provides = transport:ipc
option.mode = 0640
END
expect 0 "ipc.mode = 0640 ($plugins/60-layers.conf:2)" "ipc://$tree/socket"
