/*
 * curve_none.c: built without libsodium, there are no keys.
 */
#include "dropin.h"

int zmq_curve_keypair(char *public_text, char *secret_text)
{
    (void)public_text;
    (void)secret_text;
    return tnz_error(ENOTSUP);
}

int zmq_curve_public(char *public_text, const char *secret_text)
{
    (void)public_text;
    (void)secret_text;
    return tnz_error(ENOTSUP);
}
