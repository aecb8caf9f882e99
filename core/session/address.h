/*
 * address.h: how many connections of a bind come from one address.
 *
 * Part of a bind's config, with a lock of its own, innermost, held for a look into a table: once when a
 * connection comes, and goes. Addresses are those of IP, as a transport tells them,
 * "tcp://10.0.0.1:5555" or "tcp://[2001:db8::1]:5555"; of IPv6 the first 64 bits count, since who has one address there
 * has that many. Peers of other transports have no address and are not counted.
 */
#ifndef TNI_ADDRESS_H
#define TNI_ADDRESS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "session/gate.h"

struct tni_address {
    struct tni_address *next; /* in its bucket */
    uint8_t key[16];
    unsigned connections; /* under the lock */
    struct tni_gate gate; /* to their handshakes */
};

struct tni_addresses {
    pthread_mutex_t lock;
    struct tni_address **buckets; /* NULL: nobody has come yet */
    size_t bucket_count; /* a power of two */
    size_t count;
    unsigned half_open_limit; /* of each address; 0: none */
    tni_gate_call *call;
    uint32_t seed; /* peers cannot know which addresses fall together */
};

/** The gates of addresses let in `half_open_limit` each, and `call` them. */
void tni_addresses_init(struct tni_addresses *addresses, uint32_t seed, unsigned half_open_limit,
                        tni_gate_call *call);
void tni_addresses_fini(struct tni_addresses *addresses);

/** Counts one more connection from where `remote` says. `*out_address` is its record, until
 *  tni_addresses_leave, and `*out_connections` how many there are now, with this one; NULL when that is
 *  no address of IP. -ENOMEM. */
int tni_addresses_enter(struct tni_addresses *addresses, const char *remote,
                        struct tni_address **out_address, unsigned *out_connections);
/** It is neither inside its gate nor in line. */
void tni_addresses_leave(struct tni_addresses *addresses, struct tni_address *address);

#endif
