#include "route/topic_node.h"

#include <errno.h>

#include "base/memory.h"

enum { LABEL_MASK = (1 << 22) - 1 };

static size_t bytes_for(size_t label_size)
{
    size_t size = offsetof(struct tni_topic_node, label) + label_size;

    return size < sizeof(struct tni_topic_node) ? sizeof(struct tni_topic_node) : size;
}

struct tni_topic_node *tni_topic_node_new(const uint8_t *label, size_t size)
{
    struct tni_topic_node *node = tni_malloc(bytes_for(size));

    if (!node)
        return NULL;
    memset(node, 0, offsetof(struct tni_topic_node, label));
    node->label_size = (uint32_t)size & LABEL_MASK;
    if (size)
        memcpy(node->label, label, size);
    return node;
}

void tni_topic_node_free(struct tni_topic_node *node)
{
    if (node->entered == TNI_TOPIC_MANY)
        tni_free(node->entries.many.array);
    tni_free(node->children);
    tni_free(node);
}

/* ------------------------------------------------------------------ children */

static int resize_children(struct tni_topic_node *node, unsigned capacity)
{
    struct tni_topic_children *old = node->children, *children;

    children = tni_malloc(sizeof *children + capacity * (sizeof(struct tni_topic_node *) + 1));
    if (!children)
        return -ENOMEM;
    children->count = old ? old->count : 0;
    children->capacity = (uint16_t)capacity;
    if (old) {
        memcpy(children->nodes, old->nodes, old->count * sizeof(struct tni_topic_node *));
        memcpy(tni_topic_keys(children), tni_topic_keys(old), old->count);
        tni_free(old);
    }
    node->children = children;
    return 0;
}

/* 1, 2, 4, 6, 10, 16, 24: by a half, so that ten children, which numbers have, find just their room. */
int tni_topic_node_reserve(struct tni_topic_node *node, unsigned count)
{
    unsigned capacity = node->children ? node->children->capacity : 0;

    if (count <= capacity)
        return 0;
    if (capacity == 0)
        capacity = 1;
    while (capacity < count)
        capacity = (capacity + capacity / 2 + 1) & ~1u;
    return resize_children(node, capacity);
}

void tni_topic_node_add_child(struct tni_topic_node *node, struct tni_topic_node *child)
{
    struct tni_topic_children *children = node->children;

    tni_topic_keys(children)[children->count] = child->label[0];
    children->nodes[children->count++] = child;
    child->parent = node;
}

static size_t position_of(const struct tni_topic_children *children, uint8_t key)
{
    const uint8_t *keys = tni_topic_keys(children);

    return (size_t)((const uint8_t *)memchr(keys, key, children->count) - keys);
}

void tni_topic_node_remove_child(struct tni_topic_node *node, struct tni_topic_node *child)
{
    struct tni_topic_children *children = node->children;
    uint8_t *keys = tni_topic_keys(children);
    size_t at = position_of(children, child->label[0]);

    children->count--;
    children->nodes[at] = children->nodes[children->count];
    keys[at] = keys[children->count];
    if (children->count == 0) {
        tni_free(children);
        node->children = NULL;
    } else if (children->count <= children->capacity / 4) {
        (void)resize_children(node, children->capacity / 2u);
    }
}

void tni_topic_node_replace_child(struct tni_topic_node *node, struct tni_topic_node *child)
{
    node->children->nodes[position_of(node->children, child->label[0])] = child;
    child->parent = node;
}

struct tni_topic_node *tni_topic_node_next_child(const struct tni_topic_node *node,
                                                 const struct tni_topic_node *child)
{
    size_t at = position_of(node->children, child->label[0]) + 1;

    return at < node->children->count ? node->children->nodes[at] : NULL;
}

/* ------------------------------------------------------------------ labels */

/* Corrects what points to a node that has moved, its parent apart. */
static void repoint(struct tni_topic_node *node)
{
    struct tni_topic_entry *entries = tni_topic_node_entries(node);
    uint32_t entry_count = tni_topic_node_entry_count(node);
    unsigned child_count = tni_topic_node_child_count(node);

    for (unsigned i = 0; i < child_count; i++)
        node->children->nodes[i]->parent = node;
    for (uint32_t i = 0; i < entry_count; i++)
        entries[i].user->nodes[entries[i].index] = node;
}

