#include "keygen.h"

#include <errno.h>

#include "usage.h"

#ifdef TENON_HAS_OPENSSL

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { DAY = 24 * 60 * 60, NAME_ROOM = 300 };

static bool add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool is_added;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool name_it(X509 *certificate, const char *host)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    unsigned char address[16];
    char names[NAME_ROOM];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

    snprintf(names, sizeof names, "%s:%s", is_address ? "IP" : "DNS", host);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)host, -1,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           add_extension(certificate, NID_subject_alt_name, names) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(certificate, NID_subject_key_identifier, "hash");
}

static bool number_it(X509 *certificate)
{
    unsigned char bytes[16];
    BIGNUM *number = NULL;
    bool is_done = RAND_bytes(bytes, sizeof bytes) == 1;

    bytes[0] &= 0x7f;
    number = is_done ? BN_bin2bn(bytes, sizeof bytes, NULL) : NULL;
    is_done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_done;
}

static bool make(X509 *certificate, EVP_PKEY *key, const char *host, int days)
{
    return X509_set_version(certificate, 2) == 1 && number_it(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * DAY) &&
           X509_set_pubkey(certificate, key) == 1 && name_it(certificate, host) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* OpenSSL does not always say that it had no memory; malloc does. */
static void tell(const char *host)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = NULL;

    if (errno == ENOMEM || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        text = strerrordesc_np(ENOMEM);
    else if (ERR_SYSTEM_ERROR(code))
        text = strerrordesc_np(ERR_GET_REASON(code));
    else
        text = ERR_reason_error_string(code);
    tool_error("keygen", "no certificate can be made for \"%s\": %s", host,
               text ? text : "OpenSSL gives no reason");
}

int keygen_certificate(const char *host, int days, FILE *certificate_file, FILE *key_file)
{
    X509 *certificate;
    EVP_PKEY *key;
    bool is_done;

    errno = 0;
    key = EVP_EC_gen("P-256");
    certificate = key ? X509_new() : NULL;
    is_done = certificate && make(certificate, key, host, days) &&
              PEM_write_X509(certificate_file, certificate) == 1 &&
              PEM_write_PKCS8PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (!is_done)
        tell(host);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_done ? 0 : -EINVAL;
}

#else

int keygen_certificate(const char *host, int days, FILE *certificate_file, FILE *key_file)
{
    (void)host;
    (void)days;
    (void)certificate_file;
    (void)key_file;
    tool_error("keygen", "this build makes no certificates: OpenSSL was missing");
    return -ENOTSUP;
}

#endif
