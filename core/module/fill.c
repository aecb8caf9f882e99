#include "module/fill.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------ stand-ins: transports */

static int any_check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)host;
    (void)address;
    (void)role;
    return 0;
}

static int no_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                     const char *address)
{
    (void)state;
    (void)listener;
    (void)address;
    return host->set_error(host, -ENOTSUP, "this transport connects only; it cannot bind");
}

static int no_descriptor(void *state)
{
    (void)state;
    return -1;
}

static int no_accept(void *state, void *stream_state)
{
    (void)state;
    (void)stream_state;
    return -ENOTSUP;
}

static void nothing(void *state)
{
    (void)state;
}

static int no_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                   const char *address)
{
    (void)state;
    (void)stream;
    (void)host;
    (void)role;
    (void)address;
    return -ENOTSUP;
}

static int no_bind(void *state, const char *address)
{
    (void)state;
    (void)address;
    return -ENOTSUP;
}

static int no_receive(void *state, tn_datagram_t *datagrams, int count)
{
    (void)state;
    (void)datagrams;
    (void)count;
    return -EAGAIN;
}

static int no_datagram(void *state, const tn_datagram_t *datagrams, int count)
{
    (void)state;
    (void)datagrams;
    (void)count;
    return -ENOTSUP;
}

static int no_dial(void *state, const char *address)
{
    (void)state;
    (void)address;
    return -ENOTSUP;
}

static int no_resolved(void *state, int status, const struct addrinfo *addresses)
{
    (void)state;
    (void)status;
    (void)addresses;
    return -ENOTSUP;
}

static int done(void *state)
{
    (void)state;
    return 0;
}

static ssize_t no_transfer(void *state, const struct iovec *iov, int count)
{
    (void)state;
    (void)iov;
    (void)count;
    return -ENOTSUP;
}

static int no_attach(tn_module_state_t *state, tn_endpoint_t *endpoint, const tn_host_t *host,
                     const char *address, unsigned role)
{
    (void)state;
    (void)endpoint;
    (void)host;
    (void)address;
    (void)role;
    return -ENOTSUP;
}

static void no_detach(tn_module_state_t *state, tn_endpoint_t *endpoint)
{
    (void)state;
    (void)endpoint;
}

static int no_preparation(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                          unsigned role, const char *address)
{
    (void)endpoint_state;
    (void)setup;
    (void)host;
    (void)role;
    (void)address;
    return 0;
}

static const tn_transport_ops_t no_transport = {
    .check = any_check,
    .listen = no_listen,
    .listener_fd = no_descriptor,
    .accept = no_accept,
    .unlisten = nothing,
    .open = no_open,
    .dial = no_dial,
    .resolved = no_resolved,
    .established = done,
    .handshake = done,
    .readv = no_transfer,
    .writev = no_transfer,
    .fd = no_descriptor,
    .close = nothing,
    .attach = no_attach,
    .detach = no_detach,
    .flush = done,
    .prepare = no_preparation,
    .release = nothing,
    .bind = no_bind,
    .receive = no_receive,
    .send = no_datagram,
};

/* ------------------------------------------------------------------ stand-ins: patterns */

static int no_socket(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    (void)state;
    (void)sock;
    (void)host;
    return -ENOTSUP;
}

static int any_pipe(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
    return 0;
}

static void ignore_pipe(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
}

static int no_message(void *state, tn_msg_t *msg)
{
    (void)state;
    (void)msg;
    return -ENOTSUP;
}

static unsigned never_ready(void *state)
{
    (void)state;
    return 0;
}

/* The core has the value; a pattern without this op reads it from there. */
static int any_value(void *state, unsigned index, const tn_value_t *value)
{
    (void)state;
    (void)index;
    (void)value;
    return 0;
}

static int no_value(void *state, unsigned index, tn_value_t *out_value)
{
    (void)state;
    (void)index;
    (void)out_value;
    return -ENOTSUP;
}

