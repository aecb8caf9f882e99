/*
 * address.h: the addresses of tcp endpoints, as text and as the system has them.
 *
 * As text: "host:port", where the host is a number, "[v6%scope]", a name, an interface or "*", and the
 * port a number or "*". Parsing says in a sentence what is wrong. Nothing here asks a name server:
 * that is resolve_blocking of the listener, or the host's resolver. Any thread, no lock.
 */
#ifndef TENON_TCP_ADDRESS_H
#define TENON_TCP_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <tenon/transport.h>

enum {
    TNI_TCP_HOST_SIZE = 256, /* a host name of the DNS, with its NUL */
    TNI_TCP_ADDRESS_SIZE = 96, /* "tcp://[v6%interface]:port"          */
};

/** One side of an address, as written. An empty host is the wildcard. */
struct tni_tcp_text {
    char host[TNI_TCP_HOST_SIZE];
    uint16_t port; /* 0: any */
};

union tni_tcp_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/** An address to listen at. -EINVAL with a sentence. */
int tni_tcp_parse_bind(const tn_host_t *host, const char *address, struct tni_tcp_text *out_text);

/** An address to connect to, "[source;]destination". `*out_has_source` says whether `out_source` was
 *  written. -EINVAL with a sentence. */
int tni_tcp_parse_connect(const tn_host_t *host, const char *address, struct tni_tcp_text *out_text,
                          struct tni_tcp_text *out_source, bool *out_has_source);

/** Whether `text` is a number, with or without a scope. */
bool tni_tcp_from_number(const struct tni_tcp_text *text, union tni_tcp_name *out_name);

/** The address of an interface of this machine; with `ipv6` its IPv6 one if there is one. */
bool tni_tcp_from_interface(const struct tni_tcp_text *text, bool ipv6,
                            union tni_tcp_name *out_name);

/** Every address of the family. */
void tni_tcp_from_any(int family, uint16_t port, union tni_tcp_name *out_name);

/** A copy, if the family is one of the two. */
bool tni_tcp_from_system(const struct sockaddr *from, socklen_t size, union tni_tcp_name *out_name);

bool tni_tcp_is_any(const union tni_tcp_name *name);
bool tni_tcp_is_same(const union tni_tcp_name *a, const union tni_tcp_name *b);
uint16_t tni_tcp_port(const union tni_tcp_name *name);
socklen_t tni_tcp_size(const union tni_tcp_name *name);

/** "tcp://1.2.3.4:5" or "tcp://[v6%scope]:5"; an IPv4 peer of a dual-stack socket as the former. */
void tni_tcp_format(const union tni_tcp_name *name, char out[TNI_TCP_ADDRESS_SIZE]);

#endif
