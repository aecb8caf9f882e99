#include "module/defaults.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tenon/tenon.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/suggest.h"
#include "module/describe.h"

int tni_defaults_find(const struct tni_loaded *loaded, const char *name)
{
    for (size_t i = 0; i < loaded->option_count; i++) {
        if (strcmp(loaded->options[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static int copy_options(struct tni_loaded *loaded, const tn_feature_t *feature)
{
    size_t count = 0;

    for (const tn_option_desc_t *o = feature->options; o && o->name; o = tni_option_next(o))
        count++;
    loaded->options = tni_calloc(count + 1, sizeof *loaded->options);
    loaded->defaults = tni_calloc(count + 1, sizeof *loaded->defaults);
    if (!loaded->options || !loaded->defaults)
        return -ENOMEM;
    for (const tn_option_desc_t *o = feature->options; o && o->name; o = tni_option_next(o)) {
        tn_option_desc_t *own = &loaded->options[loaded->option_count];

        *own = *o;
        own->size = sizeof *own;
        loaded->defaults[loaded->option_count++].value =
            (tn_value_t){.type = o->type,
                         .number = o->default_int,
                         .data = o->default_str,
                         .size = o->default_str ? strlen(o->default_str) : 0};
    }
    return 0;
}

static bool read_bool(const char *text, int64_t *out_number)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out_number = (int64_t)(i % 2);
            return true;
        }
    }
    return false;
}

static bool read_int(const char *text, int64_t *out_number)
{
    char *end;
    long long number;
    int kept = errno;
    bool fits;

    errno = 0;
    number = strtoll(text, &end, 10);
    fits = errno == 0 && end != text && *end == '\0';
    errno = kept;
    *out_number = number;
    return fits;
}

static int bad_value(const struct tni_setting *setting, const struct tni_entry *entry,
                     const tn_option_desc_t *option, char *why, size_t size)
{
    const char *value = option->flags & TN_OPTION_SECRET ? "(secret)" : setting->value;

    if (option->type == TN_OPTION_BOOL)
        snprintf(why, size, "%s:%u: option %s is \"%.60s\", not yes or no", entry->path,
                 setting->line, option->name, value);
    else if (option->type == TN_OPTION_BLOB)
        snprintf(why, size, "%s:%u: option %s is binary and cannot be set in a manifest",
                 entry->path, setting->line, option->name);
    else
        snprintf(why, size,
                 "%s:%u: option %s is \"%.60s\", not %s from %" PRId64 " to %" PRId64 "%s",
                 entry->path, setting->line, option->name, value,
                 option->type == TN_OPTION_INT ? "a number" : "a text", option->min, option->max,
                 option->type == TN_OPTION_INT ? "" : " bytes long");
    return -TN_EMODULE;
}

static bool read_value(const tn_option_desc_t *option, const char *text, tn_value_t *value)
{
    int64_t length = (int64_t)strlen(text);

    switch (option->type) {
    case TN_OPTION_BOOL:
        return read_bool(text, &value->number);
    case TN_OPTION_INT:
        return read_int(text, &value->number) && value->number >= option->min &&
               value->number <= option->max;
    case TN_OPTION_STR:
        value->size = (uint64_t)length;
        return length >= option->min && length <= option->max;
    default:
        return false;
    }
}

static int unknown(const struct tni_loaded *loaded, size_t count, const struct tni_setting *setting,
                   const struct tni_manifest *manifest, char *why, size_t size)
{
    const char *known[256], *near;
    size_t names = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < loaded[i].option_count && names < 256; j++)
            known[names++] = loaded[i].options[j].name;
    }
    near = tni_nearest(setting->name, known, names);
    snprintf(why, size, "%s:%u: there is no option \"%s\"%s%s%s", manifest->name, setting->line,
             setting->name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -TN_EMODULE;
}

static int apply(struct tni_loaded *loaded, const struct tni_entry *entry,
                 const struct tni_setting *setting, char *why, size_t size)
{
    int index = tni_defaults_find(loaded, setting->name);
    struct tni_default *def = &loaded->defaults[index < 0 ? 0 : index];
    char source[4200];

    /* Where several features are meant, the option may be another one's. */
    if (index < 0 && entry->manifest->module == NULL && entry->manifest->provides.count == 1)
        return unknown(loaded, 1, setting, entry->manifest, why, size);
    if (index < 0)
        return 0;
    if (!read_value(&loaded->options[index], setting->value, &def->value))
        return bad_value(setting, entry, &loaded->options[index], why, size);
    tni_free(def->text);
    tni_free(def->source);
    snprintf(source, sizeof source, "%s:%u", entry->path, setting->line);
    def->source = tni_strdup(source);
    def->text = tni_strdup(setting->value);
    if (!def->source || !def->text)
        return -ENOMEM;
    if (loaded->options[index].type == TN_OPTION_STR)
        def->value.data = def->text;
    tni_log(TN_LOG_DEBUG, "policy", "%s: the default of option %s comes from %s",
            loaded->feature.name, setting->name, source);
    return 0;
}

static bool speaks_of(const struct tni_entry *other, const struct tni_entry *entry,
                      const struct tni_feature *feature)
{
    return other == entry ||
           (!other->manifest->module && !other->hidden_by &&
            tni_refs_has(&other->manifest->provides, feature->kind, feature->name));
}

int tni_defaults_make(struct tni_loaded *loaded, const tn_feature_t *feature,
                      const struct tni_catalog *catalog, const struct tni_entry *entry, char *why,
                      size_t size)
{
    int rc = copy_options(loaded, feature);

    for (size_t i = 0; rc == 0 && i < catalog->entry_count; i++) {
        const struct tni_entry *other = catalog->entries[i];

        if (!speaks_of(other, entry, &loaded->feature))
            continue;
        for (size_t j = 0; rc == 0 && j < other->manifest->setting_count; j++)
            rc = apply(loaded, other, &other->manifest->settings[j], why, size);
    }
    loaded->feature.options = loaded->options;
    return rc;
}

void tni_defaults_fini(struct tni_loaded *loaded)
{
    for (size_t i = 0; loaded->defaults && i < loaded->option_count; i++) {
        tni_free(loaded->defaults[i].text);
        tni_free(loaded->defaults[i].source);
    }
    tni_free(loaded->defaults);
    tni_free(loaded->options);
}

int tni_defaults_are_known(const struct tni_loaded *loaded, size_t count,
                           const struct tni_manifest *manifest, char *why, size_t size)
{
    for (size_t i = 0; i < manifest->setting_count; i++) {
        bool is_known = false;

        for (size_t j = 0; j < count; j++)
            is_known = is_known || tni_defaults_find(&loaded[j], manifest->settings[i].name) >= 0;
        if (!is_known)
            return unknown(loaded, count, &manifest->settings[i], manifest, why, size);
    }
    return 0;
}
