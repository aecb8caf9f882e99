/*
 * sha256.h: SHA-256 (FIPS 180-4), for pinning the files of modules.
 *
 * Not for secrets: no effort at constant time. Any thread, no lock, no allocation.
 */
#ifndef TNI_SHA256_H
#define TNI_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { TNI_SHA256_SIZE = 32 };

struct tni_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
};

void tni_sha256_init(struct tni_sha256 *hash);
void tni_sha256_update(struct tni_sha256 *hash, const void *data, size_t size);
void tni_sha256_final(struct tni_sha256 *hash, uint8_t out_digest[TNI_SHA256_SIZE]);

#endif