static int no_subscribe(void *state, const void *prefix, size_t size, int add)
{
    (void)state;
    (void)prefix;
    (void)size;
    (void)add;
    return -ENOTSUP;
}

static int no_number(void *state, tn_pipe_t *pipe, void *pipe_state, uint32_t *out_number)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
    (void)out_number;
    return -ENOTSUP;
}

static int no_peer(void *state, uint32_t number)
{
    (void)state;
    (void)number;
    return -ENOTSUP;
}

static int no_join(void *state, const char *group, size_t size, int add)
{
    (void)state;
    (void)group;
    (void)size;
    (void)add;
    return -ENOTSUP;
}

static int no_peer_events(void *state, const void *routing_id, size_t size)
{
    (void)state;
    (void)routing_id;
    (void)size;
    return -ENOTSUP;
}

static const tn_pattern_ops_t no_pattern = {
    .open = no_socket,
    .close = nothing,
    .attach = any_pipe,
    .detach = ignore_pipe,
    .connected = any_pipe,
    .disconnected = ignore_pipe,
    .readable = ignore_pipe,
    .writable = ignore_pipe,
    .send = no_message,
    .recv = no_message,
    .poll = never_ready,
    .set = any_value,
    .get = no_value,
    .subscribe = no_subscribe,
    .peer_number = no_number,
    .disconnect_peer = no_peer,
    .join = no_join,
    .peer_events = no_peer_events,
};

/* ------------------------------------------------------------------ stand-ins: authenticators */

static void forget_nothing(tn_module_state_t *state)
{
    (void)state;
}

static const tn_authenticator_ops_t no_authenticator = {
    .release = nothing,
    .forget = forget_nothing,
};

/* ------------------------------------------------------------------ filling */

/* A slot that the module left empty keeps the stand-in. The slots from `first` on are functions and,
 * in the mechanism's table, those that may stay empty have no stand-in. */
static void overlay(void *table, const void *given, size_t first, size_t size)
{
    unsigned char *to = table;
    const unsigned char *from = given;

    memcpy(to, from, first);
    for (size_t at = first; at + sizeof(void (*)(void)) <= size; at += sizeof(void (*)(void))) {
        static const unsigned char empty[sizeof(void (*)(void))];

        if (memcmp(from + at, empty, sizeof empty) != 0)
            memcpy(to + at, from + at, sizeof empty);
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void tni_fill(const tn_feature_t *feature, struct tni_feature *out_feature)
{
    switch (feature->kind) {
    case TN_TRANSPORT: {
        tn_transport_ops_t *ops = &out_feature->ops.transport;

        *ops = no_transport;
        overlay(ops, feature->ops, offsetof(tn_transport_ops_t, check),
                smaller(((const tn_transport_ops_t *)feature->ops)->size, sizeof *ops));
        ops->size = sizeof *ops;
        return;
    }
    case TN_PATTERN: {
        tn_pattern_ops_t *ops = &out_feature->ops.pattern;

        *ops = no_pattern;
        overlay(ops, feature->ops, offsetof(tn_pattern_ops_t, open),
                smaller(((const tn_pattern_ops_t *)feature->ops)->size, sizeof *ops));
        ops->size = sizeof *ops;
        return;
    }
    case TN_AUTHENTICATOR: {
        tn_authenticator_ops_t *ops = &out_feature->ops.authenticator;

        *ops = no_authenticator;
        overlay(ops, feature->ops, offsetof(tn_authenticator_ops_t, prepare),
                smaller(((const tn_authenticator_ops_t *)feature->ops)->size, sizeof *ops));
        ops->size = sizeof *ops;
        return;
    }
    default: {
        tn_mechanism_ops_t *ops = &out_feature->ops.mechanism;

        *ops = (tn_mechanism_ops_t){0};
        overlay(ops, feature->ops, offsetof(tn_mechanism_ops_t, open),
                smaller(((const tn_mechanism_ops_t *)feature->ops)->size, sizeof *ops));
        ops->size = sizeof *ops;
        return;
    }
    }
}
