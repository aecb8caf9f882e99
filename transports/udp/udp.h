/*
 * udp.h: the transport "udp": datagrams over IP, to one address or to a multicast group.
 *
 * A bind receives at its address, and takes the membership of a multicast group; it may also send
 * (DGRAM). A connect only sends. Options and the limits of what is lost are in docs/options.md and the
 * module's table. Under the connection's lock, as transport.h says.
 */
#ifndef TENON_UDP_H
#define TENON_UDP_H

#include "../common/sock.h"
#include "address.h"

struct tni_udp {
    struct sock_owner owner;
    int fd;
    int family;
    uint16_t port; /* of the connect */
    union sock_name target; /* of the connect */
    int64_t tpdu; /* "multicast_maxtpdu" */
};

int tni_udp_check(const tn_host_t *host, const char *address, unsigned role);
int tni_udp_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                 const char *address);
int tni_udp_bind(void *state, const char *address);
int tni_udp_dial(void *state, const char *address);
int tni_udp_resolved(void *state, int status, const struct addrinfo *addresses);
int tni_udp_fd(void *state);
void tni_udp_close(void *state);

int tni_udp_receive(void *state, tn_datagram_t *datagrams, int count);
int tni_udp_send(void *state, const tn_datagram_t *datagrams, int count);

#endif
