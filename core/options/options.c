#include "options/options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/suggest.h"
#include "options/metadata.h"
#include "options/value.h"

/* Where a value lies in struct tni_options, and as what. */
enum storage { AT_INT, AT_LONG, AT_BOOL, AT_TEXT, AT_STRING, AT_ID, AT_METADATA, AT_SOCKET };

struct row {
    tn_option_desc_t desc;
    enum storage storage;
    size_t offset;
};

#define ROW_INT(field, unit, min, max, def, help)                                                  \
    {                                                                                              \
        TN_OPTION_INT_DESC(#field, unit, min, max, def, NULL), AT_INT,                             \
            offsetof(struct tni_options, field)                                                    \
    }
#define ROW_LONG(field, unit, min, max, def, help)                                                 \
    {                                                                                              \
        TN_OPTION_INT_DESC(#field, unit, min, max, def, NULL), AT_LONG,                            \
            offsetof(struct tni_options, field)                                                    \
    }
#define ROW_BOOL(field, def, help)                                                                 \
    {                                                                                              \
        TN_OPTION_BOOL_DESC(#field, def, NULL), AT_BOOL, offsetof(struct tni_options, field)       \
    }
#define ROW_ID(field, help)                                                                        \
    {                                                                                              \
        TN_OPTION_BLOB_DESC(#field, TNI_ID_MAX, NULL), AT_ID, offsetof(struct tni_options, field)  \
    }
#define ROW_TEXT(field, max, def, help)                                                            \
    {                                                                                              \
        TN_OPTION_STR_DESC(#field, max, def, NULL), AT_TEXT, offsetof(struct tni_options, field)   \
    }
#define ROW_STRING(field, max, help)                                                               \
    {                                                                                              \
        TN_OPTION_STR_DESC(#field, max, "", NULL), AT_STRING, offsetof(struct tni_options, field)  \
    }
#define ROW_METADATA(name, help)                                                                   \
    {                                                                                              \
        {sizeof(tn_option_desc_t),                                                                 \
         TN_OPTION_STR,                                                                            \
         TN_OPTION_NO_GET,                                                                         \
         name,                                                                                     \
         "",                                                                                       \
         NULL,                                                                                     \
         0,                                                                                        \
         TNI_METADATA_MAX,                                                                         \
         0,                                                                                        \
         NULL},                                                                                    \
            AT_METADATA, 0                                                                         \
    }
#define ROW_READ_ONLY(name, type, help)                                                            \
    {                                                                                              \
        {sizeof(tn_option_desc_t), type, TN_OPTION_NO_SET, name, "", NULL, 0, INT_MAX, 0, NULL},   \
            AT_SOCKET, 0                                                                           \
    }

static const struct row rows[] = {
#include "options/list.h"
};

enum { ROWS = sizeof rows / sizeof rows[0], NAMES_MAX = 256 };

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; name && i < ROWS; i++) {
        if (strcmp(rows[i].desc.name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const tn_option_desc_t *tni_options_find(const char *name)
{
    const struct row *row = find_row(name);

    return row ? &row->desc : NULL;
}

const tn_option_desc_t *tni_options_at(size_t index)
{
    return index < ROWS ? &rows[index].desc : NULL;
}

int tni_options_unknown(const char *name, const tn_option_desc_t *table)
{
    const char *names[NAMES_MAX];
    const char *nearest;
    size_t count = 0;

    if (!name)
        return tni_fail(-TN_ENOOPTION, "the name of the option is NULL");
    for (; table && table->name && count < NAMES_MAX - ROWS; table++)
        names[count++] = table->name;
    for (size_t i = 0; i < ROWS; i++)
        names[count++] = rows[i].desc.name;
    nearest = tni_nearest(name, names, count);
    if (nearest)
        return tni_fail(-TN_ENOOPTION, "no option \"%s\"; did you mean \"%s\"?", name, nearest);
    return tni_fail(-TN_ENOOPTION,
                    "no option \"%s\"; `tenon info socket` lists those of sockets, `tenon info "
                    "NAME` a module's",
                    name);
}

int tni_id_set(struct tni_id *id, const void *bytes, size_t size)
{
    uint8_t *copy = NULL;

    if (size) {
        copy = tni_malloc(size);
        if (!copy)
            return tni_fail(-ENOMEM, "out of memory for a routing id");
        memcpy(copy, bytes, size);
    }
    tni_free(id->bytes);
    id->bytes = copy;
    id->size = (uint8_t)size;
    return 0;
}

void tni_id_clear(struct tni_id *id)
{
    tni_id_set(id, NULL, 0);
}

static void store_text(char *text, const tn_value_t *value)
{
    if (value->size > 0)
        memcpy(text, value->data, (size_t)value->size);
    text[value->size] = '\0';
}

static int store_string(char **string, const char *text, size_t size)
{
    char *copy = NULL;

    if (size) {
        copy = tni_malloc(size + 1);
        if (!copy)
            return tni_fail(-ENOMEM, "out of memory for an option");
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    tni_free(*string);
    *string = copy;
    return 0;
}

/* `value` has been checked against the row. */
static int store(struct tni_options *options, const struct row *row, const tn_value_t *value)
{
    void *place = (char *)options + row->offset;

    switch (row->storage) {
    case AT_INT:
        *(int *)place = (int)value->number;
        return 0;
    case AT_LONG:
        *(int64_t *)place = value->number;
        return 0;
    case AT_BOOL:
        *(bool *)place = value->number != 0;
        return 0;
    case AT_TEXT:
        store_text(place, value);
        return 0;
    case AT_STRING:
        return store_string(place, value->data, (size_t)value->size);
    case AT_ID:
        return tni_id_set(place, value->data, (size_t)value->size);
    case AT_METADATA:
        return tni_metadata_add(&options->metadata, &options->metadata_size, value->data,
                                (size_t)value->size);
    case AT_SOCKET:
        break;
    }
    return -ENOTSUP;
}

void tni_options_init(struct tni_options *options)
{
    memset(options, 0, sizeof *options);
    for (size_t i = 0; i < ROWS; i++) {
        tn_value_t value;

        if (rows[i].storage == AT_METADATA)
            continue;
        tni_value_default(&rows[i].desc, &value);
        store(options, &rows[i], &value);
    }
}

void tni_options_fini(struct tni_options *options)
{
    tni_free(options->metadata);
    options->metadata = NULL;
    options->metadata_size = 0;
    store_string(&options->zap_domain, NULL, 0);
    tni_id_clear(&options->routing_id);
    tni_id_clear(&options->connect_routing_id);
}

int tni_options_copy(struct tni_options *to, const struct tni_options *from)
{
    const struct tni_id nothing = {.bytes = NULL};

    *to = *from;
    to->metadata = NULL;
    to->zap_domain = NULL;
    to->routing_id = to->connect_routing_id = nothing;
    if (from->metadata) {
        to->metadata = tni_malloc(from->metadata_size);
        if (!to->metadata)
            goto fail;
        memcpy(to->metadata, from->metadata, from->metadata_size);
    }
    if (from->zap_domain &&
        store_string(&to->zap_domain, from->zap_domain, strlen(from->zap_domain)) < 0)
        goto fail;
    if (tni_id_set(&to->routing_id, from->routing_id.bytes, from->routing_id.size) < 0 ||
        tni_id_set(&to->connect_routing_id, from->connect_routing_id.bytes,
                   from->connect_routing_id.size) < 0)
        goto fail;
    return 0;

fail:
    tni_options_fini(to);
    tni_options_init(to);
    return tni_fail(-ENOMEM, "no memory for a copy of the socket's options");
}

static int check(const struct row *row, const tn_value_t *value)
{
    if (row->desc.flags & TN_OPTION_NO_SET)
        return tni_fail(-EACCES, "option \"%s\" can only be read", row->desc.name);
    return tni_value_check(&row->desc, value);
}

int tni_options_set(struct tni_options *options, const char *name, const tn_value_t *value)
{
    const struct row *row = find_row(name);
    int status;

    if (!row)
        return tni_options_unknown(name, NULL);
    status = check(row, value);
    return status < 0 ? status : store(options, row, value);
}

int tni_options_set_text(struct tni_options *options, const char *name, const char *text,
                         size_t size)
{
    char storage[TNI_METADATA_MAX + 1];
    const tn_option_desc_t *desc = tni_options_find(name);
    tn_value_t value;
    int status;

    if (!desc)
        return tni_options_unknown(name, NULL);
    if (desc->flags & TN_OPTION_NO_SET)
        return tni_fail(-EACCES, "option \"%s\" can only be read", name);
    status = tni_value_parse(desc, text, size, storage, sizeof storage, &value);
    return status < 0 ? status : tni_options_set(options, name, &value);
}

static int fetch_bytes(uint16_t type, const void *data, size_t size, tn_value_t *out_value)
{
    *out_value = tni_value_bytes(type, data, size);
    return 0;
}

static int fetch_number(uint16_t type, int64_t number, tn_value_t *out_value)
{
    *out_value = (tn_value_t){.type = type, .number = number};
    return 0;
}

int tni_options_get(const struct tni_options *options, const char *name, tn_value_t *out_value)
{
    const struct row *row = find_row(name);
    const void *place;
    const char *text;
    uint16_t type;

    if (!row)
        return tni_options_unknown(name, NULL);
    place = (const char *)options + row->offset;
    type = row->desc.type;
    switch (row->storage) {
    case AT_INT:
        return fetch_number(type, *(const int *)place, out_value);
    case AT_LONG:
        return fetch_number(type, *(const int64_t *)place, out_value);
    case AT_BOOL:
        return fetch_number(type, *(const bool *)place, out_value);
    case AT_TEXT:
        return fetch_bytes(type, place, strlen(place), out_value);
    case AT_STRING:
        text = *(char *const *)place ? *(char *const *)place : "";
        return fetch_bytes(type, text, strlen(text), out_value);
    case AT_ID:
        return fetch_bytes(type, ((const struct tni_id *)place)->bytes,
                           ((const struct tni_id *)place)->size, out_value);
    case AT_METADATA:
        return tni_fail(-EACCES, "option \"%s\" can only be set", name);
    case AT_SOCKET:
        break;
    }
    return tni_fail(-ENOTSUP, "option \"%s\" is known to the socket alone", name);
}
