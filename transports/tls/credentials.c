#include "context.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "file.h"

/* Never asks at a terminal. */
static int give_password(char *buffer, int size, int is_writing, void *arg)
{
    const struct tni_tls_settings *settings = arg;
    size_t length = settings->key_password ? strlen(settings->key_password) : 0;

    (void)is_writing;
    if (!settings->key_password || size < 0 || length > (size_t)size)
        return -1;
    memcpy(buffer, settings->key_password, length);
    return (int)length;
}

/* ------------------------------------------------------------------ the certificate and its chain */

static bool is_end_of_pem(void)
{
    unsigned long code = ERR_peek_last_error();

    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static bool add_chain(SSL_CTX *context, BIO *pem, const struct tni_guard *guard)
{
    X509 *next;

    SSL_CTX_clear_chain_certs(context);
    while ((next = tni_tls_next_certificate(pem)) != NULL) {
        bool added = SSL_CTX_add0_chain_cert(context, next);

        if (!added) {
            X509_free(next);
            return false;
        }
    }
    if (!is_end_of_pem())
        return false;
    tni_guard_clear(guard);
    return true;
}

static int use_certificate(SSL_CTX *context, const struct tni_tls_settings *settings,
                           const struct tni_guard *guard, const struct tni_tls_bytes *bytes,
                           const char *option)
{
    BIO *pem = BIO_new_mem_buf(bytes->data, (int)bytes->size);
    X509 *own = pem ? tni_tls_settle(PEM_read_bio_X509_AUX(pem, NULL, give_password,
                                                           (void *)(uintptr_t)settings))
                    : NULL;
    bool done = own && SSL_CTX_use_certificate(context, own) && add_chain(context, pem, guard);
    int rc = 0;

    if (!done)
        rc = tni_tls_context_fail(settings, guard, -EINVAL, option,
                                  own ? "the certificate cannot be used"
                                      : "holds no certificate in PEM form");
    X509_free(own);
    BIO_free(pem);
    return rc;
}

/* ------------------------------------------------------------------ the private key */

static int use_key(SSL_CTX *context, const struct tni_tls_settings *settings,
                   const struct tni_guard *guard, const struct tni_tls_bytes *bytes,
                   const char *option)
{
    BIO *pem = BIO_new_mem_buf(bytes->data, (int)bytes->size);
    EVP_PKEY *key =
        pem ? PEM_read_bio_PrivateKey(pem, NULL, give_password, (void *)(uintptr_t)settings) : NULL;
    int rc = 0;

    if (!key)
        rc = tni_tls_context_fail(settings, guard, -EINVAL, option,
                                  "holds no private key in PEM form, or one whose password "
                                  "(tls.key_password) is another");
    else if (EVP_PKEY_get_security_bits(key) <= 0) /* unknown: there was no memory to work it out */
        rc = settings->host->set_error(settings->host, -ENOMEM, "tls.%s: out of memory", option);
    else if (!SSL_CTX_use_PrivateKey(context, key) || !SSL_CTX_check_private_key(context))
        rc = tni_tls_context_fail(settings, guard, -EINVAL, option,
                                  "is not the key of the certificate; give the two that were made "
                                  "together");
    EVP_PKEY_free(key);
    BIO_free(pem);
    return rc;
}

/* ------------------------------------------------------------------ from file or memory */

static struct tni_tls_bytes of_text(char *text)
{
    return (struct tni_tls_bytes){.data = text, .size = strlen(text)};
}

int tni_tls_load_credentials(SSL_CTX *context, const struct tni_tls_settings *settings,
                             const struct tni_guard *guard)
{
    const tn_host_t *host = settings->host;
    const char *key_path = settings->key ? settings->key : settings->cert;
    const char *key_option = settings->key ? "key" : "cert";
    struct tni_tls_bytes cert = {0}, key = {0};
    int rc = 0;

    if (!settings->cert && !settings->cert_pem)
        return 0;
    if (settings->cert)
        rc = tni_tls_file_read(host, "cert", settings->cert, false, &cert);
    if (rc == 0)
        rc = settings->cert
                 ? use_certificate(context, settings, guard, &cert, "cert")
                 : use_certificate(context, settings, guard,
                                   &(struct tni_tls_bytes){.data = settings->cert_pem,
                                                           .size = strlen(settings->cert_pem)},
                                   "cert_pem");
    if (rc == 0 && settings->key_pem) {
        key = of_text(settings->key_pem);
        rc = use_key(context, settings, guard, &key, "key_pem");
        key.data = NULL;
    } else if (rc == 0) {
        rc = tni_tls_file_read(host, key_option, key_path, true, &key);
        if (rc == 0)
            rc = use_key(context, settings, guard, &key, key_option);
    }
    tni_tls_bytes_end(host, &cert);
    tni_tls_bytes_end(host, &key);
    return rc;
}
