/* Manifests: names and numbers in their ranges, the same result with a comment after it, and a clean
 * failure when any allocation fails. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "check.h"
#include "module/manifest.h"

static void check_refs(const struct tni_refs *refs, unsigned lines)
{
    for (size_t i = 0; i < refs->count; i++) {
        const struct tni_ref *ref = &refs->item[i];

        CHECK(tni_kind_name(ref->kind) && ref->kind != TNI_KIND_ANY);
        CHECK(tni_is_feature_name(ref->name, strlen(ref->name)));
        CHECK(ref->line >= 1 && ref->line <= lines);
        CHECK(tni_refs_has(refs, ref->kind, ref->name));
    }
}

static void check_ranges(const struct tni_manifest *manifest, unsigned lines)
{
    check_refs(&manifest->provides, lines);
    check_refs(&manifest->requires, lines);
    check_refs(&manifest->deny, lines);
    check_refs(&manifest->alias, lines);
    CHECK(manifest->priority >= -1 && manifest->priority <= 100);
    for (size_t i = 0; i < manifest->setting_count; i++)
        CHECK(tni_is_feature_name(manifest->settings[i].name, strlen(manifest->settings[i].name)));
    for (size_t i = 0; i < manifest->note_count; i++)
        CHECK(manifest->notes[i].line <= lines && manifest->notes[i].text[0] != '\0');
}

static void write_refs(FILE *out, const char *key, const struct tni_refs *refs)
{
    for (size_t i = 0; i < refs->count; i++)
        fprintf(out, "%s %d:%s @%u\n", key, refs->item[i].kind, refs->item[i].name,
                refs->item[i].line);
}

/** All that the structure says, as text. The caller frees it. */
static char *describe(const struct tni_manifest *manifest)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    CHECK(out);
    fprintf(out, "%s %s @%u %d %d @%u %d %d\n", manifest->name,
            manifest->module ? manifest->module : "-", manifest->module_line, (int)manifest->load,
            manifest->is_required, manifest->required_line, manifest->priority, manifest->is_empty);
    write_refs(out, "provides", &manifest->provides);
    write_refs(out, "requires", &manifest->requires);
    write_refs(out, "deny", &manifest->deny);
    write_refs(out, "alias", &manifest->alias);
    for (size_t i = 0; i < manifest->match_count; i++)
        fprintf(out, "match %s\n", manifest->match[i]);
    for (size_t i = 0; i < manifest->setting_count; i++)
        fprintf(out, "option %s=%s @%u\n", manifest->settings[i].name, manifest->settings[i].value,
                manifest->settings[i].line);
    for (size_t i = 0; i < manifest->global_count; i++)
        fprintf(out, "%s=%s @%u\n", manifest->globals[i].name, manifest->globals[i].value,
                manifest->globals[i].line);
    for (size_t i = 0; i < manifest->note_count; i++)
        fprintf(out, "note %d @%u %s\n", (int)manifest->notes[i].severity, manifest->notes[i].line,
                manifest->notes[i].text);
    CHECK(fclose(out) == 0);
    return text;
}

static void check_comment_changes_nothing(const uint8_t *data, size_t size, const char *expected)
{
    static const char comment[] = "\n# a comment\n \t\r\n";
    char *bytes = malloc(size + sizeof comment);
    struct tni_manifest *manifest = NULL;
    char *text;

    CHECK(bytes);
    memcpy(bytes, data, size);
    memcpy(bytes + size, comment, sizeof comment - 1);
    CHECK(tni_manifest_parse("fuzz", bytes, size + sizeof comment - 1, &manifest) == 0);
    text = describe(manifest);
    CHECK(strcmp(text, expected) == 0);
    free(text);
    tni_manifest_free(manifest);
    free(bytes);
}

static void check_without_memory(const uint8_t *data, size_t size, unsigned long allocations)
{
    unsigned long nth = 1 + (size ? data[size / 2] * 7u + data[0] : 0) % allocations;
    struct tni_manifest *manifest = NULL;
    int rc;

    tni_memory_fail_at(nth, 1);
    rc = tni_manifest_parse("fuzz", (const char *)data, size, &manifest);
    tni_memory_fail_at(0, 0);
    CHECK(rc == 0 || rc == -ENOMEM);
    if (rc == 0)
        tni_manifest_free(manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tni_manifest *manifest = NULL;
    unsigned long allocations;
    unsigned lines = 1;
    char *text;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    tni_memory_fail_at(ULONG_MAX, 1); /* counts, and fails none */
    CHECK(tni_manifest_parse("fuzz", (const char *)data, size, &manifest) == 0);
    allocations = tni_memory_fail_at(0, 0);
    CHECK(allocations >= 1);
    check_ranges(manifest, lines);
    text = describe(manifest);
    tni_manifest_free(manifest);
    check_comment_changes_nothing(data, size, text);
    free(text);
    check_without_memory(data, size, allocations);
    return 0;
}
