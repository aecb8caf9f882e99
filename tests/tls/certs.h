/*
 * certs.h: throw-away certificates for the tests, in files of a directory that goes when they end.
 *
 * certs_begin makes them, once a program; certs_path names a file. Each key is on P-256. `NAME.pem` is a
 * certificate, `NAME.key` its key (mode 0600):
 *   ca, other      two authorities         server    for localhost, 127.0.0.1 and ::1
 *   client         "alice", with a URI     stranger  a client of `other`
 *   expired, future, wronghost             servers of `ca` that are not to be accepted
 *   revoked        a server that ca.crl names
 *   leaf, inter    leaf.pem is a chain: signed by inter, which ca signed
 *   lone           a server that signed itself
 */
#ifndef TESTS_TLS_CERTS_H
#define TESTS_TLS_CERTS_H

#include <stddef.h>

/** A new certificate that takes the place of NAME.pem and NAME.key, with another serial number. */
void certs_renew(const char *name);
void certs_begin(void);
void certs_end(void);

/** The path of a file; valid for the next seven calls. */
const char *certs_path(const char *file);
const char *certs_directory(void);
/** The file's text; to be freed. */
char *certs_text(const char *file);
/** "sha256//..." of NAME.pem's key; valid until the next call. */
const char *certs_pin(const char *name);
/** The SHA-256 of NAME.pem, lower-case hexadecimal; valid until the next call. */
const char *certs_fingerprint(const char *name);

#endif
