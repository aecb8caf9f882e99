/*
 * The glue between OpenSSL and a stream: bytes from a peer into the layer, in both roles, over a lower
 * stream that gives and takes them in any pieces. First octet: bit 0 the role, bit 1 whether a true peer
 * shakes hands first, bit 2 TLS 1.2; second: the size of the pieces. With a true peer each further pair of
 * octets turns a byte of what it sends, and its own messages go through as well.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <tenon/transport.h>

#include "check.h"

extern const tn_module_t tls_LTX_tenon_module_v1;

enum { STEPS = 64, ROOM = 4096 };

struct tn_stream {
    const uint8_t *data; /* what the peer says, where there is no true one */
    size_t left, piece;
    bool is_refusing; /* every other call */
    SSL *peer; /* over two memory BIOs, or NULL */
    BIO *to_peer, *from_peer;
    size_t sent; /* bytes of the peer so far */
    const uint8_t *turns;
    size_t turn_count;
};

static struct {
    tn_host_t host;
    tn_module_state_t *module;
    char *cert, *key;
    void *endpoints[2][2]; /* by role, by version */
    SSL_CTX *peers[2];
    long balance;
    int version; /* while an endpoint is prepared */
    bool is_server;
    struct tn_stream *stream;
    void *endpoint;
} fuzz;

/* ------------------------------------------------------------------ a host */

static void host_log(const tn_host_t *host, int level, const char *format, ...)
{
    (void)host;
    (void)level;
    (void)format;
}

static int host_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    (void)host;
    (void)format;
    return code;
}

static const char *host_last_error(void)
{
    return "a sentence";
}

static void *host_alloc(size_t size)
{
    fuzz.balance++;
    return calloc(1, size);
}

static void host_free(void *memory)
{
    fuzz.balance -= memory != NULL;
    free(memory);
}

static uint64_t host_clock_ms(void)
{
    return 1;
}

static tn_module_state_t *host_module_state(const tn_host_t *host, const tn_module_t *module)
{
    (void)host;
    (void)module;
    return fuzz.module;
}

static int host_option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    const char *text = NULL;

    (void)setup;
    *out_value = (tn_value_t){.type = TN_OPTION_BOOL};
    if (fuzz.is_server && strcmp(name, "cert_pem") == 0)
        text = fuzz.cert;
    if (fuzz.is_server && strcmp(name, "key_pem") == 0)
        text = fuzz.key;
    if (strcmp(name, "max_version") == 0)
        text = fuzz.version ? "1.2" : "1.3";
    if (strcmp(name, "alpn") == 0)
        text = "zmtp";
    if (strcmp(name, "resume") == 0)
        out_value->number = 1;
    if (text)
        *out_value = (tn_value_t){.type = TN_OPTION_STR, .data = text, .size = strlen(text)};
    return 0;
}

static void *host_endpoint(tn_stream_t *stream)
{
    (void)stream;
    return fuzz.endpoint;
}

static tn_stream_t *host_lower(tn_stream_t *stream)
{
    return stream;
}

static int host_property(tn_stream_t *stream, const char *name, const char *value)
{
    (void)stream;
    CHECK(*name && (!value || strlen(value) < 16 * 1024));
    return 0;
}

static void host_ready(tn_stream_t *stream, unsigned ready)
{
    (void)stream;
    CHECK(ready == TN_READY_RX);
}

/* ------------------------------------------------------------------ the stream below */

static bool refuses(tn_stream_t *stream)
{
    stream->is_refusing = !stream->is_refusing;
    return stream->is_refusing && stream->piece % 2;
}

static void turn(tn_stream_t *stream, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 1 < stream->turn_count; i += 2) {
        size_t at = (size_t)stream->turns[i] * 8;

        if (at >= stream->sent && at < stream->sent + size)
            bytes[at - stream->sent] ^= stream->turns[i + 1];
    }
    stream->sent += size;
}

static ssize_t lower_readv(tn_stream_t *stream, const struct iovec *iov, int count)
{
    size_t size = iov[0].iov_len < stream->piece ? iov[0].iov_len : stream->piece;
    int got;

    (void)count;
    if (refuses(stream))
        return -EAGAIN;
    if (stream->peer) {
        got = BIO_read(stream->from_peer, iov[0].iov_base, (int)size);
        if (got <= 0)
            return -EAGAIN;
        turn(stream, iov[0].iov_base, (size_t)got);
        return got;
    }
    if (size > stream->left)
        size = stream->left;
    memcpy(iov[0].iov_base, stream->data, size);
    stream->data += size;
    stream->left -= size;
    return (ssize_t)size;
}

static ssize_t lower_writev(tn_stream_t *stream, const struct iovec *iov, int count)
{
    size_t size = iov[0].iov_len < stream->piece ? iov[0].iov_len : stream->piece;

    (void)count;
    if (refuses(stream))
        return -EAGAIN;
    if (stream->peer)
        BIO_write(stream->to_peer, iov[0].iov_base, (int)size);
    return (ssize_t)size;
}

/* ------------------------------------------------------------------ set up once */

