/*
 * tls_keygen_memory: `tenon keygen --certificate` while each allocation of OpenSSL's in turn fails. Either
 * the certificate is made all the same, whole, or the sentence says that there was no memory.
 *
 * tls_keygen_memory [--long]: without it only every few allocations are tried.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "keygen.h"
#include "usage.h"

enum { NEVER = 1 << 30, STEP = 7 };

static unsigned long count, needed, fails_at = NEVER;
static char said[512];

/* Stands for the tool's own, which writes. */
int tool_error(const char *command, const char *format, ...)
{
    va_list args;

    (void)command;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    return TOOL_FAILED;
}

static bool is_refused(void)
{
    if (++count != fails_at)
        return false;
    errno = ENOMEM; /* as malloc leaves it */
    return true;
}

static void *get(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : malloc(size);
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : realloc(memory, size);
}

static void release(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

_Noreturn static void fail(unsigned long nth, const char *what)
{
    fprintf(stderr, "allocation %lu: %s (\"%s\")\n", nth, what, said);
    abort();
}

static bool is_pair(FILE *certificate_file, FILE *key_file)
{
    X509 *certificate;
    EVP_PKEY *key;
    bool is_it;

    rewind(certificate_file);
    rewind(key_file);
    certificate = PEM_read_X509(certificate_file, NULL, NULL, NULL);
    key = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);
    is_it = certificate && key && X509_check_private_key(certificate, key) == 1 &&
            X509_check_host(certificate, "localhost", 0, 0, NULL) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_it;
}

/* Returns whether it was made. */
static bool make(unsigned long nth)
{
    FILE *certificate = tmpfile(), *key = tmpfile();
    int rc;

    if (!certificate || !key)
        fail(nth, "no file can be made");
    said[0] = '\0';
    ERR_clear_error();
    count = 0;
    fails_at = nth;
    rc = keygen_certificate("localhost", 1, certificate, key);
    fails_at = NEVER;
    needed = count;
    if (rc < 0 && !strstr(said, strerrordesc_np(ENOMEM)))
        fail(nth, "the sentence does not say why");
    if (rc == 0 && !is_pair(certificate, key))
        fail(nth, "what was written is not a certificate and its key");
    fclose(certificate);
    fclose(key);
    return rc == 0;
}

int main(int argc, char **argv)
{
    unsigned long made = 0, tried = 0, all, step;

    if (!CRYPTO_set_mem_functions(get, resize, release))
        return 1;
    if (!make(NEVER) || !make(NEVER))
        fail(0, "nothing is made when nothing fails");
    all = needed;
    step = argc == 2 && strcmp(argv[1], "--long") == 0 ? 1 : STEP;
    for (unsigned long nth = 1; nth <= all; nth += step) {
        made += make(nth);
        tried++;
    }
    printf("%lu allocations, every %lu. refused in turn; made all the same: %lu of %lu\n", all,
           step, made, tried);
    return made < tried ? 0 : 1;
}
