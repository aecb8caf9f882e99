#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

enum { PATH_SIZE = 4096, PEM_SIZE = 256 * 1024, TEXT_SIZE = 1024 };

#define SECRET_TEXT(name, max, help)                                                               \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_STR, TN_OPTION_SECRET | TN_OPTION_NO_GET, name, "",    \
            help, 0, max, 0, NULL                                                                  \
    }

const tn_option_desc_t tni_tls_options[] = {
    TN_OPTION_STR_DESC("cert", PATH_SIZE, NULL,
                       "file with our certificate and its chain (PEM); a bind needs one"),
    TN_OPTION_STR_DESC(
        "key", PATH_SIZE, NULL,
        "file with its private key (PEM), for our eyes only (mode 0600); unset: in the "
        "file of tls.cert"),
    TN_OPTION_STR_DESC("cert_pem", PEM_SIZE, NULL, "the certificate itself, instead of tls.cert"),
    SECRET_TEXT("key_pem", PEM_SIZE, "the private key itself, instead of tls.key"),
    SECRET_TEXT("key_password", TEXT_SIZE, "password of an encrypted private key"),
    TN_OPTION_STR_DESC("ca", PATH_SIZE, NULL,
                       "authorities to trust: a PEM file, a directory as c_rehash makes it, or "
                       "\"system\""),
    TN_OPTION_STR_DESC("ca_pem", PEM_SIZE, NULL, "more authorities, as PEM text"),
    TN_OPTION_STR_DESC("crl", PATH_SIZE, NULL,
                       "file with revocation lists (PEM), one for each authority of a chain"),
    TN_OPTION_STR_DESC(
        "pin", TEXT_SIZE, NULL,
        "keys the peer may have, \"sha256//BASE64\" or hexadecimal digits, separated "
        "by ';'; without tls.ca they alone decide"),
    TN_OPTION_BOOL_DESC("verify", 1, "connect: verify the server's certificate"),
    TN_OPTION_BOOL_DESC("verify_name", 1, "connect: the certificate must be for the server's name"),
    TN_OPTION_STR_DESC(
        "hostname", TLS_NAME_SIZE - 1, NULL,
        "connect: the server's name, to ask for and to verify; unset: the host of the "
        "endpoint"),
    TN_OPTION_STR_DESC("client_auth", 16, "no",
                       "bind: whether clients need a certificate: no, optional, required"),
    TN_OPTION_STR_DESC("min_version", 8, "1.2", "oldest version of TLS: 1.2 or 1.3"),
    TN_OPTION_STR_DESC("max_version", 8, "1.3", "newest version of TLS: 1.2 or 1.3"),
    TN_OPTION_STR_DESC("ciphers", TEXT_SIZE, NULL,
                       "ciphers of TLS 1.2, as \"openssl ciphers\" takes them; unset: OpenSSL's"),
    TN_OPTION_STR_DESC("ciphersuites", TEXT_SIZE, NULL,
                       "cipher suites of TLS 1.3, separated by ':'; unset: OpenSSL's"),
    TN_OPTION_STR_DESC(
        "alpn", 255, "zmtp",
        "protocol name (ALPN) to offer or accept; empty: none. A peer without ALPN is "
        "accepted"),
    TN_OPTION_BOOL_DESC("resume", 1, "resume sessions, so that a reconnect costs less"),
    TN_OPTION_BOOL_DESC(
        "reload", 1,
        "look at each new connection whether the files have changed, and use the new "
        "ones"),
    TN_OPTION_END,
};

/* ------------------------------------------------------------------ parsing, pure */

bool tni_tls_host_of(const char *address, char out[TLS_NAME_SIZE])
{
    const char *from = strrchr(address, ';'), *colon, *end;
    size_t size;

    from = from ? from + 1 : address;
    colon = strrchr(from, ':');
    if (!colon || strpbrk(from, "/@"))
        return false;
    end = colon;
    if (*from == '[' && end > from && end[-1] == ']') {
        from++;
        end--;
    }
    size = strcspn(from, "%");
    if (size > (size_t)(end - from))
        size = (size_t)(end - from);
    if (size == 0 || size >= TLS_NAME_SIZE)
        return false;
    memcpy(out, from, size);
    out[size] = '\0';
    return true;
}