static char *text_of(BIO *memory)
{
    char *data, *text;
    long size = BIO_get_mem_data(memory, &data);

    text = strndup(data, (size_t)size);
    BIO_free(memory);
    return text;
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *cert_text = BIO_new(BIO_s_mem()), *key_text = BIO_new(BIO_s_mem());

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 1000L * 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"fuzz", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    PEM_write_bio_X509(cert_text, certificate);
    PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL);
    fuzz.cert = text_of(cert_text);
    fuzz.key = text_of(key_text);
    for (int role = 0; role < 2; role++) {
        fuzz.peers[role] = SSL_CTX_new(role ? TLS_client_method() : TLS_server_method());
        SSL_CTX_use_certificate(fuzz.peers[role], certificate);
        SSL_CTX_use_PrivateKey(fuzz.peers[role], key);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static const tn_transport_ops_t *ops(void)
{
    return tls_LTX_tenon_module_v1.features[0]->ops;
}

static void set_up(void)
{
    fuzz.host = (tn_host_t){.size = sizeof fuzz.host,
                            .log = host_log,
                            .set_error = host_set_error,
                            .alloc = host_alloc,
                            .free = host_free,
                            .clock_ms = host_clock_ms,
                            .module_state = host_module_state,
                            .stream_ready = host_ready,
                            .stream_lower = host_lower,
                            .stream_readv = lower_readv,
                            .stream_writev = lower_writev,
                            .setup_option = host_option,
                            .stream_endpoint = host_endpoint,
                            .stream_set_property = host_property,
                            .last_error = host_last_error};
    make_certificate();
    CHECK(tls_LTX_tenon_module_v1.init(&fuzz.host, &fuzz.module) == 0);
    for (int role = 0; role < 2; role++) {
        for (fuzz.version = 0; fuzz.version < 2; fuzz.version++) {
            void *endpoint = calloc(1, ops()->endpoint_state);

            fuzz.is_server = role == 1;
            CHECK(ops()->prepare(endpoint, NULL, &fuzz.host, role ? TN_ROLE_BIND : TN_ROLE_CONNECT,
                                 "host.test:1") == 0);
            fuzz.endpoints[role][fuzz.version] = endpoint;
        }
    }
}

/* ------------------------------------------------------------------ one input */

static void begin_peer(struct tn_stream *stream, bool is_server)
{
    stream->peer = SSL_new(fuzz.peers[is_server]);
    stream->to_peer = BIO_new(BIO_s_mem());
    stream->from_peer = BIO_new(BIO_s_mem());
    SSL_set_bio(stream->peer, stream->to_peer, stream->from_peer);
    if (is_server)
        SSL_set_connect_state(stream->peer);
    else
        SSL_set_accept_state(stream->peer);
}

static void peer_turn(struct tn_stream *stream)
{
    char buffer[256];

    if (!stream->peer)
        return;
    if (SSL_do_handshake(stream->peer) == 1) {
        SSL_write(stream->peer, "\0\5hello", 7);
        while (SSL_read(stream->peer, buffer, sizeof buffer) > 0)
            ;
    }
    ERR_clear_error();
}

/* As the core would: handshake until it is done, then read and write. */
static void drive(void *state, struct tn_stream *stream)
{
    static uint8_t room[ROOM];
    struct iovec in[2] = {{room, 100}, {room + 100, ROOM - 100}};
    struct iovec out[3] = {{room, 10}, {room, 0}, {room, 3000}};
    int rc = -EINPROGRESS;
    ssize_t got;

    for (int i = 0; i < STEPS && rc == -EINPROGRESS; i++) {
        peer_turn(stream);
        rc = ops()->handshake(state);
        CHECK(rc <= 0);
    }
    for (int i = 0; i < STEPS && rc == 0; i++) {
        peer_turn(stream);
        got = ops()->readv(state, in, 2);
        CHECK(got <= ROOM);
        if (got == 0 || (got < 0 && got != -EAGAIN))
            break;
        got = ops()->writev(state, out, 3);
        CHECK(got <= 3010);
        if (got < 0 && got != -EAGAIN)
            break;
        got = ops()->flush(state);
        if (got < 0 && got != -EAGAIN)
            break;
        CHECK(ops()->pending(state) >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_stream stream = {0};
    void *state;
    long before;

    if (!fuzz.cert)
        set_up();
    if (size < 2)
        return 0;
    fuzz.endpoint = fuzz.endpoints[data[0] & 1][data[0] >> 2 & 1];
    stream.piece = data[1] ? (size_t)data[1] * (data[0] & 8 ? 1 : 64) : 1;
    stream.data = stream.turns = data + 2;
    stream.left = stream.turn_count = size - 2;
    if (data[0] & 2)
        begin_peer(&stream, data[0] & 1);
    state = calloc(1, ops()->stream_state);
    before = fuzz.balance;
    CHECK(ops()->open(state, &stream, &fuzz.host, 1, "host.test:1") == 0);
    drive(state, &stream);
    ops()->close(state);
    /* The endpoint keeps one buffer for the next. */
    CHECK(fuzz.balance <= before + 1);
    CHECK(ERR_peek_error() == 0);
    free(state);
    SSL_free(stream.peer);
    return 0;
}
