#!/bin/sh
# oracle.sh PROGRAM: a test on the system's libzmq, up to three times. What it shows is that libzmq does what
# the test asserts; on a busy machine libzmq does not do it every time.
for attempt in 1 2 3; do
    "$@" && exit 0
    status=$?
done
exit $status
