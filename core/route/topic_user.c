#include "route/topic_user.h"

#include "base/memory.h"

void tni_topic_users_init(struct tni_topic_users *users)
{
    users->slots = NULL;
    users->capacity = 0;
    users->count = 0;
}

static void free_user(struct tni_topic_user *user)
{
    tni_free(user->nodes);
    tni_free(user);
}

void tni_topic_users_fini(struct tni_topic_users *users)
{
    size_t i;

    for (i = 0; i < users->capacity; i++) {
        if (users->slots[i])
            free_user(users->slots[i]);
    }
    tni_free(users->slots);
    tni_topic_users_init(users);
}

/* Pointers differ in their middle bits. */
static size_t home_of(const struct tni_topic_users *users, const void *who)
{
    uint64_t hash = ((uint64_t)(uintptr_t)who >> 4) * 0x9e3779b97f4a7c15u;

    return (size_t)(hash >> 32) & (users->capacity - 1);
}

/* The slot that holds `who`, or the free one where it belongs. */
static size_t slot_of(const struct tni_topic_users *users, const void *who)
{
    size_t at = home_of(users, who);

    while (users->slots[at] && users->slots[at]->who != who)
        at = (at + 1) & (users->capacity - 1);
    return at;
}

struct tni_topic_user *tni_topic_users_find(const struct tni_topic_users *users, const void *who)
{
    return users->capacity ? users->slots[slot_of(users, who)] : NULL;
}

/* At most three quarters full, so that probes stay short and always end. */
static int make_room(struct tni_topic_users *users)
{
    struct tni_topic_users larger;
    size_t i;

    if (users->count + 1 <= users->capacity / 4 * 3)
        return 0;
    larger.capacity = users->capacity ? users->capacity * 2 : 4;
    larger.count = users->count;
    larger.slots = tni_calloc(larger.capacity, sizeof(struct tni_topic_user *));
    if (!larger.slots)
        return -1;
    for (i = 0; i < users->capacity; i++) {
        if (users->slots[i])
            larger.slots[slot_of(&larger, users->slots[i]->who)] = users->slots[i];
    }
    tni_free(users->slots);
    *users = larger;
    return 0;
}

static struct tni_topic_user *add_user(struct tni_topic_users *users, void *who)
{
    struct tni_topic_user *user;

    if (make_room(users) != 0)
        return NULL;
    user = tni_calloc(1, sizeof(*user));
    if (!user)
        return NULL;
    user->who = who;
    users->slots[slot_of(users, who)] = user;
    users->count++;
    return user;
}

struct tni_topic_user *tni_topic_users_get(struct tni_topic_users *users, void *who)
{
    struct tni_topic_user *user = tni_topic_users_find(users, who);
    struct tni_topic_node **nodes;
    uint32_t capacity;

    if (!user)
        user = add_user(users, who);
    if (!user || user->count < user->capacity)
        return user;
    capacity = user->capacity < 4 ? user->capacity + 1 : user->capacity + user->capacity / 2;
    nodes = tni_realloc(user->nodes, capacity * sizeof(struct tni_topic_node *));
    if (!nodes) {
        tni_topic_users_tidy(users, user);
        return NULL;
    }
    user->nodes = nodes;
    user->capacity = capacity;
    return user;
}

/* Closes the gap that a removal leaves in a run of occupied slots. */
static void close_gap(struct tni_topic_users *users, size_t gap)
{
    size_t mask = users->capacity - 1;
    size_t at = gap;

    for (;;) {
        size_t home;

        at = (at + 1) & mask;
        if (!users->slots[at])
            break;
        home = home_of(users, users->slots[at]->who);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            users->slots[gap] = users->slots[at];
            gap = at;
        }
    }
    users->slots[gap] = NULL;
}

void tni_topic_users_tidy(struct tni_topic_users *users, struct tni_topic_user *user)
{
    if (user->count > 0)
        return;
    close_gap(users, slot_of(users, user->who));
    users->count--;
    free_user(user);
}
