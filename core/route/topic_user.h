/*
 * topic_user.h: those who ask a topic trie for prefixes.
 *
 * A user lists the nodes it has an entry in, so that it can be forgotten without a walk of the trie,
 * and remembers the last match that visited it. Users are found by their pointer in a hash table.
 * Inside the trie only, under its lock.
 */
#ifndef TNI_TOPIC_USER_H
#define TNI_TOPIC_USER_H

#include <stddef.h>
#include <stdint.h>

struct tni_topic_node;

struct tni_topic_user {
    void *who;
    uint64_t visit; /* number of the last match that visited it */
    struct tni_topic_node **nodes;
    uint32_t count;
    uint32_t capacity;
};

struct tni_topic_users {
    struct tni_topic_user **slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void tni_topic_users_init(struct tni_topic_users *users);
/** Frees the users too. */
void tni_topic_users_fini(struct tni_topic_users *users);

struct tni_topic_user *tni_topic_users_find(const struct tni_topic_users *users, const void *who);
/** Finds or makes one that has room for one more node. NULL: no memory; nothing has changed but that
 *  a user without nodes may be there, see tni_topic_users_tidy. */
struct tni_topic_user *tni_topic_users_get(struct tni_topic_users *users, void *who);
/** Frees the user if it has no nodes. */
void tni_topic_users_tidy(struct tni_topic_users *users, struct tni_topic_user *user);

#endif
