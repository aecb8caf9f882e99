#include "route/topics.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "route/topic_node.h"

struct tn_topics {
    struct tni_topic_node *root; /* with an empty label */
    struct tni_topic_users users;
    size_t count; /* of nodes with entries */
    uint64_t visit; /* number of the last match */
    const struct tni_topic_node *longest; /* that the last data matched; NULL: not known */
    uint8_t *scratch; /* holds the longest prefix that was ever added */
    size_t scratch_size;
};

struct tn_topics *tni_topics_new(void)
{
    struct tn_topics *topics = tni_calloc(1, sizeof(*topics));

    if (!topics)
        return NULL;
    topics->root = tni_topic_node_new(NULL, 0);
    if (!topics->root) {
        tni_free(topics);
        return NULL;
    }
    tni_topic_users_init(&topics->users);
    return topics;
}

void tni_topics_free(struct tn_topics *topics)
{
    struct tni_topic_node *node;

    if (!topics)
        return;
    node = topics->root;
    while (node) {
        struct tni_topic_node *parent = node->parent;

        if (tni_topic_node_child_count(node)) {
            node = node->children->nodes[--node->children->count];
            continue;
        }
        tni_topic_node_free(node);
        node = parent;
    }
    tni_topic_users_fini(&topics->users);
    tni_free(topics->scratch);
    tni_free(topics);
}

/* ------------------------------------------------------------------ add and remove */

/* With this, telling a prefix cannot fail later. */
static int reserve_scratch(struct tn_topics *topics, size_t size)
{
    size_t capacity = topics->scratch_size ? topics->scratch_size : 64;
    uint8_t *scratch;

    if (topics->scratch && size <= topics->scratch_size)
        return 0;
    while (capacity < size)
        capacity *= 2;
    scratch = tni_realloc(topics->scratch, capacity);
    if (!scratch)
        return -ENOMEM;
    topics->scratch = scratch;
    topics->scratch_size = capacity;
    return 0;
}

static size_t common_run(const struct tni_topic_node *node, const uint8_t *bytes, size_t size)
{
    size_t most = node->label_size < size ? node->label_size : size;
    size_t i = 0;

    while (i < most && node->label[i] == bytes[i])
        i++;
    return i;
}

static struct tni_topic_node *add_leaf(struct tni_topic_node *node, const uint8_t *rest,
                                       size_t size)
{
    struct tni_topic_node *leaf;

    if (tni_topic_node_reserve(node, tni_topic_node_child_count(node) + 1) != 0)
        return NULL;
    leaf = tni_topic_node_new(rest, size);
    if (leaf)
        tni_topic_node_add_child(node, leaf);
    return leaf;
}

/* Puts a node in the middle of the label of `lower`, where `rest` goes another way, or ends. Returns
 * the node where `rest` ends. */
static struct tni_topic_node *split(struct tni_topic_node *lower, size_t at, const uint8_t *rest,
                                    size_t size)
{
    struct tni_topic_node *parent = lower->parent;
    struct tni_topic_node *upper = tni_topic_node_new(lower->label, at);
    struct tni_topic_node *leaf = NULL;

    if (!upper)
        return NULL;
    if (tni_topic_node_reserve(upper, size ? 2 : 1) != 0)
        goto fail_upper;
    if (size) {
        leaf = tni_topic_node_new(rest, size);
        if (!leaf)
            goto fail_upper;
        tni_topic_node_add_child(upper, leaf);
    }
    tni_topic_node_replace_child(parent, upper);
    tni_topic_node_add_child(upper, tni_topic_node_cut(lower, at));
    return leaf ? leaf : upper;

fail_upper:
    tni_topic_node_free(upper);
    return NULL;
}

/* Finds or makes the node of a prefix. NULL: no memory. */
static struct tni_topic_node *place(struct tn_topics *topics, const uint8_t *bytes, size_t size)
{
    struct tni_topic_node *node = topics->root;

