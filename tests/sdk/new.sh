#!/bin/bash
# usage: new.sh CMAKE GENERATOR COMPILER BUILD_DIRECTORY LIBDIR KIND
#
# `tenon new KIND` with an installed Tenon: what it writes builds without a warning, passes its own
# tests, is found after its installation, and shows its options.
set -eu
cmake=$1 generator=$2 compiler=$3 build=$4 libdir=$5 kind=$6
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
umask 022
unset TENON_PLUGINS_D TENON_MODULES LD_LIBRARY_PATH

fail() {
    echo "new $kind: $*" >&2
    exit 1
}

quietly() {
    "$@" >"$scratch/log" 2>&1 || fail "$*: $(cat "$scratch/log")"
}

tree=$scratch/tree
quietly "$cmake" --install "$build" --prefix "$tree"
tenon=$tree/bin/tenon
cd "$scratch"

"$tenon" new --help | grep -q "tenon new transport|pattern|mechanism NAME" || fail "no help"
quietly "$tenon" new "$kind" gadget7
script=$([ "$kind" != pattern ] || echo "gadget7.script ")
[ "$(ls gadget7 | tr '\n' ' ')" = "CMakeLists.txt README.md gadget7.c ${script}test_gadget7.c " ] ||
    fail "it wrote $(ls gadget7)"
! grep -rni widget gadget7 || fail "the placeholder is left"
! "$tenon" new "$kind" gadget7 2>why || fail "it overwrote a directory"
grep -q "gadget7: File exists" why || fail "$(cat why)"
for wrong in "$kind 7gadget" "$kind Gadget" "$kind ../x" "$kind" "nothing gadget" "$kind test"; do
    status=0
    "$tenon" new $wrong 2>why || status=$?
    [ $status -eq 2 ] || fail "new $wrong: exit status $status: $(cat why)"
done

quietly "$cmake" -G "$generator" -S gadget7 -B made "-DCMAKE_PREFIX_PATH=$tree" \
    "-DCMAKE_C_COMPILER=$compiler" "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Wshadow -Werror"
quietly "$cmake" --build made
(cd made && quietly ctest --output-on-failure --no-tests=error)
TENON_PLUGINS_D=$scratch/made/plugins.d "$tenon" info "$kind:gadget7" >info
grep -q "made/plugins.d/50-gadget7.conf" info || fail "the build tree is not used: $(cat info)"

! "$tenon" info "$kind:gadget7" 2>why || fail "it is there before it was installed"
quietly "$cmake" --install made
"$tenon" info "$kind:gadget7" >info || fail "it is not there after it was installed"
grep -q "loaded$" info && grep -q "$tree/$libdir/tenon/plugins.d/50-gadget7.conf" info ||
    fail "$(cat info)"
"$tenon" info --check "$tree/$libdir/tenon/gadget7.so" | grep -q good

# Without PROVIDES the module says itself what it provides.
sed -i 's/ PROVIDES [a-z]*:gadget7//' gadget7/CMakeLists.txt
grep -q 'tenon_add_module(gadget7 SOURCES gadget7.c)' gadget7/CMakeLists.txt
before=$(cat made/installed/50-gadget7.conf)
rm -r made
quietly "$cmake" -G "$generator" -S gadget7 -B made "-DCMAKE_PREFIX_PATH=$tree" \
    "-DCMAKE_C_COMPILER=$compiler" -DBUILD_TESTING=OFF
quietly "$cmake" --build made
[ "$(cat made/installed/50-gadget7.conf)" = "$before" ] ||
    fail "another manifest: $(cat made/installed/50-gadget7.conf)"
grep -q "^module = $scratch/made/gadget7.so$" made/plugins.d/50-gadget7.conf ||
    fail "$(cat made/plugins.d/50-gadget7.conf)"

# pkg-config leads to the same places and versions.
export PKG_CONFIG_PATH=$tree/$libdir/pkgconfig
[ "$(realpath "$(pkg-config --variable=moduledir tenon)")" = "$tree/$libdir/tenon" ] &&
    [ "$(realpath "$(pkg-config --variable=pluginsdir tenon)")" = "$tree/$libdir/tenon/plugins.d" ] &&
    [ "$(pkg-config --variable=module_abi tenon)" = "1.1" ] || fail "pkg-config's variables"
