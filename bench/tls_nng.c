#include "tls_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>
#include <nng/supplemental/util/platform.h>
#include <nng/transport/tls/tls.h>

enum { STALL_MS = 20000 };

struct server {
    nng_socket pull, rep;
};

static int complain(const char *what, int rc)
{
    fprintf(stderr, "nng: %s: %s\n", what, nng_strerror(rc));
    return -1;
}

static int config_of(const struct tls_files *files, bool is_server, nng_tls_config **out)
{
    char both[2 * TLS_PATH];
    int rc = nng_tls_config_alloc(out, is_server ? NNG_TLS_MODE_SERVER : NNG_TLS_MODE_CLIENT);

    if (rc != 0)
        return rc;
    if (!is_server) {
        rc = nng_tls_config_ca_file(*out, files->cert);
        if (rc == 0)
            rc = nng_tls_config_server_name(*out, "localhost");
        return rc;
    }
    /* It takes both from one file. */
    snprintf(both, sizeof both, "%s.both", files->key);
    return nng_tls_config_cert_key_file(*out, both, NULL);
}

static int listen_at(nng_socket socket, const struct tls_files *files, int *out_port)
{
    nng_listener listener;
    nng_tls_config *config = NULL;
    nng_sockaddr address;
    int rc = nng_listener_create(&listener, socket, "tls+tcp://127.0.0.1:0");

    if (rc == 0)
        rc = config_of(files, true, &config);
    if (rc == 0)
        rc = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config);
    if (rc == 0)
        rc = nng_listener_start(listener, 0);
    if (rc == 0)
        rc = nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &address);
    if (rc == 0)
        *out_port = (address.s_in.sa_port & 255) << 8 | address.s_in.sa_port >> 8;
    if (config)
        nng_tls_config_free(config);
    return rc;
}

static void *server(const struct tls_files *files, char out_address[TLS_ADDRESS])
{
    struct server *self = calloc(1, sizeof *self);
    int ports[2] = {0, 0}, rc;

    if (!self)
        return NULL;
    rc = nng_pull0_open(&self->pull);
    if (rc == 0)
        rc = nng_rep0_open(&self->rep);
    if (rc == 0)
        rc = listen_at(self->pull, files, &ports[0]);
    if (rc == 0)
        rc = listen_at(self->rep, files, &ports[1]);
    if (rc != 0) {
        complain("server", rc);
        return NULL;
    }
    nng_socket_set_ms(self->pull, NNG_OPT_RECVTIMEO, STALL_MS);
    nng_socket_set_ms(self->rep, NNG_OPT_RECVTIMEO, STALL_MS);
    snprintf(out_address, TLS_ADDRESS, "%d %d", ports[0], ports[1]);
    return self;
}

static int receive(void *state, size_t size, size_t count, double *out_start)
{
    struct server *self = state;
    char *buffer = malloc(size);
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t got = size;

        rc = nng_recv(self->pull, buffer, &got, 0);
        if (i == 0)
            *out_start = tls_now();
    }
    free(buffer);
    return rc ? complain("receive", rc) : 0;
}

static int answer(void *state, size_t count)
{
    struct server *self = state;
    char buffer[16];
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t got = sizeof buffer;

        rc = nng_recv(self->rep, buffer, &got, 0);
        if (rc == 0)
            rc = nng_send(self->rep, buffer, 1, 0);
    }
    return rc ? complain("answer", rc) : 0;
}

static void end(void *state)
{
    struct server *self = state;

    nng_close(self->pull);
    nng_close(self->rep);
    free(self);
}

static int dial_to(nng_socket socket, const struct tls_files *files, int port)
{
    nng_dialer dialer;
    nng_tls_config *config = NULL;
    char url[64];
    int rc;

    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%d", port);
    rc = nng_dialer_create(&dialer, socket, url);
    if (rc == 0)
        rc = config_of(files, false, &config);
    if (rc == 0)
        rc = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config);
    if (rc == 0)
        rc = nng_dialer_start(dialer, 0);
    if (config)
        nng_tls_config_free(config);
    return rc;
}

static int send_all(const struct tls_files *files, const char *address, size_t size, size_t count)
{
    char *buffer = calloc(1, size);
    nng_socket push;
    int port = 0, rc = nng_push0_open(&push);

    sscanf(address, "%d", &port);
    if (rc == 0)
        rc = dial_to(push, files, port);
    nng_socket_set_ms(push, NNG_OPT_SENDTIMEO, STALL_MS);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = nng_send(push, buffer, size, 0);
    nng_msleep(200); /* nng_close drops what is queued */
    nng_close(push);
    free(buffer);
    return rc ? complain("send", rc) : 0;
}

static int ask(const struct tls_files *files, const char *address, size_t count)
{
    int port = 0, rc = 0;

    sscanf(address, "%*d %d", &port);
    for (size_t i = 0; i < count && rc == 0; i++) {
        nng_socket req;
        char buffer[16];
        size_t got = sizeof buffer;

        rc = nng_req0_open(&req);
        if (rc == 0)
            rc = dial_to(req, files, port);
        if (rc == 0)
            rc = nng_send(req, (char[]){'1'}, 1, 0);
        if (rc == 0)
            rc = nng_recv(req, buffer, &got, 0);
        nng_close(req);
    }
    return rc ? complain("ask", rc) : 0;
}

const struct tls_peer tls_peer_nng = {.name = "nng",
                                      .server = server,
                                      .receive = receive,
                                      .answer = answer,
                                      .end = end,
                                      .send = send_all,
                                      .ask = ask};
