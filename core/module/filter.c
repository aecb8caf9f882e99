#include "module/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/memory.h"

static int add_name(struct tni_filter *filter, const char *word, size_t length)
{
    const char *colon = memchr(word, ':', length);
    int kind = colon ? tni_kind_from_name(word, (size_t)(colon - word)) : TNI_KIND_ANY;
    const char *name = colon ? colon + 1 : word;
    size_t size = length - (size_t)(name - word);

    if ((colon && (kind == TNI_KIND_ANY || kind == TNI_KIND_LAYER)) ||
        !tni_is_feature_name(name, size))
        return tni_fail(-TN_EMODULE,
                        "the module selection (TENON_MODULES) has \"%.*s\", which is not NAME or "
                        "KIND:NAME with a kind of transport, pattern, mechanism or authenticator",
                        (int)(length > 80 ? 80 : length), word);
    return tni_refs_add(&filter->names, kind, name, size, 0);
}

/* A "^" in front of the first name turns the whole list round; one further back mixes, unless the
 * first has it too. */
static int add_word(struct tni_filter *filter, const char *word, size_t length)
{
    bool has_caret = word[0] == '^';

    if (!filter->is_set)
        filter->excludes = has_caret;
    filter->is_set = true;
    if (has_caret && !filter->excludes)
        return tni_fail(-TN_EMODULE,
                        "the module selection (TENON_MODULES) mixes names to include and \"%.*s\" "
                        "to exclude: use one or the other",
                        (int)(length > 80 ? 80 : length), word);
    return add_name(filter, word + has_caret, length - has_caret);
}

int tni_filter_parse(const char *text, struct tni_filter *out_filter)
{
    static const char separators[] = ", \t\n";
    int rc = 0;

    *out_filter = (struct tni_filter){0};
    while (rc == 0 && text && *text) {
        size_t length = strcspn(text, separators);

        if (length > 0)
            rc = add_word(out_filter, text, length);
        text += length;
        text += strspn(text, separators);
    }
    if (rc < 0)
        tni_filter_fini(out_filter);
    return rc;
}

static bool is_named(const struct tni_filter *filter, int kind, const char *name)
{
    return tni_refs_has(&filter->names, kind, name) ||
           tni_refs_has(&filter->names, TNI_KIND_ANY, name);
}

bool tni_filter_admits(const struct tni_filter *filter, const struct tni_entry *entry, int kind,
                       const char *name)
{
    if (!filter->is_set)
        return true;
    if (filter->excludes)
        return !is_named(filter, kind, name);
    return entry->level == TNI_LEVEL_CORE || is_named(filter, kind, name);
}

static bool exists(const struct tni_catalog *catalog, const struct tni_ref *wanted)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];
        const struct tni_refs *provides = &entry->manifest->provides;

        for (size_t j = 0; tni_entry_is_active(entry) && j < provides->count; j++) {
            if ((wanted->kind == TNI_KIND_ANY || wanted->kind == provides->item[j].kind) &&
                strcmp(wanted->name, provides->item[j].name) == 0)
                return true;
        }
    }
    return false;
}

static int unknown(const struct tni_catalog *catalog, const struct tni_ref *wanted)
{
    const char *near = tni_catalog_nearest(catalog, wanted->kind, wanted->name);

    return tni_fail(-TN_EMODULE,
                    "the module selection (TENON_MODULES) names %s%s%s, which no manifest provides"
                    "%s%s%s; without the selection, `tenon info` lists what there is",
                    wanted->kind ? tni_kind_name(wanted->kind) : "", wanted->kind ? ":" : "",
                    wanted->name, near ? "; did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "");
}

int tni_filter_check(const struct tni_filter *filter, const struct tni_catalog *catalog)
{
    for (size_t i = 0; i < filter->names.count; i++) {
        if (!exists(catalog, &filter->names.item[i]))
            return unknown(catalog, &filter->names.item[i]);
    }
    return 0;
}

void tni_filter_fini(struct tni_filter *filter)
{
    for (size_t i = 0; i < filter->names.count; i++)
        tni_free(filter->names.item[i].name);
    tni_free(filter->names.item);
    *filter = (struct tni_filter){0};
}
