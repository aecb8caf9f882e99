#!/bin/sh
# usage: compare.sh PROGRAM FILE
"$1" | diff "$2" - && exit 0
echo "docs/options.md is out of date; write it anew with: $1 > docs/options.md"
exit 1