    while (size) {
        struct tni_topic_node *child = tni_topic_node_child(node, bytes[0]);
        size_t run;

        if (!child)
            return add_leaf(node, bytes, size);
        run = common_run(child, bytes, size);
        bytes += run;
        size -= run;
        if (run < child->label_size)
            return split(child, run, bytes, size);
        node = child;
    }
    return node;
}

static struct tni_topic_node *lookup(const struct tn_topics *topics, const uint8_t *bytes,
                                     size_t size)
{
    struct tni_topic_node *node = topics->root;

    while (size) {
        node = tni_topic_node_child(node, bytes[0]);
        if (!node || size < node->label_size || memcmp(node->label, bytes, node->label_size) != 0)
            return NULL;
        bytes += node->label_size;
        size -= node->label_size;
    }
    return node;
}

int tni_topics_add(struct tn_topics *topics, const void *prefix, size_t size, void *who)
{
    struct tni_topic_user *user;
    struct tni_topic_node *node;
    struct tni_topic_entry *entry;

    topics->longest = NULL;
    if (size > TNI_TOPIC_MAX)
        return -EMSGSIZE;
    if (reserve_scratch(topics, size) != 0)
        return -ENOMEM;
    user = tni_topic_users_get(&topics->users, who);
    if (!user)
        return -ENOMEM;
    node = place(topics, prefix, size);
    if (!node)
        goto fail_user;
    entry = tni_topic_node_find(node, user);
    if (entry) {
        if (entry->count < UINT32_MAX)
            entry->count++;
        return 2;
    }
    if (tni_topic_node_enter(node, user) != 0)
        goto fail_user;
    if (node->entered == TNI_TOPIC_MANY)
        return 0;
    topics->count++;
    return 1;

fail_user:
    tni_topic_users_tidy(&topics->users, user);
    return -ENOMEM;
}

/* Joins a node that stands for nothing to its only child. Without memory it stays, which is harmless. */
static void merge(struct tni_topic_node *node)
{
    struct tni_topic_node *child =
        tni_topic_node_prepend(node->children->nodes[0], node->label, node->label_size);

    if (!child)
        return;
    tni_topic_node_replace_child(node->parent, child);
    tni_topic_node_free(node);
}

/* After a node has lost its last entry. */
static void prune(struct tn_topics *topics, struct tni_topic_node *node)
{
    topics->count--;
    while (node->parent && !node->entered && tni_topic_node_child_count(node) == 0) {
        struct tni_topic_node *parent = node->parent;

        tni_topic_node_remove_child(parent, node);
        tni_topic_node_free(node);
        node = parent;
    }
    if (node->parent && !node->entered && tni_topic_node_child_count(node) == 1)
        merge(node);
}

int tni_topics_remove(struct tn_topics *topics, const void *prefix, size_t size, void *who)
{
    struct tni_topic_user *user = tni_topic_users_find(&topics->users, who);
    struct tni_topic_node *node = user ? lookup(topics, prefix, size) : NULL;
    struct tni_topic_entry *entry = node ? tni_topic_node_find(node, user) : NULL;

    topics->longest = NULL;
    if (!entry)
        return -ENOENT;
    if (--entry->count > 0)
        return 0;
    tni_topic_node_leave(node, entry);
    tni_topic_users_tidy(&topics->users, user);
    if (node->entered)
        return 0;
    prune(topics, node);
    return 1;
}

/* ------------------------------------------------------------------ match */

/* The next node on the way of `data`, from `*io_at` on; NULL: there is none. */
static inline struct tni_topic_node *step(const struct tni_topic_node *node, const uint8_t *data,
                                          size_t size, size_t *io_at)
{
    size_t at = *io_at;
    struct tni_topic_node *child;

    if (at == size)
        return NULL;
    child = tni_topic_node_child(node, data[at]);
    if (!child || size - at < child->label_size ||
        memcmp(child->label, data + at, child->label_size) != 0)
        return NULL;
    *io_at = at + child->label_size;
    return child;
}

