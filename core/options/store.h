/*
 * store.h: values of module options that were set on a socket, by name ("tcp.keepalive").
 *
 * A socket has one, under its lock; an endpoint takes a copy when it is made. It neither knows nor
 * checks the options: the caller does, against the module's table.
 */
#ifndef TNI_STORE_H
#define TNI_STORE_H

#include <stddef.h>

#include <tenon/module.h>

struct tni_store_entry;

struct tni_store {
    struct tni_store_entry **entries;
    size_t count;
    size_t room;
};

void tni_store_init(struct tni_store *store);
void tni_store_fini(struct tni_store *store);

/** Copies `value` in place of what the name had. -ENOMEM: nothing has changed. */
int tni_store_set(struct tni_store *store, const char *name, const tn_value_t *value);

/** `out_value` borrows until the name is set again. -ENOENT: it was not set. */
int tni_store_get(const struct tni_store *store, const char *name, tn_value_t *out_value);

/** Calls `visit` for each entry, in the order of first setting, until it returns non-zero, which is
 *  then returned. */
int tni_store_each(const struct tni_store *store,
                   int (*visit)(const char *name, const tn_value_t *value, void *arg), void *arg);

/** Makes `to` (not initialised) a copy. -ENOMEM: `to` is empty. */
int tni_store_copy(struct tni_store *to, const struct tni_store *from);

#endif
