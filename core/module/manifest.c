#include "module/manifest.h"

#include <errno.h>
#include <string.h>

#include <tenon/module.h>

#include "base/memory.h"
#include "module/array.h"

static const struct {
    int kind;
    const char *name;
} kinds[] = {{TN_TRANSPORT, "transport"},
             {TN_PATTERN, "pattern"},
             {TN_MECHANISM, "mechanism"},
             {TN_AUTHENTICATOR, "authenticator"},
             {TNI_KIND_LAYER, "layer"}};

const char *tni_kind_name(int kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind == kind)
            return kinds[i].name;
    }
    return NULL;
}

int tni_kind_from_name(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0)
            return kinds[i].kind;
    }
    return TNI_KIND_ANY;
}

bool tni_is_feature_name(const char *name, size_t length)
{
    if (length == 0 || length > TNI_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '-')
            return false;
    }
    return true;
}

char *tni_manifest_copy(const char *text, size_t length)
{
    char *memory = tni_malloc(length + 1);

    if (!memory)
        return NULL;
    memcpy(memory, text, length);
    memory[length] = '\0';
    return memory;
}

int tni_refs_add(struct tni_refs *refs, int kind, const char *name, size_t length, unsigned line)
{
    struct tni_ref *items = tni_array_grow(refs->item, refs->count, sizeof *items);
    char *own;

    if (!items)
        return -ENOMEM;
    refs->item = items;
    own = tni_manifest_copy(name, length);
    if (!own)
        return -ENOMEM;
    refs->item[refs->count++] = (struct tni_ref){.kind = kind, .name = own, .line = line};
    return 0;
}

bool tni_refs_has(const struct tni_refs *refs, int kind, const char *name)
{
    for (size_t i = 0; i < refs->count; i++) {
        if (refs->item[i].kind == kind && strcmp(refs->item[i].name, name) == 0)
            return true;
    }
    return false;
}

struct tni_manifest *tni_manifest_new(const char *name, const char *module)
{
    struct tni_manifest *manifest = tni_calloc(1, sizeof *manifest);

    if (!manifest)
        return NULL;
    manifest->priority = -1;
    manifest->is_empty = true;
    manifest->name = tni_strdup(name);
    if (module)
        manifest->module = tni_strdup(module);
    if (!manifest->name || (module && !manifest->module)) {
        tni_manifest_free(manifest);
        return NULL;
    }
    return manifest;
}

static void free_refs(struct tni_refs *refs)
{
    for (size_t i = 0; i < refs->count; i++)
        tni_free(refs->item[i].name);
    tni_free(refs->item);
}

void tni_manifest_free(struct tni_manifest *manifest)
{
    if (!manifest)
        return;
    free_refs(&manifest->provides);
    free_refs(&manifest->requires);
    free_refs(&manifest->deny);
    free_refs(&manifest->alias);
    for (size_t i = 0; i < manifest->match_count; i++)
        tni_free(manifest->match[i]);
    tni_free(manifest->match);
    for (size_t i = 0; i < manifest->setting_count; i++) {
        tni_free(manifest->settings[i].name);
        tni_free(manifest->settings[i].value);
    }
    tni_free(manifest->settings);
    for (size_t i = 0; i < manifest->global_count; i++) {
        tni_free(manifest->globals[i].name);
        tni_free(manifest->globals[i].value);
    }
    tni_free(manifest->globals);
    tni_free(manifest->control);
    for (size_t i = 0; i < manifest->note_count; i++)
        tni_free(manifest->notes[i].text);
    tni_free(manifest->notes);
    tni_free(manifest->module);
    tni_free(manifest->name);
    tni_free(manifest);
}