void tni_topics_match(struct tn_topics *topics, const void *data, size_t size,
                      void (*visit)(void *who, void *arg), void *arg)
{
    struct tni_topic_node *node;
    size_t at = 0;

    topics->visit++;
    topics->longest = topics->root;
    for (node = topics->root; node; node = step(node, data, size, &at)) {
        struct tni_topic_entry *entries = tni_topic_node_entries(node);
        uint32_t count = tni_topic_node_entry_count(node);

        if (count)
            topics->longest = node;
        for (uint32_t i = 0; i < count; i++) {
            struct tni_topic_user *user = entries[i].user;

            if (user->visit == topics->visit)
                continue;
            user->visit = topics->visit;
            visit(user->who, arg);
        }
    }
}

/* All that matches lies on the way to the longest prefix. */
int tni_topics_again(struct tn_topics *topics, const void *data, size_t size)
{
    const struct tni_topic_node *node, *longest = topics->root, *before = topics->longest;
    size_t at = 0;

    for (node = topics->root; node; node = step(node, data, size, &at)) {
        if (node->entered)
            longest = node;
    }
    topics->longest = longest;
    return longest == before;
}

int tni_topics_has_match(struct tn_topics *topics, const void *data, size_t size)
{
    const struct tni_topic_node *node;
    size_t at = 0;

    for (node = topics->root; node; node = step(node, data, size, &at)) {
        if (node->entered)
            return 1;
    }
    return 0;
}

/* ------------------------------------------------------------------ all of them */

/* Writes the prefix of a node into the scratch memory and returns its size. */
static size_t spell(struct tn_topics *topics, const struct tni_topic_node *node)
{
    const struct tni_topic_node *up;
    size_t size = 0, at;

    for (up = node; up->parent; up = up->parent)
        size += up->label_size;
    at = size;
    for (up = node; up->parent; up = up->parent) {
        at -= up->label_size;
        memcpy(topics->scratch + at, up->label, up->label_size);
    }
    return size;
}

void tni_topics_forget(struct tn_topics *topics, void *who,
                       void (*removed)(const uint8_t *prefix, size_t size, int is_last, void *arg),
                       void *arg)
{
    struct tni_topic_user *user = tni_topic_users_find(&topics->users, who);

    topics->longest = NULL;
    if (!user)
        return;
    while (user->count) {
        struct tni_topic_node *node = user->nodes[user->count - 1];

        tni_topic_node_leave(node, tni_topic_node_find(node, user));
        if (removed) {
            size_t size = spell(topics, node);

            removed(topics->scratch, size, !node->entered, arg);
        }
        if (!node->entered)
            prune(topics, node);
    }
    tni_topic_users_tidy(&topics->users, user);
}

static uint32_t subscriptions_of(struct tni_topic_node *node)
{
    struct tni_topic_entry *entries = tni_topic_node_entries(node);
    uint32_t count = tni_topic_node_entry_count(node);
    uint64_t total = 0;

    for (uint32_t i = 0; i < count; i++)
        total += entries[i].count;
    return total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}

/* The next node of a walk in which a node comes before its children; `*io_size` is the size of its
 * parent's prefix. */
static struct tni_topic_node *walk(struct tni_topic_node *node, size_t *io_size)
{
    if (tni_topic_node_child_count(node)) {
        *io_size += node->label_size;
        return node->children->nodes[0];
    }
    while (node->parent) {
        struct tni_topic_node *next = tni_topic_node_next_child(node->parent, node);

        if (next)
            return next;
        node = node->parent;
        *io_size -= node->label_size;
    }
    return NULL;
}

int tni_topics_each(struct tn_topics *topics,
                    int (*visit)(const uint8_t *prefix, size_t size, uint32_t count, void *arg),
                    void *arg)
{
    struct tni_topic_node *node;
    size_t size = 0;

    for (node = topics->root; node; node = walk(node, &size)) {
        int rc;

        if (node->label_size)
            memcpy(topics->scratch + size, node->label, node->label_size);
        if (!node->entered)
            continue;
        rc = visit(topics->scratch, size + node->label_size, subscriptions_of(node), arg);
        if (rc)
            return rc;
    }
    return 0;
}

size_t tni_topics_count(struct tn_topics *topics)
{
    return topics->count;
}
