#!/bin/bash
# usage: planted_mechanisms.sh STAGE COMPILER LIBDIR
#
# The mechanism that `tenon new` writes passes the kit as it stands; with one bug planted in it, the case
# that is meant for it fails, and says so.

set -eu
here=$(dirname "$(realpath "$0")")
stage=$1 compiler=$2 libdir=$3
tenon=$stage/bin/tenon
options=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# shellcheck source=plant.sh
. "$here/plant.sh"
"$tenon" new mechanism widget >/dev/null
check_plain transcript


# Ops of another kind of mechanism, in front of the table.
add_code() {
    printf '/^static const tn_mechanism_ops_t ops/i %s' "$1"
}

plant wrong_credentials 'one byte too' 's/ = size != endpoint->token_size;/ = 0;/'
plant wrong_credentials 'is wrong' 's/i < size \&\& i < endpoint->token_size/i < 4/'
plant other_mechanism 'ready' 's/self->step == AWAIT_READY && has_name\(data, size, ready\)/has_name(data, size, ready)/'
plant prefixes 'signal' 's/size < 1 \|\| size - 1 < data\[0\]/size < 1/'
plant small_buffers 'room\|signal' 's/^    if \(capacity < sizeof hello.*/    if (0)/'
plant secrets 'the log' 's/"widget: a peer showed the wrong token"\)/"widget: not %.*s", (int)self->endpoint->token_size, self->endpoint->token)/'
plant secrets 'TELLS' '/\.flags = TN_MECHANISM_TELLS/d'
plant leaks 'allocations are left' 's/^    self->host = host;/    self->host = host->alloc(10) ? host : NULL;/'
plant memory_failures 'signal' 's/^    self->host = host;/    char *copy = host->alloc(10);\n    copy[0] = 1;\n    host->free(copy);\n    self->host = host;/'
plant transcript 'errno' 's/^    self->host = host;/    errno = EINVAL;\n    self->host = host;/'
plant transcript 'beyond' 's/^    self->host = host;/    ((char *)state)[sizeof *self + 3] = 0;\n    self->host = host;/'
# Encrypted, after a fashion, and open to whoever changes what he cannot read.
xor='static ssize_t widget_encode(void *state, unsigned flags, const uint8_t *body, size_t size, uint8_t *out)\n{\n    (void)state;\n    out[0] = (uint8_t)flags;\n    for (size_t i = 0; i < size; i++)\n        out[1 + i] = body[i] ^ 0x55;\n    return (ssize_t)size + 1;\n}\n\nstatic int widget_decode(void *state, tn_secret_frame_t *io_frame)\n{\n    (void)state;\n    if (io_frame->size < 1)\n        return -EPROTO;\n    io_frame->flags = io_frame->body[0];\n    io_frame->body++;\n    io_frame->size--;\n    for (size_t i = 0; i < io_frame->size; i++)\n        io_frame->body[i] ^= 0x55;\n    return 0;\n}\n'
ops='s/^    \.status = widget_status,/    .status = widget_status, .encode = widget_encode, .decode = widget_decode, .overhead = 1,/'
plant forged_messages 'decode takes' "$(add_code "$xor")
$ops"
plant replayed_messages 'twice' "$(add_code "$xor")
$ops"
plant replayed 'another one said' "$(add_code "$xor")
$ops"
plant messages 'overhead\|signal' "$(add_code "$xor")
${ops/overhead = 1/overhead = 0}"
all_found 4
