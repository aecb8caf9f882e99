#include "route/topic_node.h"

#include <errno.h>

#include "base/memory.h"

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
    node->label_size = (uint32_t)size;
    if (size)
        memcpy(node->label, label, size);
    return node;
}

void tni_topic_node_free(struct tni_topic_node *node)
{
    if (node->entry_count > 1)
        tni_free(node->entries.many.array);
    tni_free(node->children);
    tni_free(node);
}

/* ------------------------------------------------------------------ children */

static int resize_children(struct tni_topic_node *node, unsigned capacity)
{
    struct tni_topic_node **children = tni_malloc(capacity * (sizeof(struct tni_topic_node *) + 1));

    if (!children)
        return -ENOMEM;
    if (node->child_count) {
        memcpy(children, node->children, node->child_count * sizeof(struct tni_topic_node *));
        memcpy(children + capacity, tni_topic_node_keys(node), node->child_count);
    }
    tni_free(node->children);
    node->children = children;
    node->child_capacity = (uint16_t)capacity;
    return 0;
}

int tni_topic_node_reserve(struct tni_topic_node *node, unsigned count)
{
    unsigned capacity = node->child_capacity ? node->child_capacity : 1;

    if (count <= node->child_capacity)
        return 0;
    while (capacity < count)
        capacity *= 2;
    return resize_children(node, capacity);
}

void tni_topic_node_add_child(struct tni_topic_node *node, struct tni_topic_node *child)
{
    tni_topic_node_keys(node)[node->child_count] = child->label[0];
    node->children[node->child_count++] = child;
    child->parent = node;
}

static size_t position_of(const struct tni_topic_node *node, uint8_t key)
{
    const uint8_t *keys = tni_topic_node_keys(node);

    return (size_t)((const uint8_t *)memchr(keys, key, node->child_count) - keys);
}

void tni_topic_node_remove_child(struct tni_topic_node *node, struct tni_topic_node *child)
{
    uint8_t *keys = tni_topic_node_keys(node);
    size_t at = position_of(node, child->label[0]);

    node->child_count--;
    node->children[at] = node->children[node->child_count];
    keys[at] = keys[node->child_count];
    if (node->child_count == 0) {
        tni_free(node->children);
        node->children = NULL;
        node->child_capacity = 0;
    } else if (node->child_count <= node->child_capacity / 4) {
        (void)resize_children(node, node->child_capacity / 2);
    }
}

void tni_topic_node_replace_child(struct tni_topic_node *node, struct tni_topic_node *child)
{
    node->children[position_of(node, child->label[0])] = child;
    child->parent = node;
}

struct tni_topic_node *tni_topic_node_next_child(const struct tni_topic_node *node,
                                                 const struct tni_topic_node *child)
{
    size_t at = position_of(node, child->label[0]) + 1;

    return at < node->child_count ? node->children[at] : NULL;
}

/* ------------------------------------------------------------------ labels */

/* Corrects what points to a node that has moved, its parent apart. */
static void repoint(struct tni_topic_node *node)
{
    struct tni_topic_entry *entries = tni_topic_node_entries(node);
    uint32_t i;

    for (i = 0; i < node->child_count; i++)
        node->children[i]->parent = node;
    for (i = 0; i < node->entry_count; i++)
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
    node->label_size = (uint32_t)total;
    repoint(node);
    return node;
}

struct tni_topic_node *tni_topic_node_cut(struct tni_topic_node *node, size_t size)
{
    struct tni_topic_node *smaller = NULL;

    node->label_size -= (uint32_t)size;
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
    uint32_t low = 0, high = node->entry_count;

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

    return at < node->entry_count && entries[at].user == user ? &entries[at] : NULL;
}

static int make_room(struct tni_topic_node *node)
{
    struct tni_topic_entry *array;
    uint32_t capacity;

    if (node->entry_count == 0)
        return 0;
    if (node->entry_count == 1) {
        array = tni_malloc(4 * sizeof(*array));
        if (!array)
            return -ENOMEM;
        array[0] = node->entries.one;
        node->entries.many.array = array;
        node->entries.many.capacity = 4;
        return 0;
    }
    if (node->entry_count < node->entries.many.capacity)
        return 0;
    capacity = node->entries.many.capacity * 2;
    array = tni_realloc(node->entries.many.array, capacity * sizeof(*array));
    if (!array)
        return -ENOMEM;
    node->entries.many.array = array;
    node->entries.many.capacity = capacity;
    return 0;
}

int tni_topic_node_enter(struct tni_topic_node *node, struct tni_topic_user *user)
{
    uint32_t at = search(node, user);
    struct tni_topic_entry *entries;

    if (make_room(node) != 0)
        return -ENOMEM;
    node->entry_count++;
    entries = tni_topic_node_entries(node);
    memmove(entries + at + 1, entries + at, (node->entry_count - 1 - at) * sizeof(*entries));
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
    memmove(entry, entry + 1, (node->entry_count - 1 - at) * sizeof(*entry));
    node->entry_count--;
    if (node->entry_count == 1) {
        struct tni_topic_entry last = entries[0];

        tni_free(entries);
        node->entries.one = last;
    }
}
