/*
 * topic_node.h: a node of a topic trie: a run of bytes, its children and its users.
 *
 * The label is the run of bytes that leads to the node from its parent; the children differ in the
 * first byte of theirs. Children stand in no order, beside an array of those first bytes; entries are
 * sorted by user, and a single one lies inside the node. Inside the trie only, under its lock.
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

struct tni_topic_node {
    struct tni_topic_node *parent;
    struct tni_topic_node **children; /* child_capacity pointers, then as many first bytes */
    union {
        struct tni_topic_entry one;
        struct {
            struct tni_topic_entry *array;
            uint32_t capacity;
        } many; /* when entry_count > 1 */
    } entries;
    uint32_t entry_count;
    uint32_t label_size;
    uint16_t child_count;
    uint16_t child_capacity;
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

static inline struct tni_topic_entry *tni_topic_node_entries(struct tni_topic_node *node)
{
    return node->entry_count > 1 ? node->entries.many.array : &node->entries.one;
}

static inline uint8_t *tni_topic_node_keys(const struct tni_topic_node *node)
{
    return (uint8_t *)(node->children + node->child_capacity);
}

/** The child whose label begins with `key`, or NULL. */
static inline struct tni_topic_node *tni_topic_node_child(const struct tni_topic_node *node,
                                                          uint8_t key)
{
    const uint8_t *keys, *found;

    if (node->child_count == 0)
        return NULL;
    keys = tni_topic_node_keys(node);
    if (node->child_count == 1)
        return keys[0] == key ? node->children[0] : NULL;
    found = memchr(keys, key, node->child_count);
    return found ? node->children[found - keys] : NULL;
}

#endif
