#include "zmtp/peer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "zmtp/metadata.h"

enum { OWN_PROPERTIES = 2 };

static const char socket_type_name[] = "Socket-Type";
static const char routing_id_name[] = "Identity";

bool tni_pattern_is_compatible(const char *const *peers, const char *wire_name)
{
    for (; peers && *peers; peers++)
        if (strcmp(*peers, wire_name) == 0)
            return true;
    return false;
}

size_t tni_self_size(const struct tni_self *self)
{
    size_t size = tni_metadata_property_size(socket_type_name, strlen(self->socket_type));

    if (self->announces_routing_id)
        size += tni_metadata_property_size(routing_id_name, self->routing_id_size);
    for (size_t i = 0; i < self->property_count; i++)
        size +=
            tni_metadata_property_size(self->properties[i].name, self->properties[i].value_size);
    return size;
}

static int check_self(const struct tni_self *self)
{
    if (self->announces_routing_id && self->routing_id_size > TNI_ROUTING_ID_MAX)
        return tni_fail(-EINVAL, "the routing id is longer than %d bytes", TNI_ROUTING_ID_MAX);
    if (self->property_count > TNI_METADATA_MAX_PROPERTIES - OWN_PROPERTIES)
        return tni_fail(-EINVAL, "%zu metadata properties are given, and at most %d can be sent",
                        self->property_count, TNI_METADATA_MAX_PROPERTIES - OWN_PROPERTIES);
    for (size_t i = 0; i < self->property_count; i++)
        if (strncasecmp(self->properties[i].name, "X-", 2) != 0)
            return tni_fail(-EINVAL,
                            "the metadata property '%.64s' does not begin with X-, as those of "
                            "programs must",
                            self->properties[i].name);
    return 0;
}

ssize_t tni_self_encode(const struct tni_self *self, uint8_t *out, size_t capacity)
{
    size_t used;
    ssize_t rc = check_self(self);

    if (rc < 0)
        return rc;
    rc = tni_metadata_append(out, capacity, socket_type_name, self->socket_type,
                             strlen(self->socket_type));
    if (rc < 0)
        return rc;
    used = (size_t)rc;
    if (self->announces_routing_id) {
        rc = tni_metadata_append(out + used, capacity - used, routing_id_name, self->routing_id,
                                 self->routing_id_size);
        if (rc < 0)
            return rc;
        used += (size_t)rc;
    }
    for (size_t i = 0; i < self->property_count; i++) {
        const struct tni_self_property *property = &self->properties[i];

        rc = tni_metadata_append(out + used, capacity - used, property->name, property->value,
                                 property->value_size);
        if (rc == -EINVAL)
            return tni_fail(-EINVAL,
                            "the metadata property '%.64s' is not 1 to 255 letters, digits and "
                            "-_.+, or its value is too large",
                            property->name);
        if (rc < 0)
            return rc;
        used += (size_t)rc;
    }
    return (ssize_t)used;
}

static int take_socket_type(const struct tni_property *property, struct tni_peer_facts *facts)
{
    if (facts->socket_type[0] != '\0')
        return tni_fail(-EPROTO, "the peer announces its socket type twice");
    if (property->value_size == 0 || property->value_size > TNI_SOCKET_TYPE_MAX)
        return tni_fail(-EPROTO, "the peer's socket type is empty or longer than %d bytes",
                        TNI_SOCKET_TYPE_MAX);
    for (size_t i = 0; i < property->value_size; i++)
        if (property->value[i] <= ' ' || property->value[i] > '~')
            return tni_fail(-EPROTO, "the peer's socket type is not printable");
    memcpy(facts->socket_type, property->value, property->value_size);
    return 0;
}

static int take_routing_id(const struct tni_property *property, struct tni_peer_facts *facts)
{
    if (facts->routing_id)
        return tni_fail(-EPROTO, "the peer announces its routing id twice");
    if (property->value_size > TNI_ROUTING_ID_MAX)
        return tni_fail(-EPROTO, "the peer's routing id is longer than %d bytes",
                        TNI_ROUTING_ID_MAX);
    facts->routing_id = property->value;
    facts->routing_id_size = property->value_size;
    return 0;
}

int tni_peer_parse(const uint8_t *metadata, size_t size, struct tni_peer_facts *out_facts)
{
    struct tni_metadata_cursor cursor;
    struct tni_property property;
    int rc;

    memset(out_facts, 0, sizeof *out_facts);
    tni_metadata_begin(&cursor, metadata, size);
    while ((rc = tni_metadata_next(&cursor, &property)) > 0) {
        if (tni_property_is(&property, socket_type_name))
            rc = take_socket_type(&property, out_facts);
        else if (tni_property_is(&property, routing_id_name))
            rc = take_routing_id(&property, out_facts);
        if (rc < 0)
            return rc;
    }
    if (rc == 0 && out_facts->socket_type[0] == '\0')
        rc = tni_fail(-EPROTO, "the peer does not say its socket type");
    return rc;
}
