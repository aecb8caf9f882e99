#include "session/stack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "session/resolve.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/socket.h"

static size_t rounded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static int allocate(struct tni_stack *stack, struct tni_session *session,
                    const struct tni_config *config)
{
    size_t size = rounded(config->scheme.depth * sizeof *stack->streams);
    uint8_t *block;

    for (unsigned i = 0; i < config->scheme.depth; i++)
        size += rounded(config->scheme.layer[i]->ops.transport.stream_state);
    block = tni_calloc(1, size);
    if (!block)
        return tni_fail(-ENOMEM, "out of memory for a connection");
    stack->streams = (struct tn_stream *)(void *)block;
    stack->depth = config->scheme.depth;
    block += rounded(config->scheme.depth * sizeof *stack->streams);
    for (unsigned i = 0; i < stack->depth; i++) {
        stack->streams[i] = (struct tn_stream){
            .session = session, .feature = config->scheme.layer[i], .state = block, .level = i};
        block += rounded(config->scheme.layer[i]->ops.transport.stream_state);
    }
    return 0;
}

int tni_stack_open(struct tni_stack *stack, struct tni_session *session,
                   const struct tni_config *config)
{
    int rc;

    tni_stack_forget(stack);
    rc = allocate(stack, session, config);
    for (unsigned i = 0; rc == 0 && i < stack->depth; i++) {
        struct tn_stream *stream = &stack->streams[i];
        rc = tni_stream_ops(stream)->open(stream->state, stream, &config->sock->ctx->host,
                                          config->role, config->address);
        stream->is_open = rc == 0;
    }
    if (rc < 0)
        tni_stack_close(stack);
    return rc;
}

void tni_stack_forget(struct tni_stack *stack)
{
    tni_free(stack->local);
    tni_free(stack->remote);
    stack->local = stack->remote = NULL;
    stack->lacks_address = false;
}

void tni_stack_close(struct tni_stack *stack)
{
    for (unsigned i = stack->depth; stack->streams && i-- > 0;) {
        struct tn_stream *stream = &stack->streams[i];
        if (stream->is_open)
            tni_stream_ops(stream)->close(stream->state);
    }
    tni_free(stack->streams);
    tni_properties_clear(&stack->found);
    stack->streams = NULL;
    stack->depth = 0;
    stack->may_hold = false;
}

int tni_stack_dial(struct tni_stack *stack, const char *address)
{
    struct tn_stream *bottom = tni_stack_bottom(stack);
    int rc = tni_stream_ops(bottom)->dial(bottom->state, address);

    bottom->is_ready = rc == 0;
    return rc;
}

int tni_stack_advance(struct tni_stack *stack)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < stack->depth; i++) {
        struct tn_stream *stream = &stack->streams[i];
        const tn_transport_ops_t *ops = tni_stream_ops(stream);
        if (stream->is_ready)
            continue;
        rc = i == 0 ? ops->established(stream->state) : ops->handshake(stream->state);
        stream->is_ready = rc == 0;
        stack->may_hold = stack->depth > 1;
    }
    return rc;
}

int tni_stack_fd(const struct tni_stack *stack)
{
    struct tn_stream *bottom = tni_stack_bottom(stack);

    return tni_stream_ops(bottom)->fd(bottom->state);
}

int tni_stack_flush(struct tni_stack *stack)
{
    int rc = 0;

    for (unsigned i = stack->depth; rc == 0 && i-- > 1;)
        rc = tni_stream_ops(&stack->streams[i])->flush(stack->streams[i].state);
    stack->may_hold = rc != 0;
    return rc;
}

/* ------------------------------------------------------------------ what modules call */

static int stream_option(tn_stream_t *stream, const char *name, tn_value_t *out_value)
{
    const struct tni_config *config = stream->session->config;

    return tni_endpoint_option(&config->options, &config->module_options,
                               config->sock->ctx->registry, stream->feature, name, out_value);
}

static void stream_ready(tn_stream_t *stream, unsigned ready)
{
    tni_session_post(stream->session, (ready & TN_READY_RX ? TNI_SESSION_RX : 0) |
                                          (ready & TN_READY_TX ? TNI_SESSION_TX : 0));
}

/* Before the session is in its reactor it has no timer: see tni_session_start. */
static void stream_wake_at(tn_stream_t *stream, uint64_t at_ms)
{
    struct tni_session *session = stream->session;

    if (at_ms >= session->wake_at)
        return;
    session->wake_at = at_ms;
    if (session->state != TNI_SESSION_IDLE)
        tni_session_schedule(session);
}

static tn_stream_t *stream_lower(tn_stream_t *stream)
{
    return stream->level ? stream - 1 : NULL;
}

static ssize_t stream_readv(tn_stream_t *stream, const struct iovec *iov, int count)
{
    return tni_stream_ops(stream)->readv(stream->state, iov, count);
}

static ssize_t stream_writev(tn_stream_t *stream, const struct iovec *iov, int count)
{
    return tni_stream_ops(stream)->writev(stream->state, iov, count);
}

static int stream_resolve(tn_stream_t *stream, const char *host_name, const char *service,
                          int family, int flags)
{
    return tni_session_resolve(stream->session, host_name, service, family, flags);
}

/* Without memory it stays unknown: an address is told, not needed. */
static void set_address(char **address, const char *text)
{
    tni_free(*address);
    *address = text ? tni_strdup(text) : NULL;
}

static void stream_set_addresses(tn_stream_t *stream, const char *local, const char *remote)
{
    struct tni_stack *stack = &stream->session->stack;

    set_address(&stack->local, local);
    set_address(&stack->remote, remote);
    stack->lacks_address = (local && !stack->local) || (remote && !stack->remote);
}

static const char *stream_remote(tn_stream_t *stream)
{
    return stream->session->stack.remote;
}

static void stream_reads_on(tn_stream_t *stream)
{
    stream->session->reads_on = true;
}

static void *stream_endpoint(tn_stream_t *stream)
{
    return stream->session->config->shared[stream->level];
}

static int stream_set_property(tn_stream_t *stream, const char *name, const char *value)
{
    return tni_properties_set(&stream->session->stack.found, name, value);
}

void tni_stack_complete(tn_host_t *host)
{
    host->stream_endpoint = stream_endpoint;
    host->stream_set_property = stream_set_property;
    host->stream_option = stream_option;
    host->stream_ready = stream_ready;
    host->stream_wake_at = stream_wake_at;
    host->stream_lower = stream_lower;
    host->stream_readv = stream_readv;
    host->stream_writev = stream_writev;
    host->stream_resolve = stream_resolve;
    host->stream_set_addresses = stream_set_addresses;
    host->stream_remote = stream_remote;
    host->stream_reads_on = stream_reads_on;
}
