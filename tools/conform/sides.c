#include "sides.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tenon/transport.h>

#include "ends.h"

unsigned side_shape(const struct subject *subject)
{
    return ((const tn_transport_ops_t *)subject->feature->ops)->shape;
}

void side_needs_processes(const struct subject *subject)
{
    if (side_shape(subject) == TN_SHAPE_MESSAGE)
        conform_skip("it joins sockets of one process: there is no connection that could be lost");
}

void side_needs_listener(const struct subject *subject)
{
    if (subject->ends)
        conform_skip("its two ends are made for one connection: there is no listener");
}

tn_ctx_t *side_new_context(const struct subject *subject)
{
    tn_ctx_t *ctx = tn_ctx_new();

    CONFORM(ctx, "no context: %s", tn_last_error());
    CONFORM(tn_ctx_add_module(ctx, subject->watched) == 0, "%s", tn_last_error());
    return ctx;
}

tn_socket_t *side_new_socket(tn_ctx_t *ctx, const char *pattern)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    CONFORM(socket, "%s", tn_last_error());
    tn_set_int(socket, "rcvtimeo", SIDE_WAIT);
    tn_set_int(socket, "sndtimeo", SIDE_WAIT);
    tn_set_int(socket, "linger", 0);
    tn_set_int(socket, "reconnect_ivl", 10);
    return socket;
}

void side_end_context(tn_ctx_t *ctx)
{
    CONFORM(tn_ctx_term(ctx, SIDE_WAIT) == 0, "the context does not end: %s", tn_last_error());
}

/* The template with its marks filled in; `end` is what stands for %a and %b. */
static void fill_in(const struct subject *subject, const char *template, const char *end, char *out,
                    size_t size)
{
    static atomic_int numbers; /* a case may have several threads */
    int number = atomic_fetch_add(&numbers, 1) + 1;
    size_t used = 0;

    for (const char *c = template; *c && used + 1 < size; c++) {
        if (c[0] == '%' && c[1] == 'd')
            used += (size_t)snprintf(out + used, size - used, "%s", subject->directory);
        else if (c[0] == '%' && c[1] == 'n')
            used += (size_t)snprintf(out + used, size - used, "%d-%d", getpid(), number);
        else if (c[0] == '%' && (c[1] == 'a' || c[1] == 'b'))
            used += (size_t)snprintf(out + used, size - used, "%s", end);
        else {
            out[used++] = *c;
            continue;
        }
        c++;
    }
    out[used < size ? used : size - 1] = '\0';
}

void conform_fill_in(const struct subject *subject, char *out, size_t size)
{
    const char *names[2] = {"", ""};

    if (subject->ends)
        ends_make(subject->ends, names);
    fill_in(subject, subject->endpoint, names[0], out, size);
}

static void bind_one_end(const struct subject *subject, tn_socket_t *socket, char *endpoint)
{
    char wanted[SIDE_ENDPOINT];
    const char *names[2];

    ends_make(subject->ends, names);
    fill_in(subject, subject->endpoint, names[0], wanted, sizeof wanted);
    fill_in(subject, subject->connect_endpoint, names[1], endpoint, SIDE_ENDPOINT);
    CONFORM(tn_bind(socket, wanted) == 0, "%s", tn_last_error());
}

/* Binds somewhere; `endpoint` (SIDE_ENDPOINT bytes) is where others connect to. */
void side_bind_somewhere(const struct subject *subject, tn_socket_t *socket, char *endpoint)
{
    char wanted[SIDE_ENDPOINT];
    size_t size = SIDE_ENDPOINT;

    if (subject->ends) {
        bind_one_end(subject, socket, endpoint);
        return;
    }
    conform_fill_in(subject, wanted, sizeof wanted);
    CONFORM(tn_bind(socket, wanted) == 0, "%s", tn_last_error());
    CONFORM(tn_get_str(socket, "last_endpoint", endpoint, &size) == 0, "%s", tn_last_error());
}

int side_bind_at(const struct subject *subject, tn_socket_t *socket, const char *endpoint)
{
    const char *options = strchr(subject->endpoint, '?');
    char whole[2 * SIDE_ENDPOINT];

    snprintf(whole, sizeof whole, "%s%s", endpoint, options ? options : "");
    return tn_bind(socket, whole);
}

void side_connect_to(const struct subject *subject, tn_socket_t *socket, const char *endpoint)
{
    char whole[2 * SIDE_ENDPOINT];

    snprintf(whole, sizeof whole, "%s%s%s", endpoint,
             !subject->connect_options[0] ? ""
             : strchr(endpoint, '?')      ? "&"
                                          : "?",
             subject->connect_options);
    CONFORM(tn_connect(socket, whole) == 0, "%s", tn_last_error());
}

void side_join(const struct subject *subject, struct pair *pair, const char *bound,
               const char *connected)
{
    pair->ctx = side_new_context(subject);
    pair->bound = side_new_socket(pair->ctx, bound);
    pair->connected = side_new_socket(pair->ctx, connected);
    side_bind_somewhere(subject, pair->bound, pair->endpoint);
    side_connect_to(subject, pair->connected, pair->endpoint);
    CONFORM(tn_wait_peers(pair->bound, 1, SIDE_WAIT) == 1 &&
                tn_wait_peers(pair->connected, 1, SIDE_WAIT) == 1,
            "bind and connect at %s do not find each other within %d ms", pair->endpoint,
            SIDE_WAIT);
}

void side_part(struct pair *pair)
{
    tn_close(pair->connected);
    tn_close(pair->bound);
    side_end_context(pair->ctx);
}

static uint8_t byte_at(size_t i, unsigned seed)
{
    return (uint8_t)(i * 131 + (i >> 8) * 17 + seed);
}

/* Sends `size` bytes by which each place is known. */
void side_send_known(tn_socket_t *socket, size_t size, unsigned seed, int flags)
{
    tn_msg_t msg;
    uint8_t *body;

    CONFORM(tn_msg_init_size(&msg, size) == 0, "no memory for %zu bytes", size);
    body = tn_msg_data(&msg);
    for (size_t i = 0; i < size; i++)
        body[i] = byte_at(i, seed);
    CONFORM(tn_msg_send(socket, &msg, flags) >= 0, "a message of %zu bytes cannot be sent: %s",
            size, tn_last_error());
}

void side_recv_known(tn_socket_t *socket, size_t size, unsigned seed)
{
    tn_msg_t msg;
    const uint8_t *body;
    ssize_t got;

    tn_msg_init(&msg);
    got = tn_msg_recv(socket, &msg, 0);
    CONFORM(got >= 0, "a message of %zu bytes did not arrive: %s", size, tn_last_error());
    CONFORM((size_t)got == size, "a message of %zu bytes arrived with %zd", size, got);
    body = tn_msg_bytes(&msg);
    for (size_t i = 0; i < size; i++)
        CONFORM(body[i] == byte_at(i, seed), "byte %zu of a message of %zu is wrong", i, size);
    tn_msg_close(&msg);
}

void side_exchange(struct pair *pair, size_t size)
{
    side_send_known(pair->connected, size, 1, 0);
    side_recv_known(pair->bound, size, 1);
    side_send_known(pair->bound, size, 2, 0);
    side_recv_known(pair->connected, size, 2);
}
