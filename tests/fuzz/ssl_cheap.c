/*
 * Takes the place of OpenSSL's connections, and leaves the rest of it as it is: a record layer that behaves
 * as OpenSSL's does towards the layer above and the BIO below, without a cipher. What goes wrong, and when, is
 * what the records say (ssl_cheap.h).
 */
#include "ssl_cheap.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>

#include "check.h"

enum { HEAD = 3, BODY_MAX = 16 * 1024, STARTING = 0, HANDSHAKING, UP, FAILED };

struct ssl_st {
    SSL_CTX *context;
    BIO *bio;
    void *app_data;
    bool is_server, has_greeted, has_peer_greeted;
    int state, want, shutdown;
    long verify_result;
    X509 *certificate; /* that the peer showed; borrowed */
    bool is_resumed;
    unsigned char in[HEAD + BODY_MAX];
    size_t in_size; /* of the record that is being read */
    size_t body_at, body_end; /* its data that was not read yet, inside `in` */
    unsigned char out[HEAD + BODY_MAX];
    size_t out_at, out_size; /* a record that is not written */
    size_t promised; /* octets of the caller that are in it; 0: it is our own */
};

X509 *ssl_cheap_certificate;
static const unsigned char padding[BODY_MAX];

/* ------------------------------------------------------------------ records */

size_t ssl_cheap_record(unsigned char *out, enum ssl_cheap_kind kind, const void *body, size_t size)
{
    out[0] = (unsigned char)kind;
    out[1] = (unsigned char)(size >> 8);
    out[2] = (unsigned char)size;
    if (size)
        memcpy(out + HEAD, body, size);
    return HEAD + size;
}

static int break_down(SSL *ssl, int reason)
{
    ssl->state = FAILED;
    ssl->want = SSL_NOTHING;
    if (reason)
        ERR_raise(ERR_LIB_SSL, reason);
    return -1;
}

/* 1; 0: not now; -1. */
static int write_out(SSL *ssl)
{
    while (ssl->out_at < ssl->out_size) {
        size_t done = 0;

        if (!BIO_write_ex(ssl->bio, ssl->out + ssl->out_at, ssl->out_size - ssl->out_at, &done)) {
            ssl->want = SSL_WRITING;
            return BIO_should_retry(ssl->bio) ? 0 : break_down(ssl, 0);
        }
        CHECK(done > 0 && done <= ssl->out_size - ssl->out_at);
        ssl->out_at += done;
    }
    ssl->out_at = ssl->out_size = 0;
    return 1;
}

static int say(SSL *ssl, enum ssl_cheap_kind kind, const void *body, size_t size)
{
    CHECK(ssl->out_size == 0);
    ssl->out_size = ssl_cheap_record(ssl->out, kind, body, size);
    return write_out(ssl);
}

static int read_octets(SSL *ssl, size_t until)
{
    while (ssl->in_size < until) {
        size_t done = 0;

        if (!BIO_read_ex(ssl->bio, ssl->in + ssl->in_size, until - ssl->in_size, &done)) {
            ssl->want = SSL_READING;
            if (BIO_should_retry(ssl->bio))
                return 0;
            return break_down(ssl, BIO_eof(ssl->bio) ? SSL_R_UNEXPECTED_EOF_WHILE_READING : 0);
        }
        CHECK(done > 0 && done <= until - ssl->in_size);
        ssl->in_size += done;
    }
    return 1;
}

/* ------------------------------------------------------------------ what they mean */

static unsigned number_in(const SSL *ssl, size_t size)
{
    return size == 0 ? 0 : size == 1 ? ssl->in[HEAD] : ssl->in[HEAD] * 256U + ssl->in[HEAD + 1];
}

static int take_hello(SSL *ssl, size_t size)
{
    unsigned flags = size ? ssl->in[HEAD] : 0;

    if (ssl->has_peer_greeted)
        return break_down(ssl, SSL_R_UNEXPECTED_MESSAGE);
    ssl->has_peer_greeted = true;
    ssl->is_resumed = flags & CHEAP_RESUMED;
    ssl->certificate = flags & CHEAP_CERTIFICATE ? ssl_cheap_certificate : NULL;
    ssl->verify_result = flags & CHEAP_UNVERIFIED ? X509_V_ERR_CERT_HAS_EXPIRED : X509_V_OK;
    return 1;
}

static int take_record(SSL *ssl, size_t size)
{
    switch (ssl->in[0]) {
    case CHEAP_HELLO:
        return take_hello(ssl, size);
    case CHEAP_DATA:
        if (ssl->state != UP)
            return break_down(ssl, SSL_R_UNEXPECTED_MESSAGE);
        ssl->body_at = HEAD;
        ssl->body_end = HEAD + size;
        return 1;
    case CHEAP_CLOSE:
        ssl->shutdown |= SSL_RECEIVED_SHUTDOWN;
        return ssl->state == UP ? 1 : break_down(ssl, 0);
    case CHEAP_ALERT:
        return break_down(ssl, SSL_AD_REASON_OFFSET + (int)(number_in(ssl, size) & 0xff));
    case CHEAP_UPDATE:
        return ssl->state == UP ? say(ssl, CHEAP_UPDATE, padding, size ? ssl->in[HEAD] * 64U : 0)
                                : break_down(ssl, SSL_R_UNEXPECTED_MESSAGE);
    case CHEAP_NOTHING:
        return 1;
    case CHEAP_UNVERIFIABLE:
        ssl->verify_result = (long)(number_in(ssl, size) % 100);
        return break_down(ssl, SSL_R_CERTIFICATE_VERIFY_FAILED);
    case CHEAP_REASON:
        return break_down(ssl, (int)(number_in(ssl, size) % 1200) + 1);
    default:
        return break_down(ssl, SSL_R_WRONG_VERSION_NUMBER);
    }
}

