#include "message/peer_info.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "message/properties.h"

/* RFC 37: property = length octet, name, 4 octets of value length (network order), value. */
struct reader {
    const uint8_t *at;
    size_t left;
};

struct raw {
    const uint8_t *name, *value;
    size_t name_size, value_size;
};

/* 1: one more; 0: the end; -EPROTO. */
static int next_property(struct reader *reader, struct raw *out_raw)
{
    const uint8_t *length;

    if (reader->left == 0)
        return 0;
    out_raw->name_size = reader->at[0];
    if (out_raw->name_size == 0 || reader->left < 1 + out_raw->name_size + 4)
        return -EPROTO;
    out_raw->name = reader->at + 1;
    length = out_raw->name + out_raw->name_size;
    out_raw->value = length + 4;
    out_raw->value_size = (size_t)length[0] << 24 | (size_t)length[1] << 16 |
                          (size_t)length[2] << 8 | (size_t)length[3];
    reader->left -= 1 + out_raw->name_size + 4;
    if (out_raw->value_size > reader->left)
        return -EPROTO;
    reader->left -= out_raw->value_size;
    reader->at = out_raw->value + out_raw->value_size;
    return 1;
}

static bool is_name(const struct raw *raw, const char *name)
{
    return raw->name_size == strlen(name) &&
           strncasecmp((const char *)raw->name, name, raw->name_size) == 0;
}

/* Names that our side gives: those below, and those of layers, as "TLS-Subject". */
static bool is_ours(const struct raw *raw)
{
    static const char *const names[] = {"User-Id",       "Peer-Address", "Peer-Host",
                                        "Local-Address", "Mechanism",    "Routing-Id"};
    size_t capitals = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_name(raw, names[i]))
            return true;
    }
    while (capitals < raw->name_size && isalnum(raw->name[capitals]) &&
           !islower(raw->name[capitals]))
        capitals++;
    return capitals > 1 && capitals < raw->name_size && raw->name[capitals] == '-';
}

/* RFC 23: X- is the application's, the other names are the protocol's. Unknown ones are kept where
 * nobody proves who he is, so that none can be taken for what an authenticator has said. */
static bool may_announce(const struct tni_peer_pieces *pieces, const struct raw *raw)
{
    if ((raw->name_size > 2 && strncasecmp((const char *)raw->name, "X-", 2) == 0) ||
        is_name(raw, "Socket-Type") || is_name(raw, "Identity") || is_name(raw, "Resource"))
        return true;
    return pieces->keeps_unknown && !is_ours(raw);
}

