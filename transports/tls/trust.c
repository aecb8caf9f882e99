#include "context.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "file.h"
#include "stream.h"

/* ------------------------------------------------------------------ authorities */

/* Certificates, or revocation lists, one after the other. */
static int add_all(X509_STORE *store, const struct tni_tls_settings *settings,
                   const struct tni_guard *guard, const char *option,
                   const struct tni_tls_bytes *bytes, bool is_crl)
{
    BIO *pem = BIO_new_mem_buf(bytes->data, (int)bytes->size);
    int count = 0;
    bool failed = !pem;

    while (!failed) {
        X509 *certificate = is_crl ? NULL : tni_tls_next_certificate(pem);
        X509_CRL *list = is_crl ? PEM_read_bio_X509_CRL(pem, NULL, NULL, "") : NULL;

        if (!certificate && !list)
            break;
        failed =
            is_crl ? !X509_STORE_add_crl(store, list) : !X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
        X509_CRL_free(list);
        count++;
    }
    failed = failed || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
    BIO_free(pem);
    if (count == 0 || failed)
        return tni_tls_context_fail(settings, guard, -EINVAL, option,
                                    is_crl ? "holds no revocation list in PEM form"
                                           : "holds no certificate in PEM form");
    tni_guard_clear(guard);
    return 0;
}

static int add_file(X509_STORE *store, const struct tni_tls_settings *settings,
                    const struct tni_guard *guard, const char *option, const char *path,
                    bool is_crl)
{
    struct tni_tls_bytes bytes;
    int rc = tni_tls_file_read(settings->host, option, path, false, &bytes);

    if (rc == 0)
        rc = add_all(store, settings, guard, option, &bytes, is_crl);
    tni_tls_bytes_end(settings->host, &bytes);
    return rc;
}

static int add_authority(X509_STORE *store, const struct tni_tls_settings *settings,
                         const struct tni_guard *guard)
{
    struct stat facts;

    if (strcmp(settings->ca, "system") == 0) {
        if (!X509_STORE_set_default_paths(store))
            return tni_tls_context_fail(settings, guard, -EINVAL, "ca",
                                        "the system's authorities cannot be read");
        tni_guard_clear(guard);
        return 0;
    }
    if (stat(settings->ca, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        if (!X509_STORE_load_path(store, settings->ca))
            return tni_tls_context_fail(settings, guard, -EINVAL, "ca",
                                        "the directory cannot be used");
        return 0;
    }
    return add_file(store, settings, guard, "ca", settings->ca, false);
}

static int fill_store(X509_STORE *store, const struct tni_tls_settings *settings,
                      const struct tni_guard *guard)
{
    const struct tni_tls_bytes text = {.data = settings->ca_pem,
                                       .size = settings->ca_pem ? strlen(settings->ca_pem) : 0};
    int rc = settings->ca ? add_authority(store, settings, guard) : 0;

    if (rc == 0 && settings->ca_pem)
        rc = add_all(store, settings, guard, "ca_pem", &text, false);
    if (rc == 0 && settings->crl)
        rc = add_file(store, settings, guard, "crl", settings->crl, true);
    return rc;
}

/* Clients are told which authorities we know, so that those with several certificates can choose. */
static void tell_authorities(SSL_CTX *context)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

        if (certificate)
            SSL_CTX_add_client_CA(context, certificate);
    }
}

/* ------------------------------------------------------------------ verifying */

static bool is_pinned(const struct tni_tls_settings *settings, X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE], *key = NULL;
    unsigned digest_size = 0;
    int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key) : -1;
    bool found = false;

    if (size > 0 && EVP_Digest(key, (size_t)size, digest, &digest_size, EVP_sha256(), NULL) &&
        digest_size == TLS_PIN_SIZE)
        for (unsigned i = 0; i < settings->pin_count; i++)
            found = found || CRYPTO_memcmp(digest, settings->pins[i], TLS_PIN_SIZE) == 0;
    OPENSSL_free(key);
    return found;
}

/* For the sentence that says why: OpenSSL lets go of the certificate. */
static int refuse(X509_STORE_CTX *store_context)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store_context, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tni_tls_stream *stream = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store_context);

    if (!certificate)
        certificate = X509_STORE_CTX_get0_cert(store_context);
    if (stream && certificate && !stream->refused)
        stream->refused = stream->host->alloc(TLS_SUBJECT);
    if (stream && certificate && stream->refused)
        X509_NAME_oneline(X509_get_subject_name(certificate), stream->refused, TLS_SUBJECT);
    return 0;
}

/* In place of OpenSSL's own: chain, name and dates where there is an authority; then the pins. */
static int verify(X509_STORE_CTX *store_context, void *arg)
{
    const struct tni_tls_settings *settings = arg;

    if (tni_tls_has_authority(settings) && X509_verify_cert(store_context) <= 0)
        return refuse(store_context);
    if (settings->pin_count > 0 && !is_pinned(settings, X509_STORE_CTX_get0_cert(store_context))) {
        X509_STORE_CTX_set_error(store_context, X509_V_ERR_CERT_REJECTED);
        return refuse(store_context);
    }
    X509_STORE_CTX_set_error(store_context, X509_V_OK);
    return 1;
}

static int set_name(SSL_CTX *context, const struct tni_tls_settings *settings,
                    const struct tni_guard *guard)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    bool done;

    if (settings->is_server || !settings->verify_name || !settings->name[0])
        return 0;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    done = settings->is_number ? X509_VERIFY_PARAM_set1_ip_asc(param, settings->name)
                               : X509_VERIFY_PARAM_set1_host(param, settings->name, 0);
    return done ? 0
                : tni_tls_context_fail(settings, guard, -EINVAL, "hostname", "cannot be verified");
}

int tni_tls_load_trust(SSL_CTX *context, const struct tni_tls_settings *settings,
                       const struct tni_guard *guard)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    int mode = SSL_VERIFY_PEER;
    int rc;

    if (!tni_tls_verifies(settings)) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
        return 0;
    }
    if (settings->client_auth == TLS_CLIENT_AUTH_REQUIRED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify, (void *)(uintptr_t)settings);
    if (settings->crl)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_STORE_set_flags(store, flags);
    rc = fill_store(store, settings, guard);
    if (rc == 0)
        rc = set_name(context, settings, guard);
    if (rc == 0 && settings->is_server)
        tell_authorities(context);
    return rc;
}
