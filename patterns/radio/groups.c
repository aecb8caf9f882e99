#include "groups.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { FIRST_BUCKETS = 16 };

/* FNV-1a. */
static uint32_t hash_of(const struct tni_groups *groups, const uint8_t *name, size_t size)
{
    uint32_t hash = 2166136261u ^ groups->seed;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ name[i]) * 16777619u;
    return hash;
}

int tni_groups_init(struct tni_groups *groups, const tn_host_t *host)
{
    groups->host = host;
    groups->count = 0;
    groups->seed = host->random();
    groups->bucket_count = FIRST_BUCKETS;
    groups->buckets = host->alloc(FIRST_BUCKETS * sizeof(*groups->buckets));
    return groups->buckets ? 0 : -ENOMEM;
}

void tni_groups_fini(struct tni_groups *groups)
{
    for (size_t i = 0; groups->buckets && i < groups->bucket_count; i++)
        while (groups->buckets[i])
            tni_groups_remove(groups, groups->buckets[i]);
    groups->host->free(groups->buckets);
    groups->buckets = NULL;
}

static struct tni_group **bucket_of(const struct tni_groups *groups, uint32_t hash)
{
    return &groups->buckets[hash & (groups->bucket_count - 1)];
}

static struct tni_group *find_hashed(const struct tni_groups *groups, uint32_t hash,
                                     const void *name, size_t size)
{
    struct tni_group *group = *bucket_of(groups, hash);

    while (group && (group->hash != hash || group->size != size ||
                     (size && memcmp(group->name, name, size) != 0)))
        group = group->next;
    return group;
}

struct tni_group *tni_groups_find(const struct tni_groups *groups, const void *name, size_t size)
{
    return find_hashed(groups, hash_of(groups, name, size), name, size);
}

/* Without memory for more buckets the lists grow longer. */
static void spread(struct tni_groups *groups)
{
    struct tni_groups wider = *groups;

    if (groups->count < groups->bucket_count)
        return;
    wider.bucket_count *= 2;
    wider.buckets = groups->host->alloc(wider.bucket_count * sizeof(*wider.buckets));
    if (!wider.buckets)
        return;
    for (size_t i = 0; i < groups->bucket_count; i++) {
        struct tni_group *group = groups->buckets[i];

        while (group) {
            struct tni_group *next = group->next;
            struct tni_group **bucket = bucket_of(&wider, group->hash);

            group->next = *bucket;
            *bucket = group;
            group = next;
        }
    }
    groups->host->free(groups->buckets);
    *groups = wider;
}

struct tni_group *tni_groups_add(struct tni_groups *groups, const void *name, size_t size)
{
    uint32_t hash = hash_of(groups, name, size);
    struct tni_group *group = find_hashed(groups, hash, name, size);
    struct tni_group **bucket;

    if (group)
        return group;
    group = groups->host->alloc(sizeof(*group));
    if (!group)
        return NULL;
    group->name = groups->host->group_new(name, size);
    if (!group->name) {
        groups->host->free(group);
        return NULL;
    }
    spread(groups);
    group->hash = hash;
    group->size = size;
    bucket = bucket_of(groups, hash);
    group->next = *bucket;
    *bucket = group;
    groups->count++;
    return group;
}

void tni_groups_remove(struct tni_groups *groups, struct tni_group *group)
{
    struct tni_group **place = bucket_of(groups, group->hash);

    while (*place != group)
        place = &(*place)->next;
    *place = group->next;
    groups->count--;
    groups->host->group_free(group->name);
    groups->host->free(group);
}

int tni_groups_each(const struct tni_groups *groups,
                    int (*visit)(const struct tni_group *group, void *arg), void *arg)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < groups->bucket_count; i++)
        for (struct tni_group *group = groups->buckets[i]; rc == 0 && group; group = group->next)
            rc = visit(group, arg);
    return rc;
}

/* ------------------------------------------------------------------ members */

/* Along both lists at once, so that neither a crowded group nor a busy peer makes it long. */
static struct tni_membership *find_member(const struct tni_group *group, const tn_pipe_t *pipe,
                                          struct tni_membership *first)
{
    struct tni_membership *member = group->members, *own = first;

    while (member && own) {
        if (member->pipe == pipe)
            return member;
        if (own->group == group)
            return own;
        member = member->next_member;
        own = own->next_group;
    }
    return NULL;
}

static void end(struct tni_groups *groups, struct tni_membership *item,
                struct tni_membership **io_first)
{
    struct tni_group *group = item->group;

    if (item->prev_member)
        item->prev_member->next_member = item->next_member;
    else
        group->members = item->next_member;
    if (item->next_member)
        item->next_member->prev_member = item->prev_member;
    if (item->prev_group)
        item->prev_group->next_group = item->next_group;
    else
        *io_first = item->next_group;
    if (item->next_group)
        item->next_group->prev_group = item->prev_group;
    groups->host->free(item);
    if (!group->members)
        tni_groups_remove(groups, group);
}

static void begin(struct tni_group *group, struct tni_membership *item, tn_pipe_t *pipe,
                  struct tni_membership **io_first)
{
    item->group = group;
    item->pipe = pipe;
    item->next_member = group->members;
    if (item->next_member)
        item->next_member->prev_member = item;
    group->members = item;
    item->next_group = *io_first;
    if (item->next_group)
        item->next_group->prev_group = item;
    *io_first = item;
}

int tni_groups_join(struct tni_groups *groups, const void *name, size_t size, tn_pipe_t *pipe,
                    struct tni_membership **io_first)
{
    struct tni_group *group = tni_groups_add(groups, name, size);
    struct tni_membership *item;

    if (!group)
        return -ENOMEM;
    if (find_member(group, pipe, *io_first))
        return 0;
    item = groups->host->alloc(sizeof(*item));
    if (item)
        begin(group, item, pipe, io_first);
    else if (!group->members)
        tni_groups_remove(groups, group);
    return item ? 1 : -ENOMEM;
}

int tni_groups_leave(struct tni_groups *groups, const void *name, size_t size, tn_pipe_t *pipe,
                     struct tni_membership **io_first)
{
    struct tni_group *group = tni_groups_find(groups, name, size);
    struct tni_membership *item = group ? find_member(group, pipe, *io_first) : NULL;

    if (!item)
        return 0;
    end(groups, item, io_first);
    return 1;
}

size_t tni_groups_leave_all(struct tni_groups *groups, struct tni_membership **io_first)
{
    size_t count = 0;

    for (; *io_first; count++)
        end(groups, *io_first, io_first);
    return count;
}
