#!/bin/bash
# usage: planted_transports.sh STAGE COMPILER LIBDIR
#
# The transport that `tenon new` writes passes the kit as it stands; with one bug planted in it, the case
# that is meant for it fails, and says so.

set -eu
here=$(dirname "$(realpath "$0")")
stage=$1 compiler=$2 libdir=$3
tenon=$stage/bin/tenon
options=(--endpoint 'widget://%d/%n')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# shellcheck source=plant.sh
. "$here/plant.sh"
"$tenon" new transport widget >/dev/null
check_plain exchange

plant long_endpoint 'succeeds' 's/^    if \(address\[0\] && .*/    if (1)/'
plant last_endpoint 'cannot\|last_endpoint' 's/return host->listener_set_address\(listener, address\);/return host->listener_set_address(listener, "elsewhere");/'
plant duplicate_bind 'EADDRINUSE' 's/if \(listener_option\(listener, host, "replace"\)\)/if (1)/'
plant bind_again 'not free again' 's/^ *unlink\(self->name.sun_path\);/;/'
plant exchange 'O_NONBLOCK' '/^static int widget_dial/,/^}/s/ \| SOCK_NONBLOCK//'
plant exchange 'FD_CLOEXEC' '/^static int widget_dial/,/^}/s/ \| SOCK_CLOEXEC//'
plant exchange 'changed errno' 's/^        errno = kept;/        kept = 0;/'
plant exchange 'slept' 's/^    return result\(readv/    usleep(100000);\n    return result(readv/'
plant exchange 'did not arrive\|find each other\|end of the stream' 's/^    return result\(readv\(self->fd, iov, count\), kept\);/    ssize_t got = result(readv(self->fd, iov, count), kept);\n    return got == -EAGAIN ? 0 : got;/'
plant huge_message 'arrive\|wrong\|not done' 's/^    return result\(sendmsg\(self->fd, &header, MSG_NOSIGNAL\), kept\);/    ssize_t put = result(sendmsg(self->fd, \&header, MSG_NOSIGNAL), kept);\n    if (put > 0)\n        for (put = 0; count; count--)\n            put += (ssize_t)iov[count - 1].iov_len;\n    return put;/'
plant killed_reader 'SIGPIPE' 's/MSG_NOSIGNAL/0/'
plant refused 'yet it is connected' 's/code = fail\(self->host, address, "cannot connect"\);/code = 0;/'
plant many_connections 'connection\|request' 's/^    stream->fd = accept4/    static int taken;\n    if (taken++ > 10)\n        return -EAGAIN;\n    stream->fd = accept4/'
plant leaks 'descriptor' '/^static void widget_close/,/^}/s/^        close\(self->fd\);/        ;/'
plant leaks 'bytes are left' 's/^    self->stream = stream;/    self->stream = host->alloc(1000) ? stream : NULL;/'
plant leaks 'threads are left' 's/^    self->stream = stream;/    self->stream = stream;\n    pthread_t thread;\n    pthread_create(\&thread, NULL, (void *(*)(void *))(void (*)(void))pause, NULL);/; s/^#include <errno.h>/#include <errno.h>\n#include <pthread.h>/'
all_found 12
