#include "options/store.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct tni_store_entry {
    tn_value_t value; /* data lies in `bytes` */
    const char *name; /* likewise */
    size_t size; /* of all of it: what is let go is overwritten, as it may be a secret */
    char bytes[]; /* name, NUL, data, NUL */
};

static struct tni_store_entry *entry_new(const char *name, const tn_value_t *value)
{
    size_t name_room = strlen(name) + 1;
    size_t size = value->data ? (size_t)value->size : 0;
    size_t whole = sizeof(struct tni_store_entry) + name_room + size + 1;
    struct tni_store_entry *entry = tni_malloc(whole);

    if (!entry)
        return NULL;
    entry->size = whole;
    entry->value = *value;
    entry->name = memcpy(entry->bytes, name, name_room);
    if (value->data) {
        if (size > 0)
            memcpy(entry->bytes + name_room, value->data, size);
        entry->value.data = entry->bytes + name_room;
    }
    entry->bytes[name_room + size] = '\0';
    return entry;
}

static void entry_free(struct tni_store_entry *entry)
{
    tni_free_secret(entry, entry->size);
}

static struct tni_store_entry **find(const struct tni_store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->entries[i]->name, name) == 0)
            return &store->entries[i];
    }
    return NULL;
}

static int reserve(struct tni_store *store)
{
    size_t room = store->room ? 2 * store->room : 8;
    struct tni_store_entry **entries;

    if (store->count < store->room)
        return 0;
    entries = tni_realloc(store->entries, room * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    store->entries = entries;
    store->room = room;
    return 0;
}

void tni_store_init(struct tni_store *store)
{
    *store = (struct tni_store){NULL, 0, 0};
}

void tni_store_fini(struct tni_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        entry_free(store->entries[i]);
    tni_free(store->entries);
    tni_store_init(store);
}

int tni_store_set(struct tni_store *store, const char *name, const tn_value_t *value)
{
    struct tni_store_entry **place = find(store, name);
    struct tni_store_entry *entry = entry_new(name, value);

    if (!entry)
        goto fail_memory;
    if (place) {
        entry_free(*place);
        *place = entry;
        return 0;
    }
    if (reserve(store) < 0)
        goto fail_entry;
    store->entries[store->count++] = entry;
    return 0;

fail_entry:
    entry_free(entry);
fail_memory:
    return tni_fail(-ENOMEM, "no memory to keep option \"%s\"", name);
}

int tni_store_get(const struct tni_store *store, const char *name, tn_value_t *out_value)
{
    struct tni_store_entry **place = find(store, name);

    if (!place)
        return -ENOENT;
    *out_value = (*place)->value;
    return 0;
}

int tni_store_each(const struct tni_store *store,
                   int (*visit)(const char *name, const tn_value_t *value, void *arg), void *arg)
{
    for (size_t i = 0; i < store->count; i++) {
        int status = visit(store->entries[i]->name, &store->entries[i]->value, arg);

        if (status != 0)
            return status;
    }
    return 0;
}

static int copy_entry(const char *name, const tn_value_t *value, void *to)
{
    return tni_store_set(to, name, value);
}

int tni_store_copy(struct tni_store *to, const struct tni_store *from)
{
    int status;

    tni_store_init(to);
    status = tni_store_each(from, copy_entry, to);
    if (status < 0)
        tni_store_fini(to);
    return status;
}
