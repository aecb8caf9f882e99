/* What the certificate says of the peer, as properties of the connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "stream.h"

enum { NAMES_SIZE = 4096, HEX_SIZE = 2 * EVP_MAX_MD_SIZE + 1, USER_SIZE = 256 };

static int set(const struct tni_tls_stream *self, const char *name, const char *value)
{
    return self->host->stream_set_property(self->stream, name, value);
}

/* ------------------------------------------------------------------ alternative names */

/* Text under construction; what does not fit is left out whole. */
struct names {
    char text[NAMES_SIZE];
    size_t size;
};

/* A name may hold any bytes: what could be taken for the next name, or for its end, is written %XX. */
static void add_name(struct names *names, const char *kind, const unsigned char *name, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t start = names->size;
    size_t at = start + (size_t)snprintf(names->text + start, NAMES_SIZE - start,
                                         "%s%s:", start ? ", " : "", kind);

    for (size_t i = 0; i < size; i++) {
        bool is_plain = name[i] > ' ' && name[i] < 127 && name[i] != ',' && name[i] != '%';

        if (at + 4 > NAMES_SIZE) {
            names->text[start] = '\0';
            return;
        }
        if (is_plain) {
            names->text[at++] = (char)name[i];
            continue;
        }
        names->text[at++] = '%';
        names->text[at++] = digits[name[i] >> 4];
        names->text[at++] = digits[name[i] & 15];
    }
    names->text[at] = '\0';
    names->size = at;
}

static void add_string(struct names *names, const char *kind, const ASN1_STRING *string)
{
    add_name(names, kind, ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static void add_number(struct names *names, const ASN1_OCTET_STRING *string)
{
    char text[INET6_ADDRSTRLEN];
    int size = ASN1_STRING_length(string);
    int family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : AF_UNSPEC;

    if (family != AF_UNSPEC && inet_ntop(family, ASN1_STRING_get0_data(string), text, sizeof text))
        add_name(names, "IP", (const unsigned char *)text, strlen(text));
}

static void list_names(X509 *certificate, struct names *names)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    names->size = 0;
    names->text[0] = '\0';
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all) && names->size + 16 < NAMES_SIZE; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

        if (name->type == GEN_DNS)
            add_string(names, "DNS", name->d.dNSName);
        else if (name->type == GEN_URI)
            add_string(names, "URI", name->d.uniformResourceIdentifier);
        else if (name->type == GEN_EMAIL)
            add_string(names, "email", name->d.rfc822Name);
        else if (name->type == GEN_IPADD)
            add_number(names, name->d.iPAddress);
    }
    GENERAL_NAMES_free(all);
}

/* ------------------------------------------------------------------ the subject */

/* Returns new, to be freed by OPENSSL_free: as RFC 2253 writes it, UTF-8. NULL without memory. */
static char *subject_text(X509 *certificate)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    BUF_MEM *bytes = NULL;

    if (memory &&
        X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0,
                           XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0 &&
        BIO_get_mem_ptr(memory, &bytes) > 0)
        text = OPENSSL_strndup(bytes->data ? bytes->data : "", bytes->length);
    BIO_free(memory);
    return text;
}

/* The common name, if it is plain text. */
static bool common_name(X509 *certificate, char out[USER_SIZE])
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    int size;
    bool is_good;

    if (index < 0)
        return false;
    size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    is_good = size > 0 && size < USER_SIZE && strlen((const char *)text) == (size_t)size;
    if (is_good)
        memcpy(out, text, (size_t)size + 1);
    OPENSSL_free(text);
    return is_good;
}

/* ------------------------------------------------------------------ digests */

static bool fingerprint(X509 *certificate, char out[HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!X509_digest(certificate, EVP_sha256(), digest, &size))
        return false;
    for (unsigned i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return true;
}

/* The key, as tls.pin takes it. */
static bool key_text(X509 *certificate, char *out, size_t room)
{
    unsigned char digest[EVP_MAX_MD_SIZE], *key = NULL, text[2 * EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    bool done = size > 0 && EVP_Digest(key, (size_t)size, digest, &digest_size, EVP_sha256(), NULL);

    OPENSSL_free(key);
    if (!done)
        return false;
    EVP_EncodeBlock(text, digest, (int)digest_size);
    return snprintf(out, room, "sha256//%s", (const char *)text) < (int)room;
}

/* ------------------------------------------------------------------ who it is */

/* A name counts when an authority vouches for it; where pins alone decide, the key is the name. */
static int set_names(struct tni_tls_stream *self, X509 *certificate, const char *key)
{
    char user[USER_SIZE];
    struct names names;
    char *subject;
    int rc;

    if (!tni_tls_has_authority(&self->endpoint->settings))
        return set(self, "User-Id", key);
    subject = subject_text(certificate);
    if (!subject)
        return self->host->set_error(self->host, -ENOMEM, "tls: out of memory for a name");
    list_names(certificate, &names);
    rc = set(self, "TLS-Subject", subject);
    if (rc == 0 && names.size)
        rc = set(self, "TLS-SAN", names.text);
    if (rc == 0 && common_name(certificate, user))
        rc = set(self, "User-Id", user);
    else if (rc == 0)
        rc = set(self, "User-Id", names.size ? names.text : subject);
    OPENSSL_free(subject);
    return rc;
}

static int describe_peer(struct tni_tls_stream *self)
{
    X509 *certificate = SSL_get0_peer_certificate(self->ssl);
    char hex[HEX_SIZE], key[128];
    int rc;

    if (!certificate)
        return 0;
    if (!fingerprint(certificate, hex) || !key_text(certificate, key, sizeof key))
        return self->host->set_error(self->host, -ENOMEM, "tls: out of memory for a fingerprint");
    rc = set(self, "TLS-Fingerprint", hex);
    if (rc == 0)
        rc = set(self, "TLS-Key", key);
    if (rc < 0 || !tni_tls_verifies(&self->endpoint->settings))
        return rc;
    rc = set_names(self, certificate, key);
    return rc < 0 ? rc : set(self, "Mechanism", "TLS");
}

static int describe_connection(struct tni_tls_stream *self)
{
    const char *name = SSL_get_servername(self->ssl, TLSEXT_NAMETYPE_host_name);
    int rc = set(self, "TLS-Version", SSL_get_version(self->ssl));

    if (rc == 0)
        rc = set(self, "TLS-Cipher", SSL_get_cipher_name(self->ssl));
    if (rc == 0)
        rc = set(self, "TLS-Resumed", SSL_session_reused(self->ssl) ? "yes" : "no");
    if (rc == 0 && name && self->endpoint->settings.is_server)
        rc = set(self, "TLS-Server-Name", name);
    return rc;
}

int tni_tls_stream_identify(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    const struct tni_tls_settings *settings = &self->endpoint->settings;
    bool must_know =
        tni_tls_verifies(settings) && settings->client_auth != TLS_CLIENT_AUTH_OPTIONAL;
    int rc;

    /* OpenSSL has seen to it; nothing depends on that alone. */
    if (must_know || SSL_get0_peer_certificate(self->ssl)) {
        if (tni_tls_verifies(settings) && (!SSL_get0_peer_certificate(self->ssl) ||
                                           SSL_get_verify_result(self->ssl) != X509_V_OK))
            return self->host->set_error(self->host, -EKEYREJECTED,
                                         "tls: the peer's certificate was not verified");
    }
    rc = describe_connection(self);
    if (rc == 0)
        rc = describe_peer(self);
    tni_guard_clear(guard);
    return rc;
}
