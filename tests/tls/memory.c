/*
 * tls_memory: for each n, a life of two sockets over TLS in which the n-th allocation fails, of ours and
 * then of OpenSSL's. Either the call that needed it says so, or one connection ends and its successor
 * works: in the end a message comes through, and everything can be closed.
 *
 * tls_memory [--long]: without it only every few allocations are tried.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include <tenon/tenon.h>

#include "base/memory.h"
#include "certs.h"

enum {
    OUR_STEP = 7,
    OPENSSL_STEP = 211,
    ENDPOINT = 128,
    TRIES = 300,
    TRY_MS = 20,
    END_MS = 20000,
    NEVER = 1 << 30
};

static struct {
    const char *whose;
    unsigned long nth;
    bool is_openssl;
} now = {"nobody's", 0, false};

_Noreturn static void fail(const char *what, int line)
{
    fprintf(stderr, "line %d: %s allocation %lu: %s (%s)\n", line, now.whose, now.nth, what,
            tn_last_error());
    abort();
}

/* ------------------------------------------------------------------ OpenSSL's memory */

static atomic_ulong openssl_count, openssl_fails_at;

static bool is_refused(void)
{
    unsigned long count = atomic_fetch_add(&openssl_count, 1) + 1;

    if (count != atomic_load(&openssl_fails_at))
        return false;
    errno = ENOMEM; /* as malloc leaves it */
    return true;
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : malloc(size);
}

static void *openssl_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : realloc(memory, size);
}

static void openssl_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* How many there were since the last call. */
static unsigned long openssl_fail_at(unsigned long nth)
{
    atomic_store(&openssl_fails_at, nth);
    return atomic_exchange(&openssl_count, 0);
}

/* ------------------------------------------------------------------ a life */

struct life {
    tn_ctx_t *ctx;
    tn_socket_t *server, *client;
    char endpoint[ENDPOINT];
};

/* False: it stopped at an error, which must be for want of memory. OpenSSL does not always know that
 * its errors are: "key too small". */
static bool check(long rc, int line)
{
    if (rc >= 0)
        return true;
    if (now.nth == 0 || (rc != -ENOMEM && !(now.is_openssl && rc == -EINVAL)))
        fail(tn_strerror((int)rc), line);
    return false;
}

#define OK(call) check((long)(call), __LINE__)

static bool set(tn_socket_t *socket, const char *own, bool is_server)
{
    char cert[64], key[64];

    snprintf(cert, sizeof cert, "%s.pem", own);
    snprintf(key, sizeof key, "%s.key", own);
    return OK(tn_set_str(socket, "tls.cert", certs_path(cert))) &&
           OK(tn_set_str(socket, "tls.key", certs_path(key))) &&
           OK(tn_set_str(socket, "tls.ca", certs_path("ca.pem"))) &&
           OK(tn_set_str(socket, "tls.client_auth", "required")) &&
           OK(tn_set_int(socket, "rcvtimeo", TRY_MS)) && OK(tn_set_int(socket, "linger", 0)) &&
           OK(tn_set_int(socket, "reconnect_ivl", 1)) &&
           (!is_server || OK(tn_set_str(socket, "tls.alpn", "zmtp")));
}

static bool have(const void *object)
{
    return object || check(tn_last_code(), __LINE__);
}

static bool begin(struct life *life)
{
    size_t size = sizeof life->endpoint;

    life->ctx = tn_ctx_new();
    if (!have(life->ctx))
        return false;
    life->server = tn_socket(life->ctx, "dealer");
    if (!have(life->server) || !set(life->server, "server", true))
        return false;
    life->client = tn_socket(life->ctx, "dealer");
    if (!have(life->client) || !set(life->client, "client", false))
        return false;
    return OK(tn_bind(life->server, "tls://127.0.0.1:*")) &&
           OK(tn_get_str(life->server, "last_endpoint", life->endpoint, &size)) &&
           OK(tn_connect(life->client, life->endpoint));
}

/* What a connection that ended had in hand is lost, so it is sent again. */
static void exchange(tn_socket_t *from, tn_socket_t *to)
{
    static char big[40000];
    static char got[sizeof big];

    for (int i = 0; i < TRIES; i++) {
        ssize_t rc = tn_send(from, big, sizeof big, TN_DONTWAIT);

        if (rc < 0 && rc != -EAGAIN && rc != -ENOMEM)
            fail("cannot send", __LINE__);
        rc = tn_recv(to, got, sizeof got, 0);
        if (rc == (ssize_t)sizeof big)
            return;
        if (rc >= 0 || (rc != -EAGAIN && rc != -ENOMEM))
            fail("not what was sent", __LINE__);
    }
    fail("no message comes through any more", __LINE__);
}

static void end(struct life *life)
{
    if (life->client)
        tn_close(life->client);
    if (life->server)
        tn_close(life->server);
    if (life->ctx && tn_ctx_term(life->ctx, END_MS) < 0)
        fail("the context does not end", __LINE__);
}

static void live(void)
{
    struct life life = {0};

    if (begin(&life)) {
        exchange(life.client, life.server);
        exchange(life.server, life.client);
    }
    end(&life);
}

/* ------------------------------------------------------------------ the rounds */

static unsigned long fail_ours_at(unsigned long nth)
{
    return tni_memory_fail_at(nth, 1);
}

static void go_round(const char *whose, unsigned long (*fail_at)(unsigned long nth),
                     unsigned long step)
{
    unsigned long count;

    now.whose = whose;
    now.nth = 0;
    now.is_openssl = fail_at == openssl_fail_at;
    live(); /* what is made once per process */
    fail_at(NEVER);
    live();
    count = fail_at(0);
    for (now.nth = 1; now.nth <= count; now.nth += step) {
        fail_at(now.nth);
        live();
        fail_at(0);
    }
    now.nth = 0;
    live();
    printf("%s: %lu allocations in a life, every %lu. refused in turn\n", whose, count, step);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bool is_long = argc == 2 && strcmp(argv[1], "--long") == 0;

    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free))
        return 1;
    certs_begin();
    go_round("our", fail_ours_at, is_long ? 1 : OUR_STEP);
    go_round("OpenSSL's", openssl_fail_at, is_long ? 1 : OPENSSL_STEP);
    certs_end();
    return 0;
}
