/*
 * proxy.h: connections through a SOCKS5 proxy ("tcp.socks_proxy"): the bytes of socks.h on a stream.
 *
 * Made by the dial of a stream that has a proxy, ended when the proxy has connected, or with the stream.
 * The stream's lock.
 */
#ifndef TENON_TCP_PROXY_H
#define TENON_TCP_PROXY_H

#include "../common/sock.h"
#include "address.h"
#include "socks.h"

struct tni_tcp_proxy {
    struct tni_socks socks;
    size_t sent; /* of socks.out */
    struct sock_text where; /* the proxy's own address */
};

/** Checks the option of an endpoint. -EINVAL with a sentence. */
int tni_tcp_proxy_check(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                        unsigned role, const char *address);
/** If the stream is to go through a proxy, returns one that asks for `target` in `out_proxy`, else
 *  NULL. -EINVAL, -ENOMEM. */
int tni_tcp_proxy_new(const struct sock_owner *owner, const struct sock_text *target,
                      struct tni_tcp_proxy **out_proxy);
/** Goes on as far as it can: 0 when the target is connected, -EINPROGRESS, or a code with a sentence. */
int tni_tcp_proxy_advance(const struct sock_owner *owner, struct tni_tcp_proxy *proxy, int fd);
/** NULL is allowed. */
void tni_tcp_proxy_free(const struct sock_owner *owner, struct tni_tcp_proxy *proxy);

#endif
