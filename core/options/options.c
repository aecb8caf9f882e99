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
        TN_OPTION_INT_DESC(#field, unit, min, max, def, help), AT_INT,                             \
            offsetof(struct tni_options, field)                                                    \
    }
#define ROW_LONG(field, unit, min, max, def, help)                                                 \
    {                                                                                              \
        TN_OPTION_INT_DESC(#field, unit, min, max, def, help), AT_LONG,                            \
            offsetof(struct tni_options, field)                                                    \
    }
#define ROW_BOOL(field, help)                                                                      \
    {                                                                                              \
        TN_OPTION_BOOL_DESC(#field, 0, help), AT_BOOL, offsetof(struct tni_options, field)         \
    }
#define ROW_ID(field, help)                                                                        \
    {                                                                                              \
        TN_OPTION_BLOB_DESC(#field, TNI_ID_MAX, help), AT_ID, offsetof(struct tni_options, field)  \
    }
#define ROW_TEXT(field, max, def, help)                                                            \
    {                                                                                              \
        TN_OPTION_STR_DESC(#field, max, def, help), AT_TEXT, offsetof(struct tni_options, field)   \
    }
#define ROW_READ_ONLY(name, type, help)                                                            \
    {                                                                                              \
        {sizeof(tn_option_desc_t), type, TN_OPTION_NO_SET, name, "", help, 0, INT_MAX, 0, NULL},   \
            AT_SOCKET, 0                                                                           \
    }

static const struct row rows[] = {
    ROW_INT(sndhwm, "messages", 0, INT_MAX, 1000, "most messages queued for one peer, 0: no limit"),
    ROW_INT(rcvhwm, "messages", 0, INT_MAX, 1000, "most messages of one peer unread, 0: no limit"),
    ROW_INT(sndtimeo, "ms", -1, INT_MAX, -1, "longest wait in a send, -1: for ever"),
    ROW_INT(rcvtimeo, "ms", -1, INT_MAX, -1, "longest wait in a receive, -1: for ever"),
    ROW_INT(linger, "ms", -1, INT_MAX, -1,
            "how long to go on sending after the close, -1: until all is sent"),
    ROW_LONG(maxmsgsize, "bytes", -1, INT64_MAX, 64 * 1024 * 1024,
             "a longer frame closes the connection, -1: no limit"),
    ROW_INT(max_parts, "frames", 0, INT_MAX, 65536,
            "a message of more frames closes the connection, 0: no limit"),
    ROW_LONG(max_message_bytes, "bytes", -1, INT64_MAX, 0,
             "several frames of one message with more in all close the connection, 0: 16 times "
             "maxmsgsize, -1: no limit"),
    ROW_BOOL(conflate, "keep only the newest message, set before the first bind or connect"),
    ROW_BOOL(immediate, "queue only for peers that are connected"),
    ROW_INT(reconnect_ivl, "ms", -1, INT_MAX, 100,
            "wait before a new attempt, -1 or 0: no attempt"),
    ROW_INT(reconnect_ivl_max, "ms", 0, INT_MAX, 0, "longest wait of the back-off, 0: no back-off"),
    ROW_INT(
        reconnect_stop, "", 0, 7, 0,
        "no new attempt: 1 when refused, 2 after a failed handshake, 4 after a disconnect; a sum"),
    ROW_INT(connect_timeout, "ms", 0, INT_MAX, 0, "longest connect, 0: the system's"),
    ROW_INT(handshake_ivl, "ms", 0, INT_MAX, 5000, "longest handshake, 0: no limit"),
    ROW_INT(max_half_open, "peers", 0, INT_MAX, 1024,
            "peers of one bind in their handshake, one more is closed, 0: no limit"),
    ROW_INT(max_half_open_per_address, "peers", 0, INT_MAX, 64,
            "those of them that have one IP address, 0: no limit"),
    ROW_INT(max_connections_per_address, "peers", 0, INT_MAX, 1024,
            "peers of one bind that have one IP address, one more is closed, 0: no limit"),
    ROW_INT(stall_timeout, "ms", 0, INT_MAX, 10000,
            "a peer that takes nothing of what is to be sent for so long is closed, 0: no limit"),
    ROW_INT(max_pings, "per second", 0, INT_MAX, 10000,
            "heartbeats of one peer within a second, one more closes the connection, 0: no limit"),
    ROW_INT(max_subscriptions, "", 0, INT_MAX, 65536,
            "subscriptions, or groups, of one peer, one more closes the connection, 0: no limit"),
    ROW_LONG(max_subscription_bytes, "bytes", 0, INT64_MAX, 16 * 1024 * 1024,
             "all their prefixes, or names, 0: no limit"),
    ROW_INT(heartbeat_ivl, "ms", 0, INT_MAX, 0, "time between heartbeats, 0: none"),
    ROW_INT(heartbeat_ttl, "ms", 0, 6553599, 0,
            "silence after which the peer may give us up, in steps of 100, 0: not said"),
    ROW_INT(heartbeat_timeout, "ms", -1, INT_MAX, -1,
            "silence after a heartbeat that ends the connection, -1: as heartbeat_ivl"),
    ROW_ID(routing_id, "name under which ROUTER peers know this socket"),
    ROW_ID(connect_routing_id, "name of the peer of the next connect (ROUTER)"),
    {{sizeof(tn_option_desc_t), TN_OPTION_STR, TN_OPTION_NO_GET, "metadata", "",
      "adds the property \"X-name:value\" to what peers are told", 0, TNI_METADATA_MAX, 0, NULL},
     AT_METADATA,
     0},
    ROW_BOOL(ipv6, "IPv6 addresses beside IPv4 ones"),
    ROW_INT(backlog, "connections", 0, INT_MAX, 100, "connections that wait to be accepted"),
    ROW_INT(sndbuf, "bytes", -1, INT_MAX, -1, "the system's send buffer, -1: its default"),
    ROW_INT(rcvbuf, "bytes", -1, INT_MAX, -1, "the system's receive buffer, -1: its default"),
    ROW_INT(in_batch_size, "bytes", 0, INT_MAX, 0, "most read by one system call, 0: our choice"),
    ROW_INT(out_batch_size, "bytes", 0, INT_MAX, 0,
            "most written by one system call, 0: our choice"),
    ROW_INT(use_fd, "", -1, INT_MAX, -1,
            "descriptor that listens already, for the next bind to take over, -1: none"),
    ROW_INT(busy_poll, "us", 0, INT_MAX, 0, "time to wait actively in the kernel (SO_BUSY_POLL)"),
    ROW_INT(tos, "", 0, 255, 0, "type of service of IP packets"),
    ROW_INT(priority, "", 0, INT_MAX, 0, "priority of packets (SO_PRIORITY), 0: the system's"),
    ROW_TEXT(bindtodevice, TNI_DEVICE_MAX, "", "network interface to use alone"),
    ROW_TEXT(mechanism, TNI_FEATURE_MAX, "null", "security mechanism of later binds and connects"),
    ROW_TEXT(authenticator, TNI_FEATURE_MAX, "zap",
             "who is asked whether a peer may in, none: nobody; docs/security.md says when"),
    {TN_OPTION_STR_DESC("zap_domain", TNI_DOMAIN_MAX, "",
                        "rules by which authenticators judge peers"),
     AT_STRING, offsetof(struct tni_options, zap_domain)},
    {TN_OPTION_BOOL_DESC("zap_enforce_domain", 1,
                         "refuse peers when a zap_domain is set and nobody is there to ask"),
     AT_BOOL, offsetof(struct tni_options, zap_enforce_domain)},
    ROW_LONG(affinity, "bits", INT64_MIN, INT64_MAX, 0,
             "I/O threads that may serve later endpoints, bit 0 is the first, 0: any"),
    ROW_INT(
        spin_us, "us", 0, TNI_SPIN_MAX_US, 0,
        "how long a wait asks again and again before it sleeps, while that pays; 0: not at all"),
    {TN_OPTION_BOOL_DESC("claim_parts", 1,
                         "a message sent or received frame by frame belongs to the thread that "
                         "began it"),
     AT_BOOL, offsetof(struct tni_options, claim_parts)},
    ROW_READ_ONLY("type", TN_OPTION_STR, "the pattern"),
    ROW_READ_ONLY("events", TN_OPTION_INT, "what would not block: 1 receive, 2 send"),
    ROW_READ_ONLY("rcvmore", TN_OPTION_BOOL, "whether the frame received last has a successor"),
    ROW_READ_ONLY("last_endpoint", TN_OPTION_STR, "the last bind or connect, wildcards filled in"),
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
