/*
 * peer.h: who we are and who the peer is, as properties: Socket-Type, Identity, X-....
 *
 * Pure; the session calls it on both sides of the handshake. The lists of patterns that go together
 * belong to the patterns (`peers` of tn_pattern_ops_t), none is here.
 */
#ifndef TNI_PEER_H
#define TNI_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    TNI_ROUTING_ID_MAX = 255,
    TNI_SOCKET_TYPE_MAX = 31,
};

/** A property of the program's own. */
struct tni_self_property {
    const char *name; /* "X-..." */
    const void *value;
    size_t value_size;
};

/** What goes into our metadata; all borrowed. */
struct tni_self {
    const char *socket_type; /* the pattern's wire name, "DEALER" */
    bool announces_routing_id;
    const void *routing_id;
    size_t routing_id_size;
    const struct tni_self_property *properties;
    size_t property_count;
};

/** What the peer's metadata says. */
struct tni_peer_facts {
    char socket_type[TNI_SOCKET_TYPE_MAX + 1];
    const uint8_t *routing_id; /* borrows the metadata; NULL when there is none */
    size_t routing_id_size;
};

/** Whether `wire_name` is in the NULL-ended list `peers`. */
bool tni_pattern_is_compatible(const char *const *peers, const char *wire_name);

/** Bytes that tni_self_encode needs at most. */
size_t tni_self_size(const struct tni_self *self);

/** Writes our metadata and returns its size. -EMSGSIZE: does not fit; -EINVAL, with a sentence: a
 *  routing id that is too long, a property whose name does not begin with
 *  X- or has other characters than the RFC allows, or more than 30 of them. */
ssize_t tni_self_encode(const struct tni_self *self, uint8_t *out, size_t capacity);

/** Reads the peer's metadata. -EPROTO, with a sentence: malformed, no Socket-Type, one of the two
 *  twice, or a routing id above 255 bytes. One may begin with a zero byte, although RFC 28 keeps those for
 *  ROUTER itself: libzmq sends and takes them. */
int tni_peer_parse(const uint8_t *metadata, size_t size, struct tni_peer_facts *out_facts);

#endif
