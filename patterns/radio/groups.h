/*
 * groups.h: a set of groups by their exact names, and for each the pipes that joined it.
 *
 * Owned by a socket's pattern, under the socket's lock. A RADIO keeps what its peers joined, a group as
 * long as it has a member; a DISH keeps what it has joined itself, groups without members. Finding and
 * joining take constant time; leaving takes as long as the shorter of two lists, that of the group's
 * members and that of the pipe's groups.
 */
#ifndef TNI_GROUPS_H
#define TNI_GROUPS_H

#include <tenon/pattern.h>

struct tni_membership {
    struct tni_group *group;
    tn_pipe_t *pipe;
    struct tni_membership *next_member, *prev_member; /* of the group */
    struct tni_membership *next_group, *prev_group; /* of the pipe  */
};

struct tni_group {
    struct tni_group *next; /* in its bucket */
    uint32_t hash;
    size_t size;
    char *name; /* counted by the host */
    struct tni_membership *members;
};

struct tni_groups {
    const tn_host_t *host;
    struct tni_group **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    uint32_t seed; /* peers cannot know which names fall together */
};

/** -ENOMEM. */
int tni_groups_init(struct tni_groups *groups, const tn_host_t *host);
/** Every membership must have ended. */
void tni_groups_fini(struct tni_groups *groups);

/** The group of that name, or NULL. */
struct tni_group *tni_groups_find(const struct tni_groups *groups, const void *name, size_t size);
/** The group of that name, made if need be. NULL: no memory. */
struct tni_group *tni_groups_add(struct tni_groups *groups, const void *name, size_t size);
/** A group without members goes. */
void tni_groups_remove(struct tni_groups *groups, struct tni_group *group);
/** Visits each group until a visit returns non-zero, which it returns. */
int tni_groups_each(const struct tni_groups *groups,
                    int (*visit)(const struct tni_group *group, void *arg), void *arg);

/** Puts a pipe, whose list of memberships begins at `*io_first`, into a group. 1; 0: it was there;
 *  -ENOMEM. */
int tni_groups_join(struct tni_groups *groups, const void *name, size_t size, tn_pipe_t *pipe,
                    struct tni_membership **io_first);
/** 1; 0: it was not there. */
int tni_groups_leave(struct tni_groups *groups, const void *name, size_t size, tn_pipe_t *pipe,
                     struct tni_membership **io_first);
/** Ends every membership of a pipe. Returns how many there were. */
size_t tni_groups_leave_all(struct tni_groups *groups, struct tni_membership **io_first);

#endif
