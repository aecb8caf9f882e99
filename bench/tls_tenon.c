#include "tls_peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <tenon/tenon.h>

enum { HWM = 1000, STALL_MS = 20000 };

struct server {
    tn_ctx_t *ctx;
    tn_socket_t *pull, *rep;
};

static int complain(const char *what)
{
    fprintf(stderr, "tenon: %s: %s\n", what, tn_last_error());
    return -1;
}

static tn_socket_t *open_socket(tn_ctx_t *ctx, const char *pattern)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    if (socket && tn_set_int(socket, "sndhwm", HWM) == 0 &&
        tn_set_int(socket, "rcvhwm", HWM) == 0 && tn_set_int(socket, "sndtimeo", STALL_MS) == 0 &&
        tn_set_int(socket, "rcvtimeo", STALL_MS) == 0 &&
        tn_set_int(socket, "linger", STALL_MS) == 0)
        return socket;
    complain(pattern);
    return NULL;
}

static int bind_at(tn_socket_t *socket, const struct tls_files *files, char *out, size_t room)
{
    if (!socket || tn_set_str(socket, "tls.cert", files->cert) < 0 ||
        tn_set_str(socket, "tls.key", files->key) < 0 || tn_bind(socket, "tls://127.0.0.1:*") < 0 ||
        tn_get_str(socket, "last_endpoint", out, &room) < 0)
        return complain("bind");
    return 0;
}

/* Two endpoints in one address: that of PULL, a blank, that of REP. */
static void *server(const struct tls_files *files, char out_address[TLS_ADDRESS])
{
    struct server *self = calloc(1, sizeof *self);
    char pull[TLS_ADDRESS / 2], rep[TLS_ADDRESS / 2];

    if (!self)
        return NULL;
    self->ctx = tn_ctx_new();
    self->pull = self->ctx ? open_socket(self->ctx, "pull") : NULL;
    self->rep = self->ctx ? open_socket(self->ctx, "rep") : NULL;
    if (bind_at(self->pull, files, pull, sizeof pull) || bind_at(self->rep, files, rep, sizeof rep))
        return NULL;
    snprintf(out_address, TLS_ADDRESS, "%s %s", pull, rep);
    return self;
}

static int receive(void *state, size_t size, size_t count, double *out_start)
{
    struct server *self = state;
    char *buffer = malloc(size);
    int rc = buffer ? 0 : -1;

    for (size_t i = 0; i < count && rc == 0; i++) {
        if (tn_recv(self->pull, buffer, size, 0) != (ssize_t)size)
            rc = complain("receive");
        if (i == 0)
            *out_start = bench_now();
    }
    free(buffer);
    return rc;
}

static int answer(void *state, size_t count)
{
    struct server *self = state;
    char buffer[16];

    for (size_t i = 0; i < count; i++) {
        if (tn_recv(self->rep, buffer, sizeof buffer, 0) < 0 || tn_send(self->rep, "1", 1, 0) < 0)
            return complain("answer");
    }
    return 0;
}

static void end(void *state)
{
    struct server *self = state;

    tn_close(self->pull);
    tn_close(self->rep);
    tn_ctx_term(self->ctx, STALL_MS);
    free(self);
}

static int connect_to(tn_socket_t *socket, const struct tls_files *files, const char *endpoint)
{
    if (!socket || tn_set_str(socket, "tls.ca", files->cert) < 0 ||
        tn_connect(socket, endpoint) < 0)
        return complain("connect");
    return 0;
}

static int send_all(const struct tls_files *files, const char *address, size_t size, size_t count)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *push = ctx ? open_socket(ctx, "push") : NULL;
    char pull[TLS_ADDRESS], *buffer = calloc(1, size);
    int rc;

    sscanf(address, "%127s", pull);
    rc = buffer ? connect_to(push, files, pull) : -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        if (tn_send(push, buffer, size, 0) < 0)
            rc = complain("send");
    if (push)
        tn_close(push);
    if (ctx)
        tn_ctx_term(ctx, STALL_MS);
    free(buffer);
    return rc;
}

static int ask(const struct tls_files *files, const char *address, size_t count)
{
    tn_ctx_t *ctx = tn_ctx_new();
    char rep[TLS_ADDRESS], buffer[16];
    int rc = ctx ? 0 : -1;

    sscanf(address, "%*s %127s", rep);
    for (size_t i = 0; i < count && rc == 0; i++) {
        tn_socket_t *req = open_socket(ctx, "req");

        rc = connect_to(req, files, rep);
        if (rc == 0 && (tn_send(req, "1", 1, 0) < 0 || tn_recv(req, buffer, sizeof buffer, 0) < 0))
            rc = complain("ask");
        if (req)
            tn_close(req);
    }
    if (ctx)
        tn_ctx_term(ctx, STALL_MS);
    return rc;
}

const struct tls_peer tls_peer_tenon = {.peer = &bench_tenon,
                                        .server = server,
                                        .receive = receive,
                                        .answer = answer,
                                        .end = end,
                                        .send = send_all,
                                        .ask = ask};