static bool read_hex(const char *text, size_t size, unsigned char *out)
{
    static const char digits[] = "0123456789abcdef";

    if (size != TLS_PIN_SIZE * 2)
        return false;
    for (size_t i = 0; i < size; i++) {
        int byte = text[i] | 0x20;
        const char *digit = byte ? strchr(digits, byte) : NULL;

        if (!digit || (text[i] < '0'))
            return false;
        out[i / 2] = (unsigned char)(out[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static bool read_base64(const char *text, size_t size, unsigned char *out)
{
    unsigned char block[TLS_PIN_SIZE + 4];

    if (size != 44 || text[43] != '=' || text[42] == '=' ||
        EVP_DecodeBlock(block, (const unsigned char *)text, 44) != TLS_PIN_SIZE + 1)
        return false;
    memcpy(out, block, TLS_PIN_SIZE);
    return true;
}

int tni_tls_parse_pins(const char *text, unsigned char out[TLS_PINS][TLS_PIN_SIZE])
{
    static const char prefix[] = "sha256//";
    int count = 0;

    for (;;) {
        size_t size, skip;

        text += strspn(text, "; \t");
        if (*text == '\0')
            return count;
        size = strcspn(text, "; \t");
        skip = strncmp(text, prefix, sizeof prefix - 1) == 0 ? sizeof prefix - 1 : 0;
        if (count == TLS_PINS || !(skip ? read_base64(text + skip, size - skip, out[count])
                                        : read_hex(text, size, out[count])))
            return -1;
        count++;
        text += size;
    }
}

/* ------------------------------------------------------------------ reading */

struct reading {
    struct tni_tls_settings *settings;
    const tn_setup_t *setup;
    int rc;
};

static int fail(struct reading *reading, const char *name, const char *value, const char *expected)
{
    return reading->rc = reading->settings->host->set_error(reading->settings->host, -EINVAL,
                                                            "option 'tls.%s' is \"%s\", not %s",
                                                            name, value, expected);
}

/* The text of an option, valid in prepare; NULL: unset or empty. */
static const char *text_of(const struct reading *reading, const char *name, size_t *out_size)
{
    tn_value_t value;

    *out_size = 0;
    if (reading->settings->host->setup_option(reading->setup, name, &value) < 0 || !value.data)
        return NULL;
    *out_size = value.size;
    return value.size ? value.data : NULL;
}

static void copy(struct reading *reading, const char *name, char **out)
{
    const tn_host_t *host = reading->settings->host;
    size_t size;
    const char *text = text_of(reading, name, &size);

    if (!text || reading->rc < 0)
        return;
    if (strlen(text) != size) {
        reading->rc = host->set_error(host, -EINVAL, "option 'tls.%s' has a zero byte in it", name);
        return;
    }
    *out = host->alloc(size + 1);
    if (!*out)
        reading->rc = host->set_error(host, -ENOMEM, "tls: out of memory for 'tls.%s'", name);
    else
        memcpy(*out, text, size + 1);
}

static bool flag(const struct reading *reading, const char *name, bool fallback)
{
    tn_value_t value;

    if (reading->settings->host->setup_option(reading->setup, name, &value) < 0)
        return fallback;
    return value.number != 0;
}

static int version(struct reading *reading, const char *name, int fallback)
{
    size_t size;
    const char *text = text_of(reading, name, &size);

    if (!text)
        return fallback;
    if (strcmp(text, "1.2") == 0)
        return TLS1_2_VERSION;
    if (strcmp(text, "1.3") == 0)
        return TLS1_3_VERSION;
    fail(reading, name, text, "1.2 or 1.3");
    return fallback;
}

static void read_versions(struct reading *reading)
{
    struct tni_tls_settings *settings = reading->settings;

    settings->min_version = version(reading, "min_version", TLS1_2_VERSION);
    settings->max_version = version(reading, "max_version", TLS1_3_VERSION);
    if (reading->rc == 0 && settings->min_version > settings->max_version)
        fail(reading, "max_version", "1.2", "1.3, although tls.min_version is");
}

static void read_client_auth(struct reading *reading)
{
    static const char *const words[] = {"no", "optional", "required"};
    size_t size;
    const char *text = text_of(reading, "client_auth", &size);

    if (!text)
        return;
    for (unsigned i = 0; i < 3; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            reading->settings->client_auth = (enum tni_tls_client_auth)i;
            return;
        }
    }
    fail(reading, "client_auth", text, "no, optional or required");
}

static void read_alpn(struct reading *reading)
{
    struct tni_tls_settings *settings = reading->settings;
    size_t size;
    const char *text = text_of(reading, "alpn", &size);

    if (!text || size > sizeof settings->alpn - 1)
        return;
    settings->alpn[0] = (unsigned char)size;
    memcpy(settings->alpn + 1, text, size);
    settings->alpn_size = (unsigned)size + 1;
}

static void read_pins(struct reading *reading)
{
    size_t size;
    const char *text = text_of(reading, "pin", &size);
    int count = text ? tni_tls_parse_pins(text, reading->settings->pins) : 0;

    if (count < 0)
        fail(reading, "pin", text,
             "at most 16 of sha256//BASE64 or 64 hexadecimal digits, separated by ';'");
    else
        reading->settings->pin_count = (unsigned)count;
}

static void read_name(struct reading *reading, const char *address)
{
    struct tni_tls_settings *settings = reading->settings;
    unsigned char number[sizeof(struct in6_addr)];
    size_t size;
    const char *text = text_of(reading, "hostname", &size);

    if (settings->is_server)
        return;
    if (text && size < sizeof settings->name)
        memcpy(settings->name, text, size + 1);
    else
        tni_tls_host_of(address, settings->name);
    settings->is_number = inet_pton(AF_INET, settings->name, number) == 1 ||
                          inet_pton(AF_INET6, settings->name, number) == 1;
}

static int complain(const struct tni_tls_settings *settings, const char *sentence)
{
    return settings->host->set_error(settings->host, -EINVAL, "%s", sentence);
}

/* Whether they make sense together. */
static int check_server(const struct tni_tls_settings *settings)
{
    if (!settings->cert && !settings->cert_pem)
        return complain(settings,
                        "tls: a bind needs a certificate: set tls.cert and tls.key "
                        "(`tenon keygen --certificate HOST` makes one to try things out)");
    if (settings->client_auth != TLS_CLIENT_AUTH_NO && !tni_tls_has_authority(settings) &&
        settings->pin_count == 0)
        return complain(settings,
                        "tls: tls.client_auth needs to know whom to trust: set tls.ca to a "
                        "file, a directory or \"system\", or tls.pin to the clients' keys");
    return 0;
}

static int check_client(const struct tni_tls_settings *settings)
{
    if (!settings->verify)
        return 0;
    if (!tni_tls_has_authority(settings) && settings->pin_count == 0)
        return complain(settings,
                        "tls: the server cannot be verified: set tls.ca to a file, a directory or "
                        "\"system\", or tls.pin to its key (tls.verify=0 would trust anybody)");
    if (settings->verify_name && tni_tls_has_authority(settings) && !settings->name[0])
        return complain(settings,
                        "tls: the endpoint names no host, and the server's certificate must "
                        "be for one: set tls.hostname, or tls.verify_name=0");
    return 0;
}

static int check(const struct tni_tls_settings *settings)
{
    if (settings->cert && settings->cert_pem)
        return complain(settings, "tls: tls.cert and tls.cert_pem are both set; unset one");
    if (settings->key && settings->key_pem)
        return complain(settings, "tls: tls.key and tls.key_pem are both set; unset one");
    if ((settings->key || settings->key_pem) && !settings->cert && !settings->cert_pem)
        return complain(settings, "tls: there is a private key but no certificate: set tls.cert");
    if (settings->cert_pem && !settings->key && !settings->key_pem)
        return complain(settings,
                        "tls: there is a certificate but no private key: set tls.key_pem");
    if (settings->crl && !tni_tls_has_authority(settings))
        return complain(settings, "tls: tls.crl without tls.ca revokes nothing: set tls.ca");
    return settings->is_server ? check_server(settings) : check_client(settings);
}

int tni_tls_settings_read(struct tni_tls_settings *settings, const tn_setup_t *setup,
                          const tn_host_t *host, unsigned role, const char *address)
{
    struct reading reading = {.settings = settings, .setup = setup};

    memset(settings, 0, sizeof *settings);
    settings->host = host;
    settings->is_server = role == TN_ROLE_BIND;
    copy(&reading, "cert", &settings->cert);
    copy(&reading, "key", &settings->key);
    copy(&reading, "ca", &settings->ca);
    copy(&reading, "crl", &settings->crl);
    copy(&reading, "cert_pem", &settings->cert_pem);
    copy(&reading, "key_pem", &settings->key_pem);
    copy(&reading, "ca_pem", &settings->ca_pem);
    copy(&reading, "key_password", &settings->key_password);
    copy(&reading, "ciphers", &settings->ciphers);
    copy(&reading, "ciphersuites", &settings->ciphersuites);
    settings->verify = flag(&reading, "verify", true);
    settings->verify_name = flag(&reading, "verify_name", true);
    settings->resume = flag(&reading, "resume", true);
    settings->reload = flag(&reading, "reload", true);
    if (reading.rc == 0)
        read_versions(&reading);
    if (reading.rc == 0)
        read_client_auth(&reading);
    if (reading.rc == 0)
        read_pins(&reading);
    read_alpn(&reading);
    read_name(&reading, address);
    return reading.rc < 0 ? reading.rc : check(settings);
}

static void wipe(const tn_host_t *host, char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    host->free(text);
}

void tni_tls_settings_fini(struct tni_tls_settings *settings)
{
    const tn_host_t *host = settings->host;

    if (!host)
        return;
    host->free(settings->cert);
    host->free(settings->key);
    host->free(settings->ca);
    host->free(settings->crl);
    host->free(settings->cert_pem);
    wipe(host, settings->key_pem);
    host->free(settings->ca_pem);
    wipe(host, settings->key_password);
    host->free(settings->ciphers);
    host->free(settings->ciphersuites);
    memset(settings, 0, sizeof *settings);
}
