/*
 * keygen.h: what `tenon keygen` makes, each with the library that can.
 *
 * Without libsodium, or without OpenSSL, the build has a stand-in that says so. Each returns 0, or a
 * negative code after a sentence on standard error.
 */
#ifndef TENON_TOOLS_KEYGEN_H
#define TENON_TOOLS_KEYGEN_H

#include <stdio.h>

enum { KEYGEN_TEXT = 40 };

/** A key pair for CURVE, in Z85. */
int keygen_curve(char out_public[KEYGEN_TEXT + 1], char out_secret[KEYGEN_TEXT + 1]);

/** A certificate that signs itself, for a host name or an IP address, and its key, in PEM. */
int keygen_certificate(const char *host, int days, FILE *certificate, FILE *key);

#endif
