/*
 * topic_node.h: a node of a topic trie: a run of bytes, its children and its users.
 *
 * The label is the run of bytes that leads to the node from its parent; the children differ in the
 * first byte of theirs. Children stand in no order, beside an array of those first bytes; entries are
 * sorted by user, and a single one lies inside the node. With a short label it takes 40 bytes, as there
 * may be millions. Inside the trie only, under its lock.
 */
#ifndef TNI_TOPIC_NODE_H
#define TNI_TOPIC_NODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "route/topic_user.h"

struct tni_topic_entry {
    struct tni_topic_user *user;
    uint32_t count; /* subscriptions */
    uint32_t index; /* of this node in user->nodes */
};

struct tni_topic_children {
    uint16_t count;
    uint16_t capacity;
    struct tni_topic_node *nodes[]; /* `capacity` of them, then as many first bytes */
};

enum tni_topic_entries { TNI_TOPIC_NOBODY, TNI_TOPIC_ONE, TNI_TOPIC_MANY };

struct tni_topic_node {
    struct tni_topic_node *parent;
    struct tni_topic_children *children; /* NULL: none */
    union {
        struct tni_topic_entry one;
        struct {
            struct tni_topic_entry *array;
            uint32_t count;
            uint32_t capacity;
        } many;
    } entries;
    uint32_t label_size : 22; /* TNI_TOPIC_MAX at most */
    uint32_t entered : 2; /* enum tni_topic_entries: which of the two, if any */
    uint8_t label[];
};

/** Returns new, without children and entries. NULL: no memory. */
struct tni_topic_node *tni_topic_node_new(const uint8_t *label, size_t size);
/** Frees the node alone, not its children. */
void tni_topic_node_free(struct tni_topic_node *node);

/** Makes room for `count` children. -ENOMEM. */
int tni_topic_node_reserve(struct tni_topic_node *node, unsigned count);
/** There must be room. */
void tni_topic_node_add_child(struct tni_topic_node *node, struct tni_topic_node *child);
/** Does not free it. */
void tni_topic_node_remove_child(struct tni_topic_node *node, struct tni_topic_node *child);
/** Puts `child` in the place of the one that begins with the same byte. */
void tni_topic_node_replace_child(struct tni_topic_node *node, struct tni_topic_node *child);
/** The one after `child`, or NULL. */
struct tni_topic_node *tni_topic_node_next_child(const struct tni_topic_node *node,
                                                 const struct tni_topic_node *child);

/** Puts `size` bytes in front of the label. The node may move: the result is where it is, and its
 *  parent must be told. NULL: no memory, nothing has changed. */
struct tni_topic_node *tni_topic_node_prepend(struct tni_topic_node *node, const uint8_t *bytes,
                                              size_t size);
/** Takes `size` bytes from the front of the label. Likewise, but cannot fail. */
struct tni_topic_node *tni_topic_node_cut(struct tni_topic_node *node, size_t size);

/** The entry of `user`, or NULL. */
struct tni_topic_entry *tni_topic_node_find(struct tni_topic_node *node,
                                            const struct tni_topic_user *user);
/** Adds an entry for a user that has none here, in the node's and the user's list; the latter must
 *  have room. -ENOMEM, never for the first entry. */
int tni_topic_node_enter(struct tni_topic_node *node, struct tni_topic_user *user);
/** Removes an entry from both lists. */
void tni_topic_node_leave(struct tni_topic_node *node, struct tni_topic_entry *entry);

static inline uint32_t tni_topic_node_entry_count(const struct tni_topic_node *node)
{
    return node->entered == TNI_TOPIC_MANY ? node->entries.many.count : node->entered;
}

static inline struct tni_topic_entry *tni_topic_node_entries(struct tni_topic_node *node)
{
    return node->entered == TNI_TOPIC_MANY ? node->entries.many.array : &node->entries.one;
}

static inline unsigned tni_topic_node_child_count(const struct tni_topic_node *node)
{
    return node->children ? node->children->count : 0;
}

static inline uint8_t *tni_topic_keys(const struct tni_topic_children *children)
{
    return (uint8_t *)(uintptr_t)(children->nodes + children->capacity);
}

/** The child whose label begins with `key`, or NULL. */
static inline struct tni_topic_node *tni_topic_node_child(const struct tni_topic_node *node,
                                                          uint8_t key)
{
    const struct tni_topic_children *children = node->children;
    const uint8_t *keys, *found;

    if (!children)
        return NULL;
    keys = tni_topic_keys(children);
    if (children->count == 1)
        return keys[0] == key ? children->nodes[0] : NULL;
    found = memchr(keys, key, children->count);
    return found ? children->nodes[found - keys] : NULL;
}

#endif
