#include "socket/ctx_options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "module/inspect.h"
#include "module/registry.h"
#include "options/value.h"
#include "socket/ctx.h"

struct row {
    tn_option_desc_t desc;
    bool is_long;
    size_t offset;
};

#define ROW_INT(field, place, min, max, def, unit, help)                                           \
    {                                                                                              \
        TN_OPTION_INT_DESC(field, unit, min, max, def, help), false,                               \
            offsetof(struct tn_ctx, place)                                                         \
    }

static const struct row rows[] = {
    ROW_INT("io_threads", io_threads, 0, TNI_IO_THREADS_MAX, 1, "threads",
            "I/O threads, 0: the program drives its connections itself"),
    ROW_INT("max_sockets", max_sockets, 1, TNI_SOCKETS_MAX, TNI_SOCKETS_MAX, "sockets",
            "most sockets at one time"),
    ROW_INT("max_connections", max_connections, 0, INT_MAX, 0, "connections",
            "most accepted at one time, one more is closed, 0: all but 64 of the descriptors"),
    {TN_OPTION_INT_DESC("max_memory", "bytes", 0, INT64_MAX, 0,
                        "of messages in the process; peers that have most are not read until they "
                        "are fewer, 0: no limit"),
     true, offsetof(struct tn_ctx, max_memory)},
    ROW_INT("thread_sched_policy", thread_params.policy, -1, INT_MAX, -1, "",
            "SCHED_... of the I/O threads, -1: as the thread that starts them"),
    ROW_INT("thread_priority", thread_params.priority, -1, INT_MAX, -1, "",
            "their priority in it, -1: likewise"),
};

enum { ROWS = sizeof rows / sizeof rows[0], VALUE_TEXT = 512, NAME_TEXT = 64 };

static const char socket_prefix[] = "socket.";
static const char context_prefix[] = "context.";

const tn_option_desc_t *tni_ctx_options_at(size_t index)
{
    return index < ROWS ? &rows[index].desc : NULL;
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].desc.name, name) == 0)
            return &rows[i];
    return NULL;
}

/* What comes after the prefix; NULL: it begins otherwise. */
static const char *after(const char *name, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(name, prefix, size) == 0 ? name + size : NULL;
}

