/* nng's tls, of a libnng.so.1 that is opened at run time and was built with one. */
#include "tls_peer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

enum { STALL_MS = 20000, CLIENT = 0, SERVER = 1 };

/* As the library's headers have it; ids are passed by value. */
typedef struct {
    uint32_t id;
} nng_id;

typedef union {
    struct {
        uint16_t family, port;
    } in;
    char room[256];
} nng_address;

static struct {
    int (*close)(nng_id);
    int (*dialer_create)(nng_id *, nng_id, const char *);
    int (*dialer_set_ptr)(nng_id, const char *, void *);
    int (*dialer_start)(nng_id, int);
    int (*listener_create)(nng_id *, nng_id, const char *);
    int (*listener_get_addr)(nng_id, const char *, nng_address *);
    int (*listener_set_ptr)(nng_id, const char *, void *);
    int (*listener_start)(nng_id, int);
    void (*msleep)(int32_t);
    int (*pull0_open)(nng_id *);
    int (*push0_open)(nng_id *);
    int (*recv)(nng_id, void *, size_t *, int);
    int (*rep0_open)(nng_id *);
    int (*req0_open)(nng_id *);
    int (*send)(nng_id, const void *, size_t, int);
    int (*socket_set_ms)(nng_id, const char *, int32_t);
    const char *(*strerror)(int);
    int (*tls_config_alloc)(void **, int);
    int (*tls_config_ca_file)(void *, const char *);
    int (*tls_config_cert_key_file)(void *, const char *, const char *);
    void (*tls_config_free)(void *);
    int (*tls_config_server_name)(void *, const char *);
} nng;

static int load(void)
{
    const struct bench_symbol symbols[] = {
        {"nng_close", &nng.close},
        {"nng_dialer_create", &nng.dialer_create},
        {"nng_dialer_set_ptr", &nng.dialer_set_ptr},
        {"nng_dialer_start", &nng.dialer_start},
        {"nng_listener_create", &nng.listener_create},
        {"nng_listener_get_addr", &nng.listener_get_addr},
        {"nng_listener_set_ptr", &nng.listener_set_ptr},
        {"nng_listener_start", &nng.listener_start},
        {"nng_msleep", &nng.msleep},
        {"nng_pull0_open", &nng.pull0_open},
        {"nng_push0_open", &nng.push0_open},
        {"nng_recv", &nng.recv},
        {"nng_rep0_open", &nng.rep0_open},
        {"nng_req0_open", &nng.req0_open},
        {"nng_send", &nng.send},
        {"nng_socket_set_ms", &nng.socket_set_ms},
        {"nng_strerror", &nng.strerror},
        {"nng_tls_config_alloc", &nng.tls_config_alloc},
        {"nng_tls_config_ca_file", &nng.tls_config_ca_file},
        {"nng_tls_config_cert_key_file", &nng.tls_config_cert_key_file},
        {"nng_tls_config_free", &nng.tls_config_free},
        {"nng_tls_config_server_name", &nng.tls_config_server_name},
    };

    return bench_library("libnng.so.1", symbols, sizeof(symbols) / sizeof(*symbols));
}

struct server {
    nng_id pull, rep;
};

static int complain(const char *what, int rc)
{
    fprintf(stderr, "nng: %s: %s\n", what, nng.strerror(rc));
    return -1;
}

static int config_of(const struct tls_files *files, bool is_server, void **out)
{
    char both[2 * TLS_PATH];
    int rc = nng.tls_config_alloc(out, is_server ? SERVER : CLIENT);

    if (rc != 0)
        return rc;
    if (!is_server) {
        rc = nng.tls_config_ca_file(*out, files->cert);
        if (rc == 0)
            rc = nng.tls_config_server_name(*out, "localhost");
        return rc;
    }
    /* It takes both from one file. */
    snprintf(both, sizeof both, "%s.both", files->key);
    return nng.tls_config_cert_key_file(*out, both, NULL);
}

