#include "table.h"

#include <stdbool.h>
#include <string.h>

enum { FIRST_SLOTS = 16 };

/* ---- the hash ---- */

static uint64_t hash_bytes(const void *data, size_t size) /* FNV-1a */
{
    const uint8_t *bytes = data;
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static struct tni_inproc_node **slot_of(const struct tni_inproc_hash *map, uint64_t hash)
{
    return &map->slots[(hash ^ hash >> 32) & (map->slot_count - 1)];
}

/* Room for one more; without memory the old slots do, if there are any. */
static bool hash_reserve(struct tni_inproc_hash *map, const tn_host_t *host)
{
    struct tni_inproc_hash grown = {.slot_count = map->slot_count * 2, .count = map->count};

    if (map->count < map->slot_count)
        return true;
    if (grown.slot_count == 0)
        grown.slot_count = FIRST_SLOTS;
    grown.slots = host->alloc(grown.slot_count * sizeof(struct tni_inproc_node *));
    if (!grown.slots)
        return map->slot_count != 0;
    for (size_t i = 0; i < map->slot_count; i++) {
        while (map->slots[i]) {
            struct tni_inproc_node *node = map->slots[i];
            struct tni_inproc_node **slot = slot_of(&grown, node->hash);

            map->slots[i] = node->next;
            node->next = *slot;
            *slot = node;
        }
    }
    host->free(map->slots);
    *map = grown;
    return true;
}

static void hash_insert(struct tni_inproc_hash *map, struct tni_inproc_node *node, uint64_t hash)
{
    struct tni_inproc_node **slot = slot_of(map, hash);

    node->hash = hash;
    node->next = *slot;
    *slot = node;
    map->count++;
}

static void hash_remove(struct tni_inproc_hash *map, struct tni_inproc_node *node)
{
    struct tni_inproc_node **link = slot_of(map, node->hash);

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    map->count--;
}

static struct tni_inproc_node *hash_chain(const struct tni_inproc_hash *map, uint64_t hash)
{
    return map->slot_count == 0 ? NULL : *slot_of(map, hash);
}

/* ---- names and parties ---- */

static uint64_t endpoint_hash(const tn_endpoint_t *endpoint)
{
    return hash_bytes(&endpoint, sizeof endpoint);
}

struct tni_inproc_name *tni_inproc_find(struct tni_inproc_table *table, const char *text)
{
    uint64_t hash = hash_bytes(text, strlen(text));

    for (struct tni_inproc_node *node = hash_chain(&table->names, hash); node; node = node->next) {
        struct tni_inproc_name *name = (struct tni_inproc_name *)node;

        if (node->hash == hash && strcmp(name->text, text) == 0)
            return name;
    }
    return NULL;
}

struct tni_inproc_party *tni_inproc_party_of(struct tni_inproc_table *table,
                                             const tn_endpoint_t *endpoint)
{
    uint64_t hash = endpoint_hash(endpoint);

    for (struct tni_inproc_node *node = hash_chain(&table->parties, hash); node;
         node = node->next) {
        struct tni_inproc_party *party = (struct tni_inproc_party *)node;

        if (party->endpoint == endpoint)
            return party;
    }
    return NULL;
}

static struct tni_inproc_name *name_new(struct tni_inproc_table *table, const char *text)
{
    size_t length = strlen(text);
    struct tni_inproc_name *name = NULL;

    if (hash_reserve(&table->names, table->host))
        name = table->host->alloc(sizeof *name + length + 1);
    if (!name)
        return NULL;
    memcpy(name->text, text, length + 1);
    hash_insert(&table->names, &name->node, hash_bytes(text, length));
    return name;
}

static void append_waiting(struct tni_inproc_name *name, struct tni_inproc_party *party)
{
    party->prev = name->newest;
    if (name->newest)
        name->newest->next = party;
    else
        name->waiting = party;
    name->newest = party;
}

static void remove_waiting(struct tni_inproc_name *name, struct tni_inproc_party *party)
{
    if (party->prev)
        party->prev->next = party->next;
    else
        name->waiting = party->next;
    if (party->next)
        party->next->prev = party->prev;
    else
        name->newest = party->prev;
}

struct tni_inproc_party *tni_inproc_add(struct tni_inproc_table *table, const char *text,
                                        tn_endpoint_t *endpoint, unsigned role)
{
    struct tni_inproc_party *party = table->host->alloc(sizeof *party);
    struct tni_inproc_name *name;

    if (!party || !hash_reserve(&table->parties, table->host))
        goto fail_party;
    name = tni_inproc_find(table, text);
    if (!name)
        name = name_new(table, text);
    if (!name)
        goto fail_party;
    party->endpoint = endpoint;
    party->name = name;
    hash_insert(&table->parties, &party->node, endpoint_hash(endpoint));
    if (role == TN_ROLE_BIND)
        name->bound = party;
    else
        append_waiting(name, party);
    return party;

fail_party:
    table->host->free(party);
    return NULL;
}

void tni_inproc_remove(struct tni_inproc_table *table, struct tni_inproc_party *party)
{
    struct tni_inproc_name *name = party->name;

    if (name->bound == party)
        name->bound = NULL;
    else
        remove_waiting(name, party);
    hash_remove(&table->parties, &party->node);
    table->host->free(party);
    if (name->bound || name->waiting)
        return;
    hash_remove(&table->names, &name->node);
    table->host->free(name);
}

void tni_inproc_clear(struct tni_inproc_table *table)
{
    for (size_t i = 0; i < table->parties.slot_count; i++)
        while (table->parties.slots[i])
            tni_inproc_remove(table, (struct tni_inproc_party *)table->parties.slots[i]);
    table->host->free(table->parties.slots);
    table->host->free(table->names.slots);
}