static int unknown(const char *name)
{
    const char *names[ROWS + 5] = {"allow_load", "plugins_d", "modules", "thread_name",
                                   "thread_cpus"};
    const char *nearest;
    size_t count = 5;

    for (size_t i = 0; i < ROWS; i++)
        names[count++] = rows[i].desc.name;
    nearest = tni_nearest(name, names, count);
    return tni_fail(-TN_ENOOPTION,
                    "a context has no option '%s'%s%s%s; `tenon info context` lists "
                    "them",
                    name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'?" : "");
}

static void store(struct tn_ctx *ctx, const struct row *row, int64_t value)
{
    void *place = (char *)ctx + row->offset;

    if (row->is_long)
        *(int64_t *)place = value;
    else
        *(int *)place = (int)value;
}

static int64_t fetch(const struct tn_ctx *ctx, const struct row *row)
{
    const void *place = (const char *)ctx + row->offset;

    return row->is_long ? *(const int64_t *)place : *(const int *)place;
}

void tni_ctx_options_init(struct tn_ctx *ctx)
{
    for (size_t i = 0; i < ROWS; i++)
        store(ctx, &rows[i], rows[i].desc.default_int);
    tni_options_init(&ctx->socket_options);
}

/* ------------------------------------------------------------------ the program's */

int tni_ctx_option_set(struct tn_ctx *ctx, const char *name, int64_t value)
{
    const char *of_socket = after(name, socket_prefix);
    const struct row *row = find_row(name);
    tn_value_t number = tni_value_int(value);

    if (of_socket)
        return tni_options_set(&ctx->socket_options, of_socket, &number);
    if (!row)
        return unknown(name);
    if (value < row->desc.min || value > row->desc.max)
        return tni_fail(-EINVAL,
                        "context option '%s' takes %" PRId64 " to %" PRId64 ", not %" PRId64, name,
                        row->desc.min, row->desc.max, value);
    store(ctx, row, value);
    return 0;
}

int tni_ctx_option_get(const struct tn_ctx *ctx, const char *name, int64_t *out_value)
{
    const char *of_socket = after(name, socket_prefix);
    const struct row *row = find_row(name);
    tn_value_t value;
    int rc;

    if (!of_socket && !row)
        return unknown(name);
    if (row) {
        *out_value = fetch(ctx, row);
        return 0;
    }
    rc = tni_options_get(&ctx->socket_options, of_socket, &value);
    if (rc == 0 && value.type != TN_OPTION_INT && value.type != TN_OPTION_BOOL)
        return tni_fail(-EINVAL, "option '%s' is not a number", of_socket);
    if (rc == 0)
        *out_value = value.number;
    return rc;
}

int tni_ctx_option_set_text(struct tn_ctx *ctx, const char *name, const char *text)
{
    const char *of_socket = after(name, socket_prefix);

    if (!of_socket)
        return unknown(name);
    return tni_options_set_text(&ctx->socket_options, of_socket, text, strlen(text));
}

/* ------------------------------------------------------------------ the manifests' */

static int set_number_text(struct tn_ctx *ctx, const char *name, const char *text)
{
    const struct row *row = find_row(name);
    char storage[VALUE_TEXT];
    tn_value_t value;
    int rc;

    if (!row)
        return unknown(name);
    rc = strlen(text) < sizeof storage
             ? tni_value_parse(&row->desc, text, strlen(text), storage, sizeof storage, &value)
             : tni_fail(-EINVAL, "the value is too long");
    if (rc == 0)
        store(ctx, row, value.number);
    return rc;
}

static int apply(struct tn_ctx *ctx, const struct tni_global *global)
{
    const char *of_context = after(global->name, context_prefix);
    int rc = of_context ? set_number_text(ctx, of_context, global->value)
                        : tni_ctx_option_set_text(ctx, global->name, global->value);

    if (rc == 0 || rc == -ENOMEM)
        return rc;
    return tni_fail_context(-TN_EMODULE, "%s", global->source);
}

int tni_ctx_options_apply(struct tn_ctx *ctx)
{
    struct tni_global global;
    int rc = 0;

    for (size_t i = 0; rc == 0 && tni_registry_global(ctx->registry, i, &global); i++)
        rc = apply(ctx, &global);
    return rc;
}

/* ------------------------------------------------------------------ telling */

/* Where its value comes from: the last manifest that speaks of it, or the program, or nobody. */
static void source_of(struct tn_ctx *ctx, const char *prefix, const char *name, bool is_default,
                      char source[TNI_SOURCE_MAX])
{
    struct tni_global global;
    const char *rest;

    snprintf(source, TNI_SOURCE_MAX, "%s", is_default ? "default" : "the program");
    for (size_t i = 0; tni_registry_global(ctx->registry, i, &global); i++) {
        rest = after(global.name, prefix);
        if (rest && strcmp(rest, name) == 0)
            snprintf(source, TNI_SOURCE_MAX, "%s", global.source);
    }
}

static bool is_same(const tn_value_t *a, const tn_value_t *b)
{
    return a->number == b->number && a->size == b->size &&
           (a->size == 0 || memcmp(a->data, b->data, (size_t)a->size) == 0);
}

static int tell(struct tn_ctx *ctx, const char *prefix, const tn_option_desc_t *desc,
                const tn_value_t *value, int (*visit)(const tn_option_info_t *info, void *arg),
                void *arg)
{
    char source[TNI_SOURCE_MAX];
    tn_value_t usual;

    tni_value_default(desc, &usual);
    source_of(ctx, prefix, desc->name, is_same(&usual, value), source);
    return tni_inspect_tell("core", prefix[0] == 's' ? "socket" : "context", desc, value, source,
                            visit, arg);
}

static int each_of_sockets(struct tn_ctx *ctx,
                           int (*visit)(const tn_option_info_t *info, void *arg), void *arg)
{
    const tn_option_desc_t *desc;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (desc = tni_options_at(i)); i++) {
        tn_option_desc_t told = *desc;
        tn_value_t value;

        told.help = tni_options_help(i);
        if (desc->flags & (TN_OPTION_NO_SET | TN_OPTION_NO_GET))
            tni_value_default(desc, &value);
        else
            rc = tni_options_get(&ctx->socket_options, desc->name, &value);
        if (rc == 0)
            rc = tell(ctx, socket_prefix, &told, &value, visit, arg);
    }
    return rc;
}

int tni_ctx_options_each(struct tn_ctx *ctx, const char *name,
                         int (*visit)(const tn_option_info_t *info, void *arg), void *arg)
{
    int rc = 0;

    if (strcmp(name, "socket") == 0)
        return each_of_sockets(ctx, visit, arg);
    if (strcmp(name, "context") != 0)
        return tni_fail_code(-TN_ENOOPTION);
    for (size_t i = 0; rc == 0 && i < ROWS; i++) {
        tn_value_t value = tni_value_int(fetch(ctx, &rows[i]));
        rc = tell(ctx, context_prefix, &rows[i].desc, &value, visit, arg);
    }
    return rc;
}
