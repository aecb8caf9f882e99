/*
 * settings.h: the options of one endpoint, read once.
 *
 * Copies, because the certificates are loaded again when their files change. Written by prepare on the
 * application's thread, constant afterwards; secrets are wiped when it ends.
 */
#ifndef TENON_TLS_SETTINGS_H
#define TENON_TLS_SETTINGS_H

#include <stdbool.h>

#include <tenon/transport.h>

enum { TLS_PINS = 16, TLS_PIN_SIZE = 32, TLS_NAME_SIZE = 256 };

enum tni_tls_client_auth { TLS_CLIENT_AUTH_NO, TLS_CLIENT_AUTH_OPTIONAL, TLS_CLIENT_AUTH_REQUIRED };

struct tni_tls_settings {
    const tn_host_t *host;
    bool is_server;
    char *cert, *key, *ca, *crl; /* names of files; NULL: unset, so below */
    char *cert_pem, *key_pem, *ca_pem, *key_password;
    char *ciphers, *ciphersuites;
    int min_version, max_version; /* of OpenSSL: TLS1_2_VERSION, ... */
    bool verify, verify_name, resume, reload;
    enum tni_tls_client_auth client_auth;
    char name[TLS_NAME_SIZE]; /* what the server must be called; "": nothing */
    bool is_number; /* the name is an IP address */
    unsigned char alpn[256]; /* length octet and name, as on the wire */
    unsigned alpn_size; /* 0: none */
    unsigned char pins[TLS_PINS][TLS_PIN_SIZE]; /* SHA-256 of public keys */
    unsigned pin_count;
};

/** The options of features[0], for the module's description. */
extern const tn_option_desc_t tni_tls_options[];

/** Reads and checks every option that can be checked by itself; `address` is what the endpoint names.
 *  -EINVAL, -ENOMEM with a sentence. To be ended whatever it returns. */
int tni_tls_settings_read(struct tni_tls_settings *settings, const tn_setup_t *setup,
                          const tn_host_t *host, unsigned role, const char *address);
void tni_tls_settings_fini(struct tni_tls_settings *settings);

/** Whether peers are verified against authorities, against pins, or at all. */
static inline bool tni_tls_has_authority(const struct tni_tls_settings *settings)
{
    return settings->ca || settings->ca_pem;
}

static inline bool tni_tls_verifies(const struct tni_tls_settings *settings)
{
    return settings->is_server ? settings->client_auth != TLS_CLIENT_AUTH_NO : settings->verify;
}

/** The host of an address as transports over IP write it: "HOST:PORT", "[HOST]:PORT",
 *  "SOURCE;HOST:PORT", without the scope of an IPv6 number. False: it names no host. Pure. */
bool tni_tls_host_of(const char *address, char out[TLS_NAME_SIZE]);

/** Reads pins, "sha256//BASE64" or 64 hexadecimal digits, separated by ';'. The number of pins, or -1.
 *  Pure. */
int tni_tls_parse_pins(const char *text, unsigned char out[TLS_PINS][TLS_PIN_SIZE]);

#endif
