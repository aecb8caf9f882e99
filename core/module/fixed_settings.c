#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/memory.h"
#include "module/fixed.h"
#include "options/value.h"

static bool speaks_of(const struct tni_fixed_setting *setting, const struct tni_feature *feature)
{
    const char *kind = tni_kind_name((int)feature->kind);
    size_t length = strlen(kind);

    return strncmp(setting->feature, kind, length) == 0 && setting->feature[length] == ':' &&
           strcmp(setting->feature + length + 1, feature->name) == 0;
}

/* Text stays where it is, in the table. */
static int set(struct tni_loaded *loaded, const struct tni_fixed_setting *setting)
{
    const struct tni_feature *feature = &loaded->feature;
    const tn_option_desc_t *option = tni_option_find(feature->options, setting->name);
    struct tni_default *to;
    char scratch[512];
    int rc;

    if (!option || option->type == TN_OPTION_BLOB)
        return tni_fail(-TN_EMODULE, "%s: %s has no option \"%s\" that a manifest could set",
                        setting->source, setting->feature, setting->name);
    if (!loaded->defaults)
        loaded->defaults = tni_calloc(loaded->option_count, sizeof *loaded->defaults);
    if (!loaded->defaults)
        return tni_fail_code(-ENOMEM);
    to = &loaded->defaults[option - feature->options];
    if (option->type == TN_OPTION_STR) {
        to->value = tni_value_bytes(TN_OPTION_STR, setting->value, strlen(setting->value));
        rc = tni_value_check(option, &to->value);
    } else {
        rc = tni_value_parse(option, setting->value, strlen(setting->value), scratch,
                             sizeof scratch, &to->value);
    }
    to->source = (char *)setting->source;
    return rc < 0 ? tni_fail_context(-TN_EMODULE, "%s", setting->source) : 0;
}

int tni_fixed_set(struct tni_loaded *loaded)
{
    for (const struct tni_fixed_setting *setting = tni_fixed_settings; setting->name; setting++) {
        int rc = speaks_of(setting, &loaded->feature) ? set(loaded, setting) : 0;

        if (rc < 0)
            return rc;
    }
    return 0;
}
