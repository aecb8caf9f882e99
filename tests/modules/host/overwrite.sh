#!/bin/sh
# usage: overwrite.sh PROGRAM LIBRARY_DIRECTORY: runs it with copies of the library and its modules, which
# it may write over.
set -eu

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp "$2"/libtenon.so* "$copy"
cp -r "$2/tenon" "$copy"
LD_LIBRARY_PATH=$copy "$1" "$copy/tenon"
