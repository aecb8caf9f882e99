#!/bin/bash
# usage: run.sh CMAKE GENERATOR COMPILER BUILD_DIRECTORY LIBDIR
#
# Installs a build, moves the tree, and uses it as a stranger would.

set -eu
cmake=$1 generator=$2 compiler=$3 build=$4 libdir=$5
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
umask 022
unset TENON_PLUGINS_D TENON_MODULES LD_LIBRARY_PATH

fail() {
    echo "install: $*" >&2
    exit 1
}

"$cmake" --install "$build" --prefix "$scratch/first" >/dev/null
mkdir "$scratch/moved"
mv "$scratch/first" "$scratch/moved/tenon"
tree=$scratch/moved/tenon
lib=$tree/$libdir
! grep -rIl "$scratch/first" "$tree" || fail "these files hold the prefix"

"$tree/bin/tenon" info >"$scratch/info" || fail "bin/tenon does not run after the move"
grep -q "^transport *tcp .*$lib/tenon/plugins.d" "$scratch/info" ||
    fail "bin/tenon does not find the modules beside it: $(cat "$scratch/info")"

export PKG_CONFIG_PATH=$lib/pkgconfig
$compiler $(pkg-config --cflags tenon) "$here/consumer/program.c" -o "$scratch/by_pkgconfig" \
    $(pkg-config --libs tenon) "-Wl,-rpath,$lib"
"$scratch/by_pkgconfig" inproc://a

"$cmake" -G "$generator" -S "$here/consumer" -B "$scratch/consumer" "-DCMAKE_PREFIX_PATH=$tree" \
    "-DCMAKE_C_COMPILER=$compiler" >"$scratch/log" || fail "$(cat "$scratch/log")"
"$cmake" --build "$scratch/consumer" >"$scratch/log" || fail "$(cat "$scratch/log")"
"$scratch/consumer/shared" inproc://a
# A program that linked libtenon.a is told where the modules are.
TENON_PLUGINS_D=$lib/tenon/plugins.d "$scratch/consumer/static" inproc://a

! "$scratch/by_pkgconfig" nowhere://a 2>/dev/null || fail "nowhere:// should not exist yet"
$compiler -shared -fPIC -fvisibility=hidden -Wl,-z,defs -Wl,-z,now -Wl,-z,nodelete \
    $(pkg-config --cflags tenon) "$here/consumer/nowhere.c" \
    -o "$(pkg-config --variable=moduledir tenon)/nowhere.so"
printf 'module = nowhere\nprovides = transport:nowhere\n' \
    >"$(pkg-config --variable=pluginsdir tenon)/60-nowhere.conf"
"$scratch/by_pkgconfig" nowhere://a
"$tree/bin/tenon" info | grep -q '^transport *nowhere ' || fail "tenon info does not list nowhere"

# The drop-in, found by those who ask for it and by nobody else.
[ -e "$lib/tenon/zmq/libzmq.so.5" ] || exit 0
! find "$tree" -name 'zmq*.h' -o -name 'libzmq*' -o -name 'ZeroMQ*' |
    grep -v -e "^$lib/tenon/zmq/" -e "^$tree/include/tenon/zmq/" ||
    fail "these files of the drop-in could be found by accident"
loads_ours() {
    LD_TRACE_LOADED_OBJECTS=1 "$@" | grep -q "libzmq.so.5 => $lib/tenon/zmq/" ||
        fail "$* does not load the drop-in"
    "$@" inproc://a && "$@" ipc://@tenon-install-$$
}
PKG_CONFIG_PATH=$lib/tenon/zmq/pkgconfig
$compiler "$here/zmq/program.c" -o "$scratch/zmq_by_pkgconfig" \
    $(pkg-config --cflags --libs libzmq) "-Wl,-rpath,$lib/tenon/zmq"
loads_ours "$scratch/zmq_by_pkgconfig"
"$cmake" -G "$generator" -S "$here/zmq" -B "$scratch/zmq" "-DCMAKE_PREFIX_PATH=$lib/tenon/zmq" \
    "-DCMAKE_C_COMPILER=$compiler" >"$scratch/log" || fail "$(cat "$scratch/log")"
"$cmake" --build "$scratch/zmq" >"$scratch/log" || fail "$(cat "$scratch/log")"
loads_ours "$scratch/zmq/zmq_program"
