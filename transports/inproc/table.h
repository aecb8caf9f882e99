/*
 * table.h: who has bound which name, and who waits for it.
 *
 * One per context. It holds the endpoints that are bound and the connects that came before their bind;
 * a connect that is joined is not in it. Found by name, and by endpoint when one ends, each through a
 * hash that grows. The one who calls holds the lock of inproc.c. It keeps endpoints by address and
 * never looks into them.
 */
#ifndef TENON_INPROC_TABLE_H
#define TENON_INPROC_TABLE_H

#include <tenon/transport.h>

enum { TNI_INPROC_NAME_MAX = 255 };

/* First in a name and in a party, so that one chain serves both. */
struct tni_inproc_node {
    struct tni_inproc_node *next;
    uint64_t hash;
};

struct tni_inproc_hash {
    struct tni_inproc_node **slots; /* a power of two of them */
    size_t slot_count;
    size_t count;
};

/** One endpoint: the one that is bound, or one that waits. */
struct tni_inproc_party {
    struct tni_inproc_node node;
    tn_endpoint_t *endpoint;
    struct tni_inproc_name *name;
    struct tni_inproc_party *prev; /* among those that wait for the name */
    struct tni_inproc_party *next;
};

struct tni_inproc_name {
    struct tni_inproc_node node;
    struct tni_inproc_party *bound; /* or NULL */
    struct tni_inproc_party *waiting; /* the oldest one, or NULL */
    struct tni_inproc_party *newest;
    char text[];
};

struct tni_inproc_table {
    const tn_host_t *host;
    struct tni_inproc_hash names;
    struct tni_inproc_hash parties;
};

/** The name, or NULL. */
struct tni_inproc_name *tni_inproc_find(struct tni_inproc_table *table, const char *text);

/** Enters an endpoint as the one that is bound (there must be none) or as the last one that waits.
 *  Returns NULL, and has changed nothing, when there is no memory. */
struct tni_inproc_party *tni_inproc_add(struct tni_inproc_table *table, const char *text,
                                        tn_endpoint_t *endpoint, unsigned role);

/** Ends a party, and its name if that was the last. */
void tni_inproc_remove(struct tni_inproc_table *table, struct tni_inproc_party *party);

/** The party of an endpoint, or NULL. */
struct tni_inproc_party *tni_inproc_party_of(struct tni_inproc_table *table,
                                             const tn_endpoint_t *endpoint);

/** Frees everything that is left. */
void tni_inproc_clear(struct tni_inproc_table *table);

#endif
