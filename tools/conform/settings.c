#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned sides;
} sides[] = {
    {"client:", SETTINGS_CLIENT}, {"server:", SETTINGS_SERVER}, {"wrong:", SETTINGS_WRONG}};

static int put(struct settings *settings, unsigned side, const char *name, const char *value)
{
    struct setting *item = &settings->item[settings->count];

    if (settings->count == (int)(sizeof settings->item / sizeof *settings->item) ||
        strlen(name) >= sizeof item->name || strlen(value) >= sizeof item->value)
        return -EMSGSIZE;
    item->sides = side;
    strcpy(item->name, name);
    strcpy(item->value, value);
    settings->count++;
    return 0;
}

int settings_add(struct settings *settings, const char *text, char *why, size_t size)
{
    unsigned side = SETTINGS_CLIENT | SETTINGS_SERVER;
    const char *rest = text, *equals;
    char name[64];

    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        if (strncmp(text, sides[i].name, strlen(sides[i].name)) == 0) {
            side = sides[i].sides;
            rest = text + strlen(sides[i].name);
        }
    }
    equals = strchr(rest, '=');
    if (!equals || equals == rest || (size_t)(equals - rest) >= sizeof name) {
        snprintf(why, size, "\"%.100s\" is not [client:|server:|wrong:]NAME=VALUE", text);
        return -EINVAL;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - rest), rest);
    if (put(settings, side, name, equals + 1) == 0)
        return 0;
    snprintf(why, size, "option \"%s\": too many options, or too long a value", name);
    return -EMSGSIZE;
}

int settings_read(struct settings *settings, const char *path, char *why, size_t size)
{
    FILE *file = fopen(path, "re");
    char line[512];
    int rc = 0;

    if (!file) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return -errno;
    }
    while (rc == 0 && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] && line[0] != '#')
            rc = settings_add(settings, line, why, size);
    }
    fclose(file);
    return rc;
}

const tn_option_desc_t *settings_option(const tn_feature_t *feature, const char *name)
{
    for (const tn_option_desc_t *desc = feature->options; desc && desc->name; desc++)
        if (strcmp(desc->name, name) == 0)
            return desc;
    return NULL;
}

/* "curve.serverkey" and "curve_serverkey" are "serverkey" of the mechanism curve. */
static const char *own_name(const tn_feature_t *feature, const char *name)
{
    size_t length = strlen(feature->name);

    if (settings_option(feature, name) || strncmp(name, feature->name, length) != 0 ||
        (name[length] != '.' && name[length] != '_'))
        return name;
    return name + length + 1;
}

const struct setting *settings_find(const struct settings *settings, unsigned side,
                                    const char *name)
{
    const struct setting *found = NULL;

    for (int i = 0; i < settings->count; i++)
        if ((settings->item[i].sides & side) && strcmp(settings->item[i].name, name) == 0)
            found = &settings->item[i];
    return found;
}

/* ---- what nobody has said ---- */

struct default_setting {
    const char *name;
    const char *client, *server, *wrong; /* NULL: none */
};

/* The test keys that zmq_curve(7) publishes, and a pair that is neither. */
static const struct default_setting keys[] = {
    {"secretkey", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
     "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", "F3ECZQ%y:e<GIaqWr^&c*0Y(RdmgcD&zY)Q}3^er"},
    {"publickey", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
     "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "G0T{!^5h?<wz>749jvA44jW3HyK}zbCu8Pp7A+8G"},
    {"serverkey", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", NULL,
     "G0T{!^5h?<wz>749jvA44jW3HyK}zbCu8Pp7A+8G"},
};

static const struct default_setting roles = {"server", "0", "1", NULL};
static const struct default_setting users = {"username", "conform", "conform", "somebody"};
static const struct default_setting secrets = {NULL, "conform-secret-1", "conform-secret-1",
                                               "conform-secret-2"};

static const struct default_setting *default_of(const tn_feature_t *feature,
                                                const tn_option_desc_t *desc)
{
    bool has_pairs = settings_option(feature, "secretkey") && settings_option(feature, "serverkey");

    for (size_t i = 0; has_pairs && i < sizeof keys / sizeof *keys; i++)
        if (strcmp(desc->name, keys[i].name) == 0)
            return &keys[i];
    if (strcmp(desc->name, roles.name) == 0 && desc->type == TN_OPTION_BOOL)
        return &roles;
    if (strcmp(desc->name, users.name) == 0)
        return &users;
    if ((desc->flags & TN_OPTION_SECRET) && desc->max >= (int64_t)strlen(secrets.client))
        return &secrets;
    return NULL;
}

static int put_default(struct settings *out, const struct default_setting *value, const char *name)
{
    int rc = put(out, SETTINGS_CLIENT, name, value->client);

    if (rc == 0 && value->server)
        rc = put(out, SETTINGS_SERVER, name, value->server);
    if (rc == 0 && value->wrong)
        rc = put(out, SETTINGS_WRONG, name, value->wrong);
    return rc;
}

int settings_complete(struct settings *out, const struct settings *given,
                      const tn_feature_t *feature, char *why, size_t size)
{
    *out = (struct settings){0};
    for (int i = 0; i < given->count; i++) {
        const struct setting *item = &given->item[i];
        const char *name = own_name(feature, item->name);

        if (!settings_option(feature, name)) {
            snprintf(why, size, "it has no option \"%s\"", item->name);
            return -EINVAL;
        }
        if (put(out, item->sides, name, item->value) < 0) {
            snprintf(why, size, "too many options");
            return -EMSGSIZE;
        }
    }
    for (const tn_option_desc_t *desc = feature->options; desc && desc->name; desc++) {
        const struct default_setting *value = default_of(feature, desc);

        if (value && !settings_find(out, ~0u, desc->name) &&
            put_default(out, value, desc->name) < 0) {
            snprintf(why, size, "too many options");
            return -EMSGSIZE;
        }
    }
    return 0;
}
