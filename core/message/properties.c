#include "message/properties.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"

static struct tni_property **find(struct tni_properties *properties, const char *name)
{
    struct tni_property **at = &properties->first;

    while (*at && strcasecmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static size_t size_of(const struct tni_property *property)
{
    return strlen(property->name) + strlen(property->value) + 2;
}

static void drop(struct tni_properties *properties, struct tni_property **at)
{
    struct tni_property *gone = *at;

    properties->size -= size_of(gone);
    *at = gone->next;
    tni_free(gone);
}

static int make(const char *name, const char *value, struct tni_property **out_property)
{
    size_t name_room = strlen(name) + 1, value_room = strlen(value) + 1;
    struct tni_property *property = tni_malloc(sizeof *property + name_room + value_room);

    if (!property)
        return tni_fail(-ENOMEM, "out of memory for a property of the peer");
    property->next = NULL;
    property->value = memcpy(property->name + name_room, value, value_room);
    memcpy(property->name, name, name_room);
    *out_property = property;
    return 0;
}

int tni_properties_set(struct tni_properties *properties, const char *name, const char *value)
{
    struct tni_property **at = find(properties, name);
    struct tni_property *made = NULL;
    size_t old = *at ? size_of(*at) : 0;
    int rc;

    if (!*name || strlen(name) > TNI_PROPERTY_NAME_MAX)
        return tni_fail(-EINVAL, "the name of a property has 1 to %d bytes", TNI_PROPERTY_NAME_MAX);
    if (value) {
        if (strlen(name) + strlen(value) + 2 > TNI_PROPERTIES_MAX - (properties->size - old))
            return tni_fail(-EMSGSIZE, "the properties of one peer are more than %d bytes",
                            TNI_PROPERTIES_MAX);
        rc = make(name, value, &made);
        if (rc < 0)
            return rc;
    }
    if (*at)
        drop(properties, at);
    if (made) {
        at = find(properties, name);
        properties->size += size_of(made);
        *at = made;
    }
    return 0;
}

const char *tni_properties_get(const struct tni_properties *properties, const char *name)
{
    for (const struct tni_property *p = properties->first; p; p = p->next)
        if (strcasecmp(p->name, name) == 0)
            return p->value;
    return NULL;
}

void tni_properties_clear(struct tni_properties *properties)
{
    while (properties->first)
        drop(properties, &properties->first);
}