static size_t text_room(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* The host in "tcp://127.0.0.1:80" or "tcp://[::1]:80"; NULL: it is written otherwise. */
static const char *find_host(const char *address, size_t *out_size)
{
    const char *start = address ? strstr(address, "://") : NULL;
    const char *end = start ? strrchr(start + 3, ':') : NULL;

    if (!end || strchr(start + 3, '/'))
        return NULL;
    start += 3;
    if (*start == '[' && end[-1] == ']') {
        start++;
        end--;
    }
    *out_size = (size_t)(end - start);
    return start;
}

static int measure(const struct tni_peer_pieces *pieces, size_t *out_count, size_t *out_room)
{
    struct reader reader = {pieces->metadata, pieces->metadata_size};
    size_t host_size;
    struct raw raw;
    int status;

    *out_count = 0;
    *out_room = find_host(pieces->remote, &host_size) ? host_size + 1 : 0;
    *out_room += text_room(pieces->local) + text_room(pieces->remote) + text_room(pieces->user_id) +
                 text_room(pieces->mechanism) + text_room(pieces->socket_type) +
                 pieces->identity_size + 1;
    for (const struct tni_property *p = pieces->found ? pieces->found->first : NULL; p;
         p = p->next) {
        ++*out_count;
        *out_room += strlen(p->name) + 1 + strlen(p->value) + 1;
    }
    while ((status = next_property(&reader, &raw)) == 1) {
        ++*out_count;
        *out_room += raw.name_size + 1 + raw.value_size + 1;
    }
    return status;
}

static const char *put(char **at, const void *data, size_t size)
{
    char *start = *at;

    memcpy(start, data, size);
    start[size] = '\0';
    *at = start + size + 1;
    return start;
}

static const char *put_text(char **at, const char *text)
{
    return text ? put(at, text, strlen(text)) : NULL;
}

static void fill(struct tn_peer_info *info, char *at, const struct tni_peer_pieces *pieces)
{
    struct reader reader = {pieces->metadata, pieces->metadata_size};
    size_t host_size;
    const char *host = find_host(pieces->remote, &host_size);
    struct raw raw;

    info->connection = pieces->connection;
    info->fd = pieces->fd;
    info->host = host ? put(&at, host, host_size) : NULL;
    info->local = put_text(&at, pieces->local);
    info->remote = put_text(&at, pieces->remote);
    info->user_id = put_text(&at, pieces->user_id);
    info->mechanism = put_text(&at, pieces->mechanism);
    info->socket_type = put_text(&at, pieces->socket_type);
    if (pieces->identity) {
        info->identity = put(&at, pieces->identity, pieces->identity_size);
        info->identity_size = pieces->identity_size;
    }
    for (const struct tni_property *p = pieces->found ? pieces->found->first : NULL; p;
         p = p->next) {
        struct tni_peer_property *property = &info->properties[info->property_count++];

        property->name = put_text(&at, p->name);
        property->value = put_text(&at, p->value);
        property->size = strlen(p->value);
    }
    while (next_property(&reader, &raw) == 1) {
        struct tni_peer_property *property;

        if (!may_announce(pieces, &raw))
            continue;
        property = &info->properties[info->property_count++];
        property->name = put(&at, raw.name, raw.name_size);
        property->value = put(&at, raw.value, raw.value_size);
        property->size = raw.value_size;
        if (strcasecmp(property->name, "Socket-Type") == 0)
            info->socket_type = property->value;
        if (strcasecmp(property->name, "Identity") == 0) {
            info->identity = property->value;
            info->identity_size = property->size;
        }
    }
}

int tni_peer_info_new(const struct tni_peer_pieces *pieces, struct tn_peer_info **out_info)
{
    struct tn_peer_info *info;
    size_t count, room, head;

    if (measure(pieces, &count, &room) < 0)
        return tni_fail(-EPROTO, "the peer's metadata is cut short or malformed (RFC 37)");
    head = sizeof *info + count * sizeof info->properties[0];
    info = tni_malloc(head + room);
    if (!info)
        return tni_fail(-ENOMEM, "no memory to describe a peer (%zu bytes)", head + room);
    memset(info, 0, head);
    atomic_init(&info->refs, 1);
    fill(info, (char *)info + head, pieces);
    *out_info = info;
    return 0;
}

int tni_peer_properties(struct tni_properties *found, const uint8_t *metadata, size_t size)
{
    struct reader reader = {metadata, size};
    struct raw raw;
    int status;

    while ((status = next_property(&reader, &raw)) == 1) {
        char name[TNI_PROPERTY_NAME_MAX + 1];
        char *value = tni_malloc(raw.value_size + 1);

        if (!value)
            return tni_fail(-ENOMEM, "no memory to describe a peer");
        memcpy(name, raw.name, raw.name_size);
        name[raw.name_size] = '\0';
        memcpy(value, raw.value, raw.value_size);
        value[raw.value_size] = '\0';
        status = tni_properties_set(found, name, value);
        tni_free(value);
        if (status < 0)
            return status;
    }
    return status < 0 ? tni_fail(status, "the peer's properties are malformed (RFC 37)") : 0;
}

void tni_peer_info_unref_some(struct tn_peer_info *info, unsigned count)
{
    /* acq_rel: the freeing thread comes after all readers. */
    if (count && atomic_fetch_sub_explicit(&info->refs, count, memory_order_acq_rel) == count)
        tni_free(info);
}

void tni_peer_info_unref(struct tn_peer_info *info)
{
    tni_peer_info_unref_some(info, info != NULL);
}

const char *tni_peer_info_property(const struct tn_peer_info *info, const char *name)
{
    const struct {
        const char *name;
        const char *value;
    } ours[] = {
        {"Peer-Address", info->remote}, {"Local-Address", info->local},
        {"User-Id", info->user_id},     {"Socket-Type", info->socket_type},
        {"Identity", info->identity},   {"Routing-Id", info->identity},
        {"Peer-Host", info->host},
    };

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (ours[i].value && strcasecmp(ours[i].name, name) == 0)
            return ours[i].value;
    }
    for (size_t i = 0; i < info->property_count; i++) {
        if (strcasecmp(info->properties[i].name, name) == 0)
            return info->properties[i].value;
    }
    return NULL;
}
