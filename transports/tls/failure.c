/* From OpenSSL's reasons to a sentence that says what to do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "stream.h"

enum { ALERTS = SSL_AD_REASON_OFFSET }; /* a reason above is the peer's alert of that number */

struct cause {
    int code;
    const char *what; /* before OpenSSL's words */
    const char *advice; /* after them; "" */
};

/* ------------------------------------------------------------------ what we find wrong */

static const char *verify_advice(long result, bool is_client)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "it must be renewed, or this machine's clock is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "this machine's clock is wrong, or it was given out too early";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "connect by a name that is in it, or set tls.hostname to one";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "if it is to be trusted, add the authority that signed it to tls.ca";
    case X509_V_ERR_CERT_REVOKED:
        return "it was revoked by the list of tls.crl";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
        return "tls.crl needs a current list of each authority in the chain";
    case X509_V_ERR_CERT_REJECTED:
        return "its key is none of tls.pin";
    default:
        return is_client ? "look at the server's certificate" : "look at the client's certificate";
    }
}

static int refuse_certificate(struct tni_tls_stream *self)
{
    const struct tni_tls_settings *settings = &self->endpoint->settings;
    long result = SSL_get_verify_result(self->ssl);
    bool is_name =
        result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH;

    return self->host->set_error(
        self->host, -EKEYREJECTED, "tls: the %s certificate %s is refused: %s%s%s%s; %s",
        settings->is_server ? "client's" : "server's", self->refused ? self->refused : "",
        X509_verify_cert_error_string(result), is_name ? ", it is not for '" : "",
        is_name ? settings->name : "", is_name ? "'" : "",
        verify_advice(result, !settings->is_server));
}

static struct cause own_cause(int reason, bool is_server)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNKNOWN_PROTOCOL:
        return (struct cause){-ECONNABORTED, "the peer does not speak TLS",
                              is_server ? "a plain client came to a TLS port: it must use tls://"
                                        : "this is a plain port: switch TLS on there, or use "
                                          "the plain transport"};
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return (struct cause){-EKEYREJECTED, "the client shows no certificate",
                              "set tls.cert and tls.key there, or tls.client_auth=optional here"};
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_WRONG_SSL_VERSION:
        return (struct cause){-ECONNABORTED, "the two sides have no version or cipher in common",
                              "compare tls.min_version, tls.max_version, tls.ciphers and "
                              "tls.ciphersuites of both"};
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_BAD_EXTENSION:
        return (struct cause){-ECONNABORTED, "the two sides have no protocol name in common",
                              "compare tls.alpn of both"};
    default:
        return (struct cause){-ECONNABORTED, "the peer broke the rules of TLS", ""};
    }
}

/* ------------------------------------------------------------------ what the peer says */

static struct cause alert_cause(int alert, bool is_server)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
        return (struct cause){-EKEYREJECTED, "the peer refused our certificate",
                              is_server ? "it does not trust or know the name in tls.cert, or its "
                                          "tls.ca is another"
                                        : "give one with tls.cert and tls.key that the server "
                                          "trusts"};
    case SSL_AD_CERTIFICATE_REQUIRED:
        return (struct cause){-EKEYREJECTED, "the server wants a certificate of us",
                              "set tls.cert and tls.key"};
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
        return (struct cause){-ECONNABORTED, "the peer refused the handshake",
                              "versions or ciphers have nothing in common, or it wants a "
                              "certificate: look into its log"};
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return (struct cause){-ECONNABORTED, "the peer refused our protocol name",
                              "compare tls.alpn of both"};
    default:
        return (struct cause){-ECONNABORTED, "the peer ended the connection by an alert",
                              "look into its log"};
    }
}

/* ------------------------------------------------------------------ putting it together */

static int by_cause(const struct tni_tls_stream *self, const struct cause *cause,
                    const char *reason)
{
    return self->host->set_error(self->host, cause->code, "tls: %s: %s%s%s", cause->what, reason,
                                 *cause->advice ? "; " : "", cause->advice);
}

static int ended(const struct tni_tls_stream *self)
{
    if (!self->is_up)
        return self->host->set_error(
            self->host, -ECONNRESET,
            "tls: the peer closed the connection during the TLS handshake: "
            "it may not speak TLS, or has refused us; look into its log");
    return self->host->set_error(self->host, -ECONNRESET,
                                 "tls: the connection ended without the peer's close_notify: it "
                                 "crashed, or somebody cut the connection");
}

static int classify(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    bool is_server = self->endpoint->settings.is_server;
    char text[160];
    unsigned long number = tni_guard_reason(guard, text, sizeof text);
    int reason = ERR_GET_REASON(number);
    struct cause cause;

    if (number && reason == ERR_R_MALLOC_FAILURE)
        return self->host->set_error(self->host, -ENOMEM, "tls: out of memory for a connection");
    if (self->is_at_end && (!number || (ERR_GET_LIB(number) == ERR_LIB_SSL &&
                                        reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)))
        return ended(self);
    if (!number)
        return self->host->set_error(self->host, -ECONNABORTED, "tls: the connection failed");
    if (ERR_GET_LIB(number) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return refuse_certificate(self);
    if (ERR_GET_LIB(number) == ERR_LIB_SSL && reason > ALERTS)
        cause = alert_cause(reason - ALERTS, is_server);
    else
        cause = own_cause(ERR_GET_LIB(number) == ERR_LIB_SSL ? reason : 0, is_server);
    return by_cause(self, &cause, text);
}

/* A server is knocked at by anybody; a client that does not come through has somebody who waits. */
static bool is_worth_a_line(const struct tni_tls_stream *self, int code)
{
    return !self->has_warned &&
           (code != -ECONNRESET || (!self->is_up && !self->endpoint->settings.is_server));
}

static bool is_gone(int code)
{
    return code == -ECONNRESET || code == -EPIPE;
}

int tni_tls_stream_failure(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    int code;

    /* The stream below has its own sentence, except after what was found in between. */
    if (self->lower_code == -ENOMEM || (self->lower_code < 0 && !tni_guard_has_error(guard) &&
                                        (self->is_up || !is_gone(self->lower_code))))
        return self->lower_code;
    if (is_gone(self->lower_code) && !tni_guard_has_error(guard))
        code = ended(self);
    else
        code = classify(self, guard);
    tni_guard_clear(guard);
    if (is_worth_a_line(self, code))
        tni_tls_endpoint_warn(self->endpoint, self->host->stream_remote(self->stream),
                              self->host->last_error());
    self->has_warned = true;
    return code;
}
