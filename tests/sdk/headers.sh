#!/bin/sh
# usage: headers.sh CC CXX INCLUDE
#
# Each public header alone, in C11 and in C++17, without extensions and with every warning an error.
cc=$1 cxx=$2 include=$3
status=0
for header in "$include"/tenon/*.h; do
    name=tenon/$(basename "$header")
    for try in "$cc -x c -std=c11 -Wshadow" "$cxx -x c++ -std=c++17"; do
        echo "#include <$name>" | $try -pedantic -Wall -Wextra -Werror -fsyntax-only \
            -I "$include" - || { echo "$name does not stand alone: $try" >&2; status=1; }
    done
done
exit $status
