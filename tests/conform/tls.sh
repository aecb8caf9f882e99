#!/bin/bash
# usage: tls.sh TENON MODULE
#
# The layer tls, with a certificate that the command makes.

set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$1" keygen --certificate localhost --output "$scratch/own" >/dev/null
"$1" conform "$2" \
    --endpoint "tls+tcp://localhost:*?tls.cert=$scratch/own.crt&tls.key=$scratch/own.key" \
    --connect-options "tls.ca=$scratch/own.crt&tls.hostname=localhost"