/* The next record: 1; 0: not now; -1. */
static int next_record(SSL *ssl)
{
    size_t size;
    int rc = write_out(ssl);

    if (rc > 0)
        rc = read_octets(ssl, HEAD);
    if (rc <= 0)
        return rc;
    size = ssl->in[1] * 256U + ssl->in[2];
    if (size > BODY_MAX)
        return break_down(ssl, SSL_R_PACKET_LENGTH_TOO_LONG);
    rc = read_octets(ssl, HEAD + size);
    if (rc <= 0)
        return rc;
    ssl->in_size = 0;
    return take_record(ssl, size);
}

/* ------------------------------------------------------------------ OpenSSL's functions */

int SSL_do_handshake(SSL *ssl)
{
    int rc = ssl->state == FAILED ? -1 : 1;

    ssl->want = SSL_NOTHING;
    if (ssl->state == UP)
        return 1;
    if (rc > 0)
        rc = write_out(ssl);
    while (rc > 0 && !(ssl->has_greeted && ssl->has_peer_greeted)) {
        if (!ssl->has_greeted && (!ssl->is_server || ssl->has_peer_greeted)) {
            ssl->has_greeted = true;
            rc = say(ssl, CHEAP_HELLO, NULL, 0);
        } else {
            rc = next_record(ssl);
        }
    }
    if (rc <= 0)
        return -1;
    ssl->state = UP;
    return 1;
}

int SSL_read_ex(SSL *ssl, void *buf, size_t num, size_t *readbytes)
{
    int rc = ssl->state == UP ? 1 : -1;

    ssl->want = SSL_NOTHING;
    while (rc > 0 && ssl->body_at == ssl->body_end && !(ssl->shutdown & SSL_RECEIVED_SHUTDOWN))
        rc = next_record(ssl);
    if (rc <= 0 || ssl->body_at == ssl->body_end)
        return 0;
    if (num > ssl->body_end - ssl->body_at)
        num = ssl->body_end - ssl->body_at;
    memcpy(buf, ssl->in + ssl->body_at, num);
    ssl->body_at += num;
    *readbytes = num;
    return 1;
}

int SSL_write_ex(SSL *ssl, const void *buf, size_t num, size_t *written)
{
    int rc = ssl->state == UP ? 1 : -1;

    CHECK(num > 0);
    ssl->want = SSL_NOTHING;
    /* A write that was put off goes on, and must be given the same octets. */
    if (rc > 0 && ssl->promised)
        CHECK(num >= ssl->promised && memcmp(buf, ssl->out + HEAD, ssl->promised) == 0);
    if (rc > 0)
        rc = write_out(ssl);
    if (rc > 0 && !ssl->promised) {
        ssl->promised = num < BODY_MAX ? num : BODY_MAX;
        rc = say(ssl, CHEAP_DATA, buf, ssl->promised);
    }
    if (rc <= 0)
        return 0;
    *written = ssl->promised;
    ssl->promised = 0;
    return 1;
}

int SSL_shutdown(SSL *ssl)
{
    if (ssl->state != UP || ssl->out_size)
        return -1;
    ssl->shutdown |= SSL_SENT_SHUTDOWN;
    return say(ssl, CHEAP_CLOSE, NULL, 0) > 0 ? 0 : -1;
}

SSL *SSL_new(SSL_CTX *ctx)
{
    SSL *ssl = calloc(1, sizeof *ssl);

    CHECK(ssl);
    ssl->context = ctx;
    ssl->verify_result = X509_V_OK;
    return ssl;
}

void SSL_free(SSL *ssl)
{
    if (ssl)
        BIO_free(ssl->bio);
    free(ssl);
}

void SSL_set_bio(SSL *s, BIO *rbio, BIO *wbio)
{
    CHECK(rbio == wbio);
    s->bio = rbio;
}

void SSL_set_accept_state(SSL *s)
{
    s->is_server = true;
}

void SSL_set_connect_state(SSL *s)
{
    s->is_server = false;
}

int SSL_set_ex_data(SSL *ssl, int idx, void *data)
{
    CHECK(idx == 0);
    ssl->app_data = data;
    return 1;
}

void *SSL_get_ex_data(const SSL *ssl, int idx)
{
    CHECK(idx == 0);
    return ssl->app_data;
}

long SSL_ctrl(SSL *ssl, int cmd, long larg, void *parg)
{
    (void)ssl;
    (void)larg;
    CHECK(cmd == SSL_CTRL_SET_TLSEXT_HOSTNAME && parg);
    return 1;
}

int SSL_set_session(SSL *to, SSL_SESSION *session)
{
    return to && session;
}

int SSL_want(const SSL *s)
{
    return s->want;
}

int SSL_get_shutdown(const SSL *ssl)
{
    return ssl->shutdown;
}

SSL_CTX *SSL_get_SSL_CTX(const SSL *ssl)
{
    return ssl->context;
}

long SSL_get_verify_result(const SSL *ssl)
{
    return ssl->verify_result;
}

X509 *SSL_get0_peer_certificate(const SSL *s)
{
    return s->certificate;
}

int SSL_session_reused(const SSL *s)
{
    return s->is_resumed;
}

const char *SSL_get_servername(const SSL *s, const int type)
{
    CHECK(type == TLSEXT_NAMETYPE_host_name);
    return s->is_resumed ? NULL : "host.test";
}

const char *SSL_get_version(const SSL *s)
{
    return s->is_resumed ? "TLSv1.3" : "TLSv1.2";
}

const SSL_CIPHER *SSL_get_current_cipher(const SSL *s)
{
    (void)s;
    return NULL;
}
