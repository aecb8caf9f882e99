/*
 * context.h: from the options of an endpoint to OpenSSL's SSL_CTX.
 *
 * context.c has what both roles share, credentials.c our certificate and key, trust.c whom we believe.
 * Made on the application's thread, or under the endpoint's lock when files have changed; afterwards
 * constant and shared by all connections. Between tni_guard_enter and tni_guard_leave.
 */
#ifndef TENON_TLS_CONTEXT_H
#define TENON_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "guard.h"
#include "settings.h"

/** Returns new: 0, or a code with a sentence that names the option and OpenSSL's reason. */
int tni_tls_context_new(const struct tni_tls_settings *settings, const struct tni_guard *guard,
                        SSL_CTX **out_context);

/** "tls.NAME: WHAT: OpenSSL's reason"; -ENOMEM if that is the reason, else `code`. */
int tni_tls_context_fail(const struct tni_tls_settings *settings, const struct tni_guard *guard,
                         int code, const char *option, const char *what);

/** The next certificate of `pem`, or NULL. A certificate keeps what it found out about itself when it
 *  was first looked at, also that there was no memory for it: that is done here, and once more if need
 *  be, since this one is to be kept. */
X509 *tni_tls_next_certificate(BIO *pem);
/** The same for one that has been read, which is taken; NULL gives NULL. */
X509 *tni_tls_settle(X509 *certificate);

int tni_tls_load_credentials(SSL_CTX *context, const struct tni_tls_settings *settings,
                             const struct tni_guard *guard);
int tni_tls_load_trust(SSL_CTX *context, const struct tni_tls_settings *settings,
                       const struct tni_guard *guard);

#endif
