/*
 * tls.h: what the targets of the layer tls share: a host, a certificate, prepared endpoints. The stream
 * below is each target's own: struct tn_stream, tls_lower_readv and tls_lower_writev.
 */
#ifndef TNI_FUZZ_TLS_H
#define TNI_FUZZ_TLS_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <tenon/transport.h>

#include "check.h"

extern const tn_module_t tls_LTX_tenon_module_v1;

static ssize_t tls_lower_readv(tn_stream_t *stream, const struct iovec *iov, int count);
static ssize_t tls_lower_writev(tn_stream_t *stream, const struct iovec *iov, int count);

/** What an endpoint is prepared as. */
struct tls_kind {
    bool is_server;
    bool verifies; /* the peer must show the certificate */
    const char *version;
};

static struct {
    tn_host_t host;
    tn_module_state_t *module;
    X509 *certificate;
    EVP_PKEY *key;
    char *certificate_text, *key_text;
    const struct tls_kind *preparing;
    void *endpoint; /* of the present input */
    long balance; /* of allocations */
    unsigned readies; /* calls of stream_ready */
    int fail_in; /* the allocation that fails, counted down; 0: none */
} tls;

/* ------------------------------------------------------------------ a host */

static void tls_log(const tn_host_t *host, int level, const char *format, ...)
{
    (void)host;
    (void)level;
    (void)format;
}

static int tls_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    (void)host;
    (void)format;
    return code;
}

static const char *tls_remote(tn_stream_t *stream)
{
    (void)stream;
    return "127.0.0.1:1";
}

static const char *tls_last_error(void)
{
    return "a sentence";
}

static void *tls_alloc(size_t size)
{
    if (tls.fail_in && --tls.fail_in == 0)
        return NULL;
    tls.balance++;
    return calloc(1, size);
}

static void tls_free(void *memory)
{
    tls.balance -= memory != NULL;
    free(memory);
}

static uint64_t tls_clock_ms(void)
{
    return 1;
}

static tn_module_state_t *tls_module_state(const tn_host_t *host, const tn_module_t *module)
{
    (void)host;
    (void)module;
    return tls.module;
}

static int tls_option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    const struct tls_kind *kind = tls.preparing;
    const char *text = NULL;

    (void)setup;
    *out_value = (tn_value_t){.type = TN_OPTION_BOOL};
    if (kind->is_server && strcmp(name, "cert_pem") == 0)
        text = tls.certificate_text;
    if (kind->is_server && strcmp(name, "key_pem") == 0)
        text = tls.key_text;
    if (kind->verifies && strcmp(name, "ca_pem") == 0)
        text = tls.certificate_text;
    if (kind->is_server && kind->verifies && strcmp(name, "client_auth") == 0)
        text = "required";
    if (strcmp(name, "max_version") == 0)
        text = kind->version;
    if (strcmp(name, "alpn") == 0)
        text = "zmtp";
    if (strcmp(name, "resume") == 0)
        out_value->number = 1;
    if (strcmp(name, "verify") == 0)
        out_value->number = kind->verifies;
    if (text)
        *out_value = (tn_value_t){.type = TN_OPTION_STR, .data = text, .size = strlen(text)};
    return 0;
}

static void *tls_endpoint(tn_stream_t *stream)
{
    (void)stream;
    return tls.endpoint;
}

static tn_stream_t *tls_lower(tn_stream_t *stream)
{
    return stream;
}

static int tls_property(tn_stream_t *stream, const char *name, const char *value)
{
    (void)stream;
    CHECK(*name && (!value || strlen(value) < 16 * 1024));
    return 0;
}

static void tls_ready(tn_stream_t *stream, unsigned ready)
{
    (void)stream;
    CHECK(ready == TN_READY_RX);
    tls.readies++;
}

/* ------------------------------------------------------------------ set up once */

static char *tls_text_of(BIO *memory)
{
    char *data, *text;
    long size = BIO_get_mem_data(memory, &data);

    text = strndup(data, (size_t)size);
    BIO_free(memory);
    return text;
}

static void tls_make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *text = BIO_new(BIO_s_mem()), *key_text = BIO_new(BIO_s_mem());

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 1000L * 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"fuzz", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    PEM_write_bio_X509(text, certificate);
    PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL);
    tls.certificate = certificate;
    tls.key = key;
    tls.certificate_text = tls_text_of(text);
    tls.key_text = tls_text_of(key_text);
}

static const tn_transport_ops_t *tls_ops(void)
{
    return tls_LTX_tenon_module_v1.features[0]->ops;
}

static void *tls_prepare(const struct tls_kind *kind)
{
    void *endpoint = calloc(1, tls_ops()->endpoint_state);

    CHECK(endpoint);
    tls.preparing = kind;
    CHECK(tls_ops()->prepare(endpoint, NULL, &tls.host,
                             kind->is_server ? TN_ROLE_BIND : TN_ROLE_CONNECT, "host.test:1") == 0);
    return endpoint;
}

static void tls_set_up(void)
{
    tls.host = (tn_host_t){.size = sizeof tls.host,
                           .log = tls_log,
                           .set_error = tls_set_error,
                           .alloc = tls_alloc,
                           .free = tls_free,
                           .clock_ms = tls_clock_ms,
                           .module_state = tls_module_state,
                           .stream_ready = tls_ready,
                           .stream_lower = tls_lower,
                           .stream_readv = tls_lower_readv,
                           .stream_writev = tls_lower_writev,
                           .setup_option = tls_option,
                           .stream_endpoint = tls_endpoint,
                           .stream_set_property = tls_property,
                           .stream_remote = tls_remote,
                           .last_error = tls_last_error};
    tls_make_certificate();
    CHECK(tls_LTX_tenon_module_v1.init(&tls.host, &tls.module) == 0);
}

#endif
