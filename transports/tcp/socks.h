/*
 * socks.h: asking a SOCKS5 proxy for a connection (RFC 1928), with a password or without (RFC 1929).
 *
 * A pure state machine: the owner sends what it has to say, reads exactly as many bytes as it wants, so
 * that nothing of the peer's is taken, and hands them in. Names are left to the proxy to look up.
 */
#ifndef TENON_TCP_SOCKS_H
#define TENON_TCP_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TNI_SOCKS_TEXT_MAX = 255, /* user, password, host */
    TNI_SOCKS_OUT_MAX = 3 + 2 * TNI_SOCKS_TEXT_MAX,
    TNI_SOCKS_IN_MAX = 4 + 1 + TNI_SOCKS_TEXT_MAX + 2,
};

enum tni_socks_state {
    TNI_SOCKS_METHOD, /* its choice of a method is due */
    TNI_SOCKS_STATUS, /* what it says of the password */
    TNI_SOCKS_REPLY, /* the beginning of its answer */
    TNI_SOCKS_BOUND, /* the rest of it */
    TNI_SOCKS_DONE,
    TNI_SOCKS_FAILED,
};

struct tni_socks {
    uint8_t state;
    bool has_user;
    char host[TNI_SOCKS_TEXT_MAX + 1];
    uint16_t port;
    char user[TNI_SOCKS_TEXT_MAX + 1], password[TNI_SOCKS_TEXT_MAX + 1];
    uint8_t out[TNI_SOCKS_OUT_MAX]; /* to be sent */
    size_t out_size;
    uint8_t in[TNI_SOCKS_IN_MAX]; /* the answer that is coming in */
    size_t in_size, wanted;
    const char *reason; /* of FAILED; goes on after "the proxy" */
};

/** Texts are copied; `user` NULL: no name is offered; `password` NULL: an empty one. Fills `out`.
 *  -EINVAL: a text is too long, or the host is empty. */
int tni_socks_start(struct tni_socks *socks, const char *host, uint16_t port, const char *user,
                    const char *password);
/** How many bytes to read next, at most; 0: none, it is over. */
size_t tni_socks_wants(const struct tni_socks *socks);
/** Takes bytes, no more than that. May fill `out` anew, once the owner has sent what was there. 0, or
 *  a code that ends the attempt, with `reason`. */
int tni_socks_take(struct tni_socks *socks, const uint8_t *bytes, size_t size);

#endif
