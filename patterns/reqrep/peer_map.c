#include "peer_map.h"

#include <errno.h>
#include <string.h>

void tni_peer_map_init(struct tni_peer_map *map, const tn_host_t *host)
{
    map->host = host;
    map->buckets = NULL;
    map->capacity = 0;
    map->count = 0;
    map->seed = host->random();
}

void tni_peer_map_fini(struct tni_peer_map *map)
{
    map->host->free(map->buckets);
    map->buckets = NULL;
    map->capacity = 0;
}

/* FNV-1a, and a mix so that the low bits depend on all. */
static uint32_t hash_of(const struct tni_peer_map *map, const uint8_t *id, size_t size)
{
    uint32_t hash = map->seed ^ 2166136261u;
    size_t i;

    for (i = 0; i < size; i++)
        hash = (hash ^ id[i]) * 16777619u;
    hash ^= hash >> 16;
    hash *= 0x7feb352du;
    return hash ^ (hash >> 15);
}

struct tni_peer *tni_peer_map_find(const struct tni_peer_map *map, const uint8_t *id, size_t size)
{
    uint32_t hash;
    struct tni_peer *peer;

    if (!map->capacity)
        return NULL;
    hash = hash_of(map, id, size);
    for (peer = map->buckets[hash & (map->capacity - 1)]; peer; peer = peer->next) {
        if (peer->hash == hash && peer->size == size && memcmp(peer->id, id, size) == 0)
            return peer;
    }
    return NULL;
}

static void link_in(struct tni_peer **buckets, size_t capacity, struct tni_peer *peer)
{
    struct tni_peer **bucket = &buckets[peer->hash & (capacity - 1)];

    peer->next = *bucket;
    *bucket = peer;
}

static int grow(struct tni_peer_map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : 8;
    struct tni_peer **buckets = map->host->alloc(capacity * sizeof(struct tni_peer *));
    size_t i;

    if (!buckets)
        return -ENOMEM;
    for (i = 0; i < map->capacity; i++) {
        while (map->buckets[i]) {
            struct tni_peer *peer = map->buckets[i];

            map->buckets[i] = peer->next;
            link_in(buckets, capacity, peer);
        }
    }
    map->host->free(map->buckets);
    map->buckets = buckets;
    map->capacity = capacity;
    return 0;
}

int tni_peer_map_add(struct tni_peer_map *map, struct tni_peer *peer, const uint8_t *id,
                     size_t size)
{
    if (map->count == map->capacity && grow(map) != 0)
        return -ENOMEM;
    memcpy(peer->id, id, size);
    peer->size = (uint8_t)size;
    peer->hash = hash_of(map, id, size);
    peer->is_known = true;
    link_in(map->buckets, map->capacity, peer);
    map->count++;
    return 0;
}

void tni_peer_map_remove(struct tni_peer_map *map, struct tni_peer *peer)
{
    struct tni_peer **at = &map->buckets[peer->hash & (map->capacity - 1)];

    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    peer->is_known = false;
    map->count--;
}

bool tni_peer_map_any(const struct tni_peer_map *map,
                      bool (*test)(const struct tni_peer *peer, const tn_host_t *host))
{
    size_t i;

    for (i = 0; i < map->capacity; i++) {
        const struct tni_peer *peer;

        for (peer = map->buckets[i]; peer; peer = peer->next) {
            if (test(peer, map->host))
                return true;
        }
    }
    return false;
}
