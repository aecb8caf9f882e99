/* OpenSSL by itself over a blocking socket: what the machine can do. */
#include "tls_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

struct server {
    SSL_CTX *context;
    int fd;
};

static int complain(const char *what)
{
    fprintf(stderr, "openssl: %s failed\n", what);
    ERR_print_errors_fp(stderr);
    return -1;
}

static void *server(const struct tls_files *files, char out_address[TLS_ADDRESS])
{
    struct server *self = calloc(1, sizeof *self);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;

    if (!self)
        return NULL;
    self->context = SSL_CTX_new(TLS_server_method());
    /* A client that never reads would close with them unread, and reset the connection. */
    SSL_CTX_set_num_tickets(self->context, 0);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (SSL_CTX_use_certificate_chain_file(self->context, files->cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(self->context, files->key, SSL_FILETYPE_PEM) != 1 ||
        bind(self->fd, (struct sockaddr *)&name, sizeof name) < 0 || listen(self->fd, 128) < 0 ||
        getsockname(self->fd, (struct sockaddr *)&name, &size) < 0) {
        complain("server");
        return NULL;
    }
    snprintf(out_address, TLS_ADDRESS, "%u", ntohs(name.sin_port));
    return self;
}

static SSL *wrap(SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SSL_set_fd(ssl, fd);
    return ssl;
}

static void drop(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static SSL *take(struct server *self)
{
    SSL *ssl = wrap(self->context, accept(self->fd, NULL, NULL));

    if (SSL_accept(ssl) == 1)
        return ssl;
    complain("accept");
    drop(ssl);
    return NULL;
}

static int receive(void *state, size_t size, size_t count, double *out_start)
{
    SSL *ssl = take(state);
    size_t total = size * count, done = 0;
    static char buffer[128 * 1024];
    int rc = ssl ? 0 : -1;

    while (rc == 0 && done < total) {
        int got = SSL_read(ssl, buffer, sizeof buffer);

        if (got <= 0)
            rc = complain("receive");
        else if (done < size && done + (size_t)got >= size)
            *out_start = bench_now();
        done += got > 0 ? (size_t)got : 0;
    }
    if (ssl)
        drop(ssl);
    return rc;
}

static int answer(void *state, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        SSL *ssl = take(state);
        char byte;

        if (!ssl)
            return -1;
        if (SSL_read(ssl, &byte, 1) != 1 || SSL_write(ssl, &byte, 1) != 1)
            return complain("answer");
        drop(ssl);
    }
    return 0;
}

static void end(void *state)
{
    struct server *self = state;

    close(self->fd);
    SSL_CTX_free(self->context);
    free(self);
}

static SSL_CTX *client_context(const struct tls_files *files)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    SSL_CTX_load_verify_locations(context, files->cert, NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

static SSL *dial(SSL_CTX *context, const char *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t)atoi(address))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = wrap(context, fd);

    if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0 && SSL_connect(ssl) == 1)
        return ssl;
    complain("connect");
    drop(ssl);
    return NULL;
}

static int send_all(const struct tls_files *files, const char *address, size_t size, size_t count)
{
    SSL_CTX *context = client_context(files);
    SSL *ssl = dial(context, address);
    char *buffer = calloc(1, size);
    int rc = ssl && buffer ? 0 : -1;

    for (size_t i = 0; i < count && rc == 0; i++)
        if (SSL_write(ssl, buffer, (int)size) != (int)size)
            rc = complain("send");
    if (ssl)
        drop(ssl);
    SSL_CTX_free(context);
    free(buffer);
    return rc;
}

static int ask(const struct tls_files *files, const char *address, size_t count)
{
    SSL_CTX *context = client_context(files);
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        SSL *ssl = dial(context, address);
        char byte = '1';

        if (!ssl)
            return -1;
        if (SSL_write(ssl, &byte, 1) != 1 || SSL_read(ssl, &byte, 1) != 1)
            rc = complain("ask");
        drop(ssl);
    }
    SSL_CTX_free(context);
    return rc;
}

const struct tls_peer tls_peer_openssl = {.peer = &bench_raw,
                                          .server = server,
                                          .receive = receive,
                                          .answer = answer,
                                          .end = end,
                                          .send = send_all,
                                          .ask = ask};
