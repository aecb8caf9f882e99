/*
 * peer_map.h: a ROUTER's peers by routing id.
 *
 * A hash table with intrusive entries, which lie in the states of the pipes: it owns only its array
 * of buckets. Under the socket's lock. The ids come from the peers, so the hash is seeded.
 */
#ifndef TNI_PEER_MAP_H
#define TNI_PEER_MAP_H

#include <stdbool.h>

#include <tenon/pattern.h>

#define TNI_PEER_ID_MAX 255

struct tni_peer {
    struct tni_peer *next; /* in its bucket */
    tn_pipe_t *pipe;
    uint32_t hash;
    bool is_known; /* in the map; to and from others nothing goes */
    uint8_t size;
    uint8_t id[TNI_PEER_ID_MAX];
};

struct tni_peer_map {
    const tn_host_t *host;
    struct tni_peer **buckets;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    uint32_t seed;
};

void tni_peer_map_init(struct tni_peer_map *map, const tn_host_t *host);
void tni_peer_map_fini(struct tni_peer_map *map);
struct tni_peer *tni_peer_map_find(const struct tni_peer_map *map, const uint8_t *id, size_t size);
/** The id must not be there, and be at most TNI_PEER_ID_MAX bytes. -ENOMEM. */
int tni_peer_map_add(struct tni_peer_map *map, struct tni_peer *peer, const uint8_t *id,
                     size_t size);
void tni_peer_map_remove(struct tni_peer_map *map, struct tni_peer *peer);
/** Whether `test` says so of any peer. */
bool tni_peer_map_any(const struct tni_peer_map *map,
                      bool (*test)(const struct tni_peer *peer, const tn_host_t *host));

#endif
