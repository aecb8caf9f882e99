/*
 * peer_info.h: who is at the other end of a connection.
 *
 * Made once the handshake is done, never changed afterwards, counted: the connection holds one
 * reference, each received message that has left the library's hands another. Readable from any
 * thread without a lock. All text ends with a NUL; a value from the peer may hold more NULs, its size
 * says so.
 */
#ifndef TNI_PEER_INFO_H
#define TNI_PEER_INFO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tni_properties;

struct tni_peer_property {
    const char *name;
    const char *value;
    size_t size; /* of the value, without the NUL */
};

struct tn_peer_info {
    atomic_uint refs;
    int fd; /* the connection's descriptor, which may be closed by now; -1: none */
    uint64_t connection;
    const char *local; /* address; NULL: unknown; so below */
    const char *remote; /* address */
    const char *host; /* of `remote`, "127.0.0.1", when it has host and port */
    const char *socket_type; /* wire name of its pattern */
    const char *user_id; /* that the mechanism or authenticator established */
    const char *mechanism; /* wire name */
    const char *identity; /* routing id that the peer announced */
    size_t identity_size;
    size_t property_count;
    struct tni_peer_property properties[]; /* what we found out, then what the peer sent */
};

/** What a peer_info is made of; everything is borrowed, any pointer may be NULL. */
struct tni_peer_pieces {
    uint64_t connection;
    int fd; /* -1: none */
    const char *local;
    const char *remote;
    const char *user_id;
    const char *mechanism;
    const struct tni_properties *found; /* by our side */
    const uint8_t *metadata; /* the peer's, encoded as in RFC 37 */
    size_t metadata_size;
    bool keeps_unknown; /* properties that no RFC knows */
    /* For peers without metadata (inproc); otherwise "Socket-Type" and "Identity" there hold. */
    const char *socket_type;
    const uint8_t *identity;
    size_t identity_size;
};

/** Returns new: 0, -ENOMEM, or -EPROTO when the metadata is malformed. */
int tni_peer_info_new(const struct tni_peer_pieces *pieces, struct tn_peer_info **out_info);

static inline struct tn_peer_info *tni_peer_info_ref(struct tn_peer_info *info)
{
    /* relaxed: as tni_body_ref(). */
    atomic_fetch_add_explicit(&info->refs, 1, memory_order_relaxed);
    return info;
}

/** Adds the properties of `metadata`, encoded as in RFC 37, to what our side found out. -EPROTO: it is
 *  malformed; -EMSGSIZE; -ENOMEM. */
int tni_peer_properties(struct tni_properties *found, const uint8_t *metadata, size_t size);

/** Gives a reference back; NULL is allowed. */
void tni_peer_info_unref(struct tn_peer_info *info);
/** Likewise several, or none. */
void tni_peer_info_unref_some(struct tn_peer_info *info, unsigned count);

/** A property by name, in any case of letters: "Peer-Address", "Peer-Host", "Local-Address",
 *  "User-Id", which a
 *  peer cannot announce itself, "Socket-Type", "Identity", "Routing-Id", what our side found out, and
 *  what the peer announced: of that only "X-..." and the names of RFC 23 are taken, so that no peer can
 *  pass its own word off as a finding. NULL: there is none. */
const char *tni_peer_info_property(const struct tn_peer_info *info, const char *name);

#endif
