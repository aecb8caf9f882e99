/*
 * address.h: the addresses of udp endpoints as text.
 *
 * "host:port", and before a multicast group perhaps the interface and ';': "eth0;239.0.0.1:5555".
 * Parsing says in a sentence what is wrong, and asks nobody. Any thread, no lock.
 */
#ifndef TENON_UDP_ADDRESS_H
#define TENON_UDP_ADDRESS_H

#include <stdbool.h>

#include <tenon/transport.h>

#include "../common/address.h"

struct tni_udp_text {
    struct sock_text host;
    bool has_interface;
    char interface[SOCK_HOST_SIZE]; /* a name, an address of it, or "*" */
};

/** An address to bind or to connect to. -EINVAL with a sentence. */
int tni_udp_parse(const tn_host_t *host, const char *address, unsigned role,
                  struct tni_udp_text *out_text);

/** Where a datagram is to go, "1.2.3.4:5" or "[v6]:5". False: that is no address. */
bool tni_udp_parse_target(const char *address, union sock_name *out_name);

bool tni_udp_is_multicast(const union sock_name *name);

#endif