static int listen_at(nng_id socket, const struct tls_files *files, int *out_port)
{
    nng_id listener;
    void *config = NULL;
    nng_address address;
    int rc = nng.listener_create(&listener, socket, "tls+tcp://127.0.0.1:0");

    if (rc == 0)
        rc = config_of(files, true, &config);
    if (rc == 0)
        rc = nng.listener_set_ptr(listener, "tls-config", config);
    if (rc == 0)
        rc = nng.listener_start(listener, 0);
    if (rc == 0)
        rc = nng.listener_get_addr(listener, "local-address", &address);
    if (rc == 0)
        *out_port = (address.in.port & 255) << 8 | address.in.port >> 8;
    if (config)
        nng.tls_config_free(config);
    return rc;
}

static void *server(const struct tls_files *files, char out_address[TLS_ADDRESS])
{
    struct server *self = calloc(1, sizeof *self);
    int ports[2] = {0, 0}, rc;

    if (!self)
        return NULL;
    rc = nng.pull0_open(&self->pull);
    if (rc == 0)
        rc = nng.rep0_open(&self->rep);
    if (rc == 0)
        rc = listen_at(self->pull, files, &ports[0]);
    if (rc == 0)
        rc = listen_at(self->rep, files, &ports[1]);
    if (rc != 0) {
        complain("server", rc);
        return NULL;
    }
    nng.socket_set_ms(self->pull, "recv-timeout", STALL_MS);
    nng.socket_set_ms(self->rep, "recv-timeout", STALL_MS);
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

        rc = nng.recv(self->pull, buffer, &got, 0);
        if (i == 0)
            *out_start = bench_now();
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

        rc = nng.recv(self->rep, buffer, &got, 0);
        if (rc == 0)
            rc = nng.send(self->rep, buffer, 1, 0);
    }
    return rc ? complain("answer", rc) : 0;
}

static void end(void *state)
{
    struct server *self = state;

    nng.close(self->pull);
    nng.close(self->rep);
    free(self);
}

static int dial_to(nng_id socket, const struct tls_files *files, int port)
{
    nng_id dialer;
    void *config = NULL;
    char url[64];
    int rc;

    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%d", port);
    rc = nng.dialer_create(&dialer, socket, url);
    if (rc == 0)
        rc = config_of(files, false, &config);
    if (rc == 0)
        rc = nng.dialer_set_ptr(dialer, "tls-config", config);
    if (rc == 0)
        rc = nng.dialer_start(dialer, 0);
    if (config)
        nng.tls_config_free(config);
    return rc;
}

static int send_all(const struct tls_files *files, const char *address, size_t size, size_t count)
{
    char *buffer = calloc(1, size);
    nng_id push;
    int port = 0, rc = nng.push0_open(&push);

    sscanf(address, "%d", &port);
    if (rc == 0)
        rc = dial_to(push, files, port);
    nng.socket_set_ms(push, "send-timeout", STALL_MS);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = nng.send(push, buffer, size, 0);
    nng.msleep(200); /* nng_close drops what is queued */
    nng.close(push);
    free(buffer);
    return rc ? complain("send", rc) : 0;
}

static int ask(const struct tls_files *files, const char *address, size_t count)
{
    int port = 0, rc = 0;

    sscanf(address, "%*d %d", &port);
    for (size_t i = 0; i < count && rc == 0; i++) {
        nng_id req;
        char buffer[16];
        size_t got = sizeof buffer;

        rc = nng.req0_open(&req);
        if (rc == 0)
            rc = dial_to(req, files, port);
        if (rc == 0)
            rc = nng.send(req, (char[]){'1'}, 1, 0);
        if (rc == 0)
            rc = nng.recv(req, buffer, &got, 0);
        nng.close(req);
    }
    return rc ? complain("ask", rc) : 0;
}

const struct tls_peer tls_peer_nng = {.peer = &bench_nng,
                                      .load = load,
                                      .server = server,
                                      .receive = receive,
                                      .answer = answer,
                                      .end = end,
                                      .send = send_all,
                                      .ask = ask};
