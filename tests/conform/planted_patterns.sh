#!/bin/bash
# usage: planted_patterns.sh STAGE COMPILER LIBDIR
#
# The pattern that `tenon new` writes passes the kit as it stands; with one bug planted in it, the case
# that is meant for it fails, and says so.

set -eu
here=$(dirname "$(realpath "$0")")
stage=$1 compiler=$2 libdir=$3
tenon=$stage/bin/tenon
options=(--script widget/widget.script)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# shellcheck source=plant.sh
. "$here/plant.sh"
"$tenon" new pattern widget >/dev/null
check_plain messages

plant script 'refused' 's/^    if \(self->peer\) \{/    if (0) {/'
plant messages 'a rule was broken' 's/^    return self->host->lb_send\(self->sock, msg, NULL\);/    static int n;\n    return n++ % 2 ? -EAGAIN : self->host->lb_send(self->sock, msg, NULL);/'
plant messages 'errno' 's/^    return self->host->lb_send\(self->sock, msg, NULL\);/    errno = EINVAL;\n    return self->host->lb_send(self->sock, msg, NULL);/'
plant messages 'beyond' 's/^    self->sock = sock;/    self->sock = sock;\n    ((char *)state)[sizeof *self] = 1; ((char *)state)[(sizeof *self + 15) \& ~15ul] = 1;/'
plant poll_agrees 'TN_POLLIN' 's/self->host->fq_can_recv\(self->sock, NULL\) \? TN_POLLIN : 0u/TN_POLLIN/'
plant high_water_mark 'counted' 's/^    return self->host->lb_send\(self->sock, msg, NULL\);/    int rc = self->host->lb_send(self->sock, msg, NULL);\n    if (rc != -EAGAIN || !self->peer)\n        return rc;\n    self->host->msg_close(msg);\n    tn_msg_clear(msg);\n    return 0;/'
plant high_water_mark 'no message gets through\|after the peer was full' '/^static void widget_writable/,/^\}/s/^    self->host->lb_ready\(pipe\);/    (void)pipe;\n    (void)self;/'
plant peers_come_and_go 'has gone' '/^static void widget_detach/,/^\}/s/^    self->peer = NULL;/    ;/; s/^    return self->host->lb_send\(self->sock, msg, NULL\);/    if (self->peer)\n        (void)self->host->pipe_can_write(self->peer);\n    return self->host->lb_send(self->sock, msg, NULL);/; s/^    if \(self->peer\) \{/    if (0) {/'
plant leaks 'are left' 's/^    self->sock = sock;/    self->sock = host->alloc(100) ? sock : NULL;/'
plant memory_failures 'signal' 's/^    self->sock = sock;/    char *copy = host->alloc(10);\n    copy[0] = 1;\n    host->free(copy);\n    self->sock = sock;/'
plant no_allocation 'allocations' 's/^    return self->host->lb_send\(self->sock, msg, NULL\);/    self->host->free(self->host->alloc(10));\n    return self->host->lb_send(self->sock, msg, NULL);/'
plant options 'reads otherwise\|does not take' 's/^    return 0;\n\}\n\n\/\* -ENOTSUP/&/; /^static int widget_get/,/^\}/s/if \(index != OPTION_RECEIVED\)/if (0)/'
all_found 4
