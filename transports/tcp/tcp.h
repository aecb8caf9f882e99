/*
 * tcp.h: what the files of the tcp module share.
 *
 * The ops of streams are in stream.c, those of listeners in listener.c; tcp.c has the tables. State is
 * allocated, zeroed, by the core, and belongs to one stream or listener. Locks: transport.h.
 */
#ifndef TENON_TCP_TCP_H
#define TENON_TCP_TCP_H

#include "../common/sock.h"
#include "address.h"
#include "filter.h"
#include "proxy.h"

struct tni_tcp_stream {
    struct sock_owner owner;
    int fd;
    bool has_source;
    union sock_name source;
    union sock_name *targets; /* while connecting; `next` is the one to try after this one */
    uint32_t target_count;
    uint32_t next;
    struct tni_tcp_proxy *proxy; /* until it has connected; NULL: none */
    bool is_asking; /* the proxy is connected */
};

struct tni_tcp_listener {
    struct sock_owner owner;
    int fd;
    struct tni_tcp_rule *rules; /* NULL: everybody may connect */
    size_t rule_count;
};

int tni_tcp_check(const tn_host_t *host, const char *address, unsigned role);

int tni_tcp_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                   const char *address);
int tni_tcp_listener_fd(void *state);
int tni_tcp_accept(void *state, void *stream_state);
void tni_tcp_unlisten(void *state);

int tni_tcp_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                 const char *address);
int tni_tcp_dial(void *state, const char *address);
int tni_tcp_resolved(void *state, int status, const struct addrinfo *addresses);
int tni_tcp_established(void *state);
ssize_t tni_tcp_readv(void *state, const struct iovec *iov, int count);
ssize_t tni_tcp_writev(void *state, const struct iovec *iov, int count);
int tni_tcp_fd(void *state);
void tni_tcp_close(void *state);

/** Options that must be set before bind or connect. */
int tni_tcp_prepare(const struct sock_owner *owner, int fd, int family);
/** Options of one connection, dialled or accepted. */
int tni_tcp_tune(const struct sock_owner *owner, int fd, int family);

#endif
