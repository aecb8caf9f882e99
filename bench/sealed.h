/*
 * sealed.h: a peer over bare sockets that has put all its messages into the boxes of CURVE beforehand.
 *
 * Whoever receives from it opens the boxes while the peer does nothing but write bytes, as if it had its
 * own machine. Needs libsodium at run time.
 */
#ifndef TENON_BENCH_SEALED_H
#define TENON_BENCH_SEALED_H

#include <stddef.h>
#include <stdint.h>

struct bench_sealed {
    int fd;
    uint8_t *bytes; /* to write */
    size_t size, done;
};

/** Whether libsodium is there. */
int bench_sealed_is_there(void);
/** Connects to a PULL socket at a tcp endpoint as a PUSH that knows the server's key, and seals `count`
 *  messages of `size` zero bytes. 0, or -1 after a message; then bench_sealed_close as well. */
int bench_sealed_open(struct bench_sealed *peer, const char *endpoint, size_t count, size_t size);
/** Writes what the connection takes now. -1 after a message. */
int bench_sealed_write(struct bench_sealed *peer);
void bench_sealed_close(struct bench_sealed *peer);

#endif
