/*
 * list.h: option values that are lists, "a,b,c", item by item.
 *
 * Pure. Private to the modules of this folder. Blanks around an item do not belong to it.
 */
#ifndef TENON_TRANSPORTS_LIST_H
#define TENON_TRANSPORTS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/** The next item of the list that goes on at `*io_at`; false after the last. It may be empty. */
static inline bool sock_list_next(const char **io_at, const char **out_item, size_t *out_size)
{
    const char *at = *io_at;
    size_t size;

    if (!at)
        return false;
    size = strcspn(at, ",");
    *io_at = at[size] ? at + size + 1 : NULL;
    while (size > 0 && *at == ' ') {
        at++;
        size--;
    }
    while (size > 0 && at[size - 1] == ' ')
        size--;
    *out_item = at;
    *out_size = size;
    return true;
}

static inline size_t sock_list_count(const char *text)
{
    size_t count = 1;

    for (; *text; text++)
        count += *text == ',';
    return count;
}

#endif
