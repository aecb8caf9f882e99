#include "context.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { TRIES = 3 };

static const unsigned char session_name[] = "tenon";

int tni_tls_context_fail(const struct tni_tls_settings *settings, const struct tni_guard *guard,
                         int code, const char *option, const char *what)
{
    char reason[200];
    unsigned long number = tni_guard_reason(guard, reason, sizeof reason);

    if (ERR_GET_REASON(number) == ERR_R_MALLOC_FAILURE)
        code = -ENOMEM;
    return settings->host->set_error(settings->host, code, "tls.%s: %s%s%s", option, what,
                                     number ? ": " : "", reason);
}

/* OpenSSL works some things out only once, when it reads: without memory they stay unknown. */
static bool is_settled(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    return X509_check_purpose(certificate, -1, 0) == 1 && key &&
           EVP_PKEY_get_security_bits(key) > 0;
}

X509 *tni_tls_next_certificate(BIO *pem)
{
    return tni_tls_settle(PEM_read_bio_X509(pem, NULL, NULL, ""));
}

X509 *tni_tls_settle(X509 *certificate)
{
    X509 *again;

    if (!certificate || is_settled(certificate))
        return certificate;
    again = X509_dup(certificate);
    X509_free(certificate);
    if (again)
        is_settled(again); /* if not even now, it is of a kind that this OpenSSL does not know */
    return again;
}

/* ------------------------------------------------------------------ ALPN */

/* A peer that names no protocol is taken (raw TLS); one that names others only is not. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                       const unsigned char *offered, unsigned size, void *arg)
{
    const struct tni_tls_settings *settings = arg;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, settings->alpn, settings->alpn_size, offered,
                              size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int set_alpn(SSL_CTX *context, const struct tni_tls_settings *settings,
                    const struct tni_guard *guard)
{
    if (settings->alpn_size == 0)
        return 0;
    if (settings->is_server)
        SSL_CTX_set_alpn_select_cb(context, choose_alpn, (void *)(uintptr_t)settings);
    else if (SSL_CTX_set_alpn_protos(context, settings->alpn, settings->alpn_size) != 0)
        return tni_tls_context_fail(settings, guard, -EINVAL, "alpn", "not accepted");
    return 0;
}

/* ------------------------------------------------------------------ the rest */

static int set_versions(SSL_CTX *context, const struct tni_tls_settings *settings,
                        const struct tni_guard *guard)
{
    if (!SSL_CTX_set_min_proto_version(context, settings->min_version) ||
        !SSL_CTX_set_max_proto_version(context, settings->max_version))
        return tni_tls_context_fail(settings, guard, -EINVAL, "min_version",
                                    "this OpenSSL does not have these versions");
    return 0;
}

static int set_ciphers(SSL_CTX *context, const struct tni_tls_settings *settings,
                       const struct tni_guard *guard)
{
    if (settings->ciphers && !SSL_CTX_set_cipher_list(context, settings->ciphers))
        return tni_tls_context_fail(settings, guard, -EINVAL, "ciphers",
                                    "names no cipher of TLS 1.2 (`openssl ciphers` lists them)");
    if (settings->ciphersuites && !SSL_CTX_set_ciphersuites(context, settings->ciphersuites))
        return tni_tls_context_fail(
            settings, guard, -EINVAL, "ciphersuites",
            "names no suite of TLS 1.3 (`openssl ciphers -s -tls1_3` lists them)");
    return 0;
}

static void set_resumption(SSL_CTX *context, const struct tni_tls_settings *settings)
{
    if (!settings->resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
        return;
    }
    /* A server keeps nothing: the client holds its session, as a ticket. */
    SSL_CTX_set_session_cache_mode(context, settings->is_server ? SSL_SESS_CACHE_OFF
                                                                : SSL_SESS_CACHE_CLIENT |
                                                                      SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_num_tickets(context, 1);
}

static void set_manners(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_early_data(context, 0);
}

/* A signature algorithm or a cipher that OpenSSL had no memory to look up is missing from the context
 * for good, and its error queue does not tell; malloc's errno does. An allocation that succeeded at the
 * second attempt, within malloc, may leave that errno too: hence more than one try. */
static SSL_CTX *whole_context(const SSL_METHOD *method)
{
    for (int i = 0; i < TRIES; i++) {
        SSL_CTX *context;

        errno = 0;
        context = SSL_CTX_new(method);
        if (!context || errno != ENOMEM)
            return context;
        SSL_CTX_free(context);
    }
    return NULL;
}

int tni_tls_context_new(const struct tni_tls_settings *settings, const struct tni_guard *guard,
                        SSL_CTX **out_context)
{
    SSL_CTX *context =
        whole_context(settings->is_server ? TLS_server_method() : TLS_client_method());
    int rc;

    if (!context)
        return tni_tls_context_fail(settings, guard, -ENOMEM, "cert", "no context can be made");
    set_manners(context);
    set_resumption(context, settings);
    rc = set_versions(context, settings, guard);
    if (rc == 0)
        rc = set_ciphers(context, settings, guard);
    if (rc == 0)
        rc = set_alpn(context, settings, guard);
    if (rc == 0 && !SSL_CTX_set_session_id_context(context, session_name, sizeof session_name - 1))
        rc = tni_tls_context_fail(settings, guard, -ENOMEM, "resume", "no context can be made");
    if (rc == 0)
        rc = tni_tls_load_credentials(context, settings, guard);
    if (rc == 0)
        rc = tni_tls_load_trust(context, settings, guard);
    if (rc < 0) {
        SSL_CTX_free(context);
        return rc;
    }
    tni_guard_clear(guard);
    *out_context = context;
    return 0;
}