struct tni_topic_node *tni_topic_node_prepend(struct tni_topic_node *node, const uint8_t *bytes,
                                              size_t size)
{
    size_t total = node->label_size + size;

    node = tni_realloc(node, bytes_for(total));
    if (!node)
        return NULL;
    memmove(node->label + size, node->label, node->label_size);
    memcpy(node->label, bytes, size);
    node->label_size = (uint32_t)total & LABEL_MASK;
    repoint(node);
    return node;
}

struct tni_topic_node *tni_topic_node_cut(struct tni_topic_node *node, size_t size)
{
    struct tni_topic_node *smaller = NULL;

    node->label_size = (node->label_size - (uint32_t)size) & LABEL_MASK;
    memmove(node->label, node->label + size, node->label_size);
    if (size >= 64)
        smaller = tni_realloc(node, bytes_for(node->label_size));
    if (!smaller)
        return node;
    repoint(smaller);
    return smaller;
}

/* ------------------------------------------------------------------ entries */

/* Where the entry of `user` is, or would be. */
static uint32_t search(struct tni_topic_node *node, const struct tni_topic_user *user)
{
    struct tni_topic_entry *entries = tni_topic_node_entries(node);
    uint32_t low = 0, high = tni_topic_node_entry_count(node);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if ((uintptr_t)entries[middle].user < (uintptr_t)user)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct tni_topic_entry *tni_topic_node_find(struct tni_topic_node *node,
                                            const struct tni_topic_user *user)
{
    struct tni_topic_entry *entries = tni_topic_node_entries(node);
    uint32_t at = search(node, user);

    return at < tni_topic_node_entry_count(node) && entries[at].user == user ? &entries[at] : NULL;
}

/* Room for one more entry, which is counted. */
static int extend(struct tni_topic_node *node)
{
    struct tni_topic_entry *array;
    uint32_t capacity;

    switch (node->entered) {
    case TNI_TOPIC_NOBODY:
        node->entered = TNI_TOPIC_ONE;
        return 0;
    case TNI_TOPIC_ONE:
        array = tni_malloc(4 * sizeof(*array));
        if (!array)
            return -ENOMEM;
        array[0] = node->entries.one;
        node->entries.many.array = array;
        node->entries.many.count = 2;
        node->entries.many.capacity = 4;
        node->entered = TNI_TOPIC_MANY;
        return 0;
    default:
        break;
    }
    if (node->entries.many.count == node->entries.many.capacity) {
        capacity = node->entries.many.capacity * 2;
        array = tni_realloc(node->entries.many.array, capacity * sizeof(*array));
        if (!array)
            return -ENOMEM;
        node->entries.many.array = array;
        node->entries.many.capacity = capacity;
    }
    node->entries.many.count++;
    return 0;
}

int tni_topic_node_enter(struct tni_topic_node *node, struct tni_topic_user *user)
{
    uint32_t at = search(node, user), before = tni_topic_node_entry_count(node);
    struct tni_topic_entry *entries;

    if (extend(node) != 0)
        return -ENOMEM;
    entries = tni_topic_node_entries(node);
    memmove(entries + at + 1, entries + at, (before - at) * sizeof(*entries));
    entries[at].user = user;
    entries[at].count = 1;
    entries[at].index = user->count;
    user->nodes[user->count++] = node;
    return 0;
}

static void remove_from_user(const struct tni_topic_entry *entry)
{
    struct tni_topic_user *user = entry->user;
    struct tni_topic_node *moved = user->nodes[--user->count];

    if (entry->index == user->count)
        return;
    user->nodes[entry->index] = moved;
    tni_topic_node_find(moved, user)->index = entry->index;
}

void tni_topic_node_leave(struct tni_topic_node *node, struct tni_topic_entry *entry)
{
    struct tni_topic_entry *entries = tni_topic_node_entries(node);
    size_t at = (size_t)(entry - entries);

    remove_from_user(entry);
    if (node->entered == TNI_TOPIC_ONE) {
        node->entered = TNI_TOPIC_NOBODY;
        return;
    }
    memmove(entry, entry + 1, (node->entries.many.count - 1 - at) * sizeof(*entry));
    if (--node->entries.many.count == 1) {
        struct tni_topic_entry last = entries[0];

        tni_free(entries);
        node->entries.one = last;
        node->entered = TNI_TOPIC_ONE;
    }
}
