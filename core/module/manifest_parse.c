#include "module/manifest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tenon/module.h>

#include "base/memory.h"
#include "base/suggest.h"
#include "module/array.h"

enum { MAX_NOTES = 32, MAX_ITEMS = 256 };

/* One line, cut into its key and value; neither ends with a NUL. */
struct line {
    struct tni_manifest *manifest;
    unsigned number;
    const char *key, *value;
    size_t key_size, value_size;
};

static int note(const struct line *line, enum tni_severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The first ones are kept; an error beyond them still counts as one. */
static int note(const struct line *line, enum tni_severity severity, const char *format, ...)
{
    struct tni_manifest *manifest = line->manifest;
    struct tni_note *notes;
    char text[240];
    char *own;
    va_list args;

    if (manifest->note_count >= MAX_NOTES) {
        struct tni_note *last = &manifest->notes[MAX_NOTES - 1];

        if (severity > last->severity)
            last->severity = severity;
        return 0;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    notes = tni_array_grow(manifest->notes, manifest->note_count, sizeof *notes);
    if (!notes)
        return -ENOMEM;
    manifest->notes = notes;
    own = tni_manifest_copy(text, strlen(text));
    if (!own)
        return -ENOMEM;
    manifest->notes[manifest->note_count++] =
        (struct tni_note){.severity = severity, .line = line->number, .text = own};
    return 0;
}

/* Takes the next word of the value, at blanks or commas. False at the end. */
static bool next_word(const char **cursor, const char *end, const char **out_word,
                      size_t *out_length)
{
    const char *at = *cursor;

    while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
        at++;
    *out_word = at;
    while (at < end && *at != ' ' && *at != '\t' && *at != ',')
        at++;
    *out_length = (size_t)(at - *out_word);
    *cursor = at;
    return *out_length > 0;
}

static int one_ref(const struct line *line, const char *word, size_t length, bool layers,
                   enum tni_severity severity, struct tni_refs *refs)
{
    const char *colon = memchr(word, ':', length);
    int kind = colon ? tni_kind_from_name(word, (size_t)(colon - word)) : TNI_KIND_ANY;
    const char *name = colon ? colon + 1 : word;
    size_t name_size = length - (size_t)(name - word);

    if (kind == TNI_KIND_ANY || (kind == TNI_KIND_LAYER && !layers))
        return note(line, severity,
                    "\"%.*s\" is not KIND:NAME with a kind of transport, pattern, mechanism%s",
                    (int)(length > 60 ? 60 : length), word,
                    layers ? ", authenticator or layer" : " or authenticator");
    if (!tni_is_feature_name(name, name_size))
        return note(line, severity, "\"%.*s\" has no valid name: a-z 0-9 _ . - and at most %d",
                    (int)(length > 60 ? 60 : length), word, TNI_NAME_MAX);
    if (refs->count >= MAX_ITEMS)
        return note(line, severity, "more than %d names", MAX_ITEMS);
    return tni_refs_add(refs, kind, name, name_size, line->number);
}

static int parse_refs(const struct line *line, bool layers, enum tni_severity severity,
                      struct tni_refs *refs)
{
    const char *cursor = line->value, *end = line->value + line->value_size, *word;
    size_t length, words = 0;

    for (; next_word(&cursor, end, &word, &length); words++) {
        int rc = one_ref(line, word, length, layers, severity, refs);

        if (rc < 0)
            return rc;
    }
    return words ? 0 : note(line, severity, "%.*s has no value", (int)line->key_size, line->key);
}

static bool value_is(const struct line *line, const char *word)
{
    return strlen(word) == line->value_size && memcmp(word, line->value, line->value_size) == 0;
}

static bool is_stem(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            text[i] != '_')
            return false;
    }
    return length > 0 && length <= TNI_NAME_MAX;
}

static int key_module(const struct line *line)
{
    struct tni_manifest *manifest = line->manifest;
    const char *value = line->value;
    size_t size = line->value_size;
    bool is_path = size > 0 && value[0] == '/';

    if (manifest->module)
        return note(line, TNI_NOTE_ERROR, "module is given twice");
    if (is_path && (size < 5 || memcmp(value + size - 3, ".so", 3) != 0))
        return note(line, TNI_NOTE_ERROR, "the path of a module must end in .so");
    if (!is_path && !is_stem(value, size))
        return note(line, TNI_NOTE_ERROR,
                    "module must be a stem (a-z 0-9 _) or an absolute path that ends in .so");
    manifest->module = tni_manifest_copy(value, size);
    manifest->module_line = line->number;
    return manifest->module ? 0 : -ENOMEM;
}

static int key_provides(const struct line *line)
{
    return parse_refs(line, false, TNI_NOTE_ERROR, &line->manifest->provides);
}

static int key_requires(const struct line *line)
{
    line->manifest->has_requires = true;
    return line->value_size ? parse_refs(line, false, TNI_NOTE_ERROR, &line->manifest->requires)
                            : 0;
}

static int key_deny(const struct line *line)
{
    return parse_refs(line, true, TNI_NOTE_POLICY, &line->manifest->deny);
}

static int key_alias(const struct line *line)
{
    struct tni_refs *alias = &line->manifest->alias;
    size_t before = alias->count;
    int rc = parse_refs(line, false, TNI_NOTE_POLICY, alias);

    for (size_t i = before; rc == 0 && i < alias->count; i++) {
        if (alias->item[i].kind != TN_TRANSPORT)
            rc = note(line, TNI_NOTE_POLICY, "only a transport can be an alias");
    }
    return rc;
}

static int key_match(const struct line *line)
{
    struct tni_manifest *manifest = line->manifest;
    const char *cursor = line->value, *end = line->value + line->value_size, *word;
    size_t length, before = manifest->match_count;

    while (next_word(&cursor, end, &word, &length)) {
        char **match;

        if (manifest->match_count >= MAX_ITEMS)
            return note(line, TNI_NOTE_POLICY, "more than %d programs", MAX_ITEMS);
        match = tni_array_grow(manifest->match, manifest->match_count, sizeof *match);
        if (!match)
            return -ENOMEM;
        manifest->match = match;
        manifest->match[manifest->match_count] = tni_manifest_copy(word, length);
        if (!manifest->match[manifest->match_count])
            return -ENOMEM;
        manifest->match_count++;
    }
    return manifest->match_count > before
               ? 0
               : note(line, TNI_NOTE_POLICY, "match needs the name of a program");
}

static int key_load(const struct line *line)
{
    if (value_is(line, "lazy"))
        line->manifest->load = TNI_LOAD_LAZY;
    else if (value_is(line, "eager"))
        line->manifest->load = TNI_LOAD_EAGER;
    else if (value_is(line, "never"))
        line->manifest->load = TNI_LOAD_NEVER;
    else
        return note(line, TNI_NOTE_ERROR, "load must be lazy, eager or never");
    return 0;
}

static int key_required(const struct line *line)
{
    line->manifest->required_line = line->number;
    if (value_is(line, "yes"))
        line->manifest->is_required = true;
    else if (value_is(line, "no"))
        line->manifest->is_required = false;
    else
        return note(line, TNI_NOTE_POLICY, "required must be yes or no");
    return 0;
}

static int key_priority(const struct line *line)
{
    int number = 0;

    for (size_t i = 0; i < line->value_size; i++) {
        char c = line->value[i];

        number = c >= '0' && c <= '9' && number <= 100 ? 10 * number + (c - '0') : 1000;
    }
    if (line->value_size == 0 || number > 100)
        return note(line, TNI_NOTE_ERROR, "priority must be a number from 0 to 100");
    line->manifest->priority = number;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int key_sha256(const struct line *line)
{
    struct tni_manifest *manifest = line->manifest;

    if (line->value_size != 2 * sizeof manifest->sha256)
        return note(line, TNI_NOTE_ERROR, "sha256 must be 64 hexadecimal digits");
    for (size_t i = 0; i < sizeof manifest->sha256; i++) {
        int high = hex_digit(line->value[2 * i]), low = hex_digit(line->value[2 * i + 1]);

        if (high < 0 || low < 0)
            return note(line, TNI_NOTE_ERROR, "sha256 must be 64 hexadecimal digits");
        manifest->sha256[i] = (uint8_t)(high << 4 | low);
    }
    manifest->has_sha256 = true;
    manifest->sha256_line = line->number;
    return 0;
}

static int key_control(const struct line *line)
{
    struct tni_manifest *manifest = line->manifest;

    if (manifest->control)
        return note(line, TNI_NOTE_ERROR, "control is given twice");
    if (line->value_size == 0 || line->value[0] != '/')
        return note(line, TNI_NOTE_ERROR,
                    "control must be an absolute path: a directory, as a rule");
    manifest->control = tni_manifest_copy(line->value, line->value_size);
    manifest->control_line = line->number;
    return manifest->control ? 0 : -ENOMEM;
}

static int add_setting(const struct line *line, size_t prefix, struct tni_setting **io_settings,
                       size_t *io_count)
{
    const char *name = line->key + prefix;
    size_t length = line->key_size - prefix;
    struct tni_setting setting = {.line = line->number}, *settings;

    settings = tni_array_grow(*io_settings, *io_count, sizeof setting);
    if (!settings)
        return -ENOMEM;
    *io_settings = settings;
    setting.name = tni_manifest_copy(name, length);
    setting.value = tni_manifest_copy(line->value, line->value_size);
    if (!setting.name || !setting.value) {
        tni_free(setting.name);
        tni_free(setting.value);
        return -ENOMEM;
    }
    settings[(*io_count)++] = setting;
    return 0;
}

static int key_option(const struct line *line)
{
    struct tni_manifest *manifest = line->manifest;
    size_t prefix = strlen("option.");

    if (!tni_is_feature_name(line->key + prefix, line->key_size - prefix))
        return note(line, TNI_NOTE_ERROR, "option.NAME needs the name of an option");
    if (manifest->setting_count >= MAX_ITEMS)
        return note(line, TNI_NOTE_ERROR, "more than %d options", MAX_ITEMS);
    return add_setting(line, prefix, &manifest->settings, &manifest->setting_count);
}

/* socket.NAME and context.NAME; whether there is such an option, contexts find out. */
static int key_global(const struct line *line)
{
    struct tni_manifest *manifest = line->manifest;

    if (!tni_is_feature_name(line->key, line->key_size))
        return note(line, TNI_NOTE_POLICY, "this needs the name of an option");
    if (manifest->global_count >= MAX_ITEMS)
        return note(line, TNI_NOTE_POLICY, "more than %d options", MAX_ITEMS);
    return add_setting(line, 0, &manifest->globals, &manifest->global_count);
}

static const struct {
    const char *name;
    int (*parse)(const struct line *line);
} keys[] = {{"module", key_module}, {"provides", key_provides}, {"requires", key_requires},
            {"load", key_load},     {"required", key_required}, {"priority", key_priority},
            {"deny", key_deny},     {"alias", key_alias},       {"match", key_match},
            {"sha256", key_sha256}, {"control", key_control}};

/* A misspelt "deny" must not read as "nothing is denied": near one of the policy's keys an unknown
 * key is as bad as a value that cannot be read. */
static int unknown_key(const struct line *line)
{
    static const char *const known[] = {"module",   "provides", "requires", "load",
                                        "required", "priority", "deny",     "alias",
                                        "match",    "sha256",   "control"};
    static const char *const policy[] = {"required", "deny", "alias", "match", "sha256"};
    char key[TNI_NAME_MAX + 1];
    const char *near;
    enum tni_severity severity = TNI_NOTE_WARNING;

    snprintf(key, sizeof key, "%.*s", (int)line->key_size, line->key);
    near = tni_nearest(key, known, sizeof known / sizeof *known);
    for (size_t i = 0; near && i < sizeof policy / sizeof *policy; i++) {
        if (strcmp(near, policy[i]) == 0)
            severity = TNI_NOTE_POLICY;
    }
    return note(line, severity, "unknown key \"%s\"%s%s%s", key, near ? "; did you mean \"" : "",
                near ? near : "", near ? "\"?" : "");
}

static bool key_begins(const struct line *line, const char *prefix)
{
    size_t length = strlen(prefix);

    return line->key_size >= length && memcmp(line->key, prefix, length) == 0;
}

static int parse_key(const struct line *line)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strlen(keys[i].name) == line->key_size && key_begins(line, keys[i].name))
            return keys[i].parse(line);
    }
    if (key_begins(line, "option."))
        return key_option(line);
    if (key_begins(line, "socket.") || key_begins(line, "context."))
        return key_global(line);
    if (key_begins(line, "x-"))
        return 0;
    return unknown_key(line);
}

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && strchr(" \t\r", (*text)[*size - 1]) && (*text)[*size - 1] != '\0')
        (*size)--;
}

static int parse_line(struct line *line, const char *text, size_t size)
{
    const char *equals;

    trim(&text, &size);
    if (size == 0 || text[0] == '#')
        return 0;
    line->manifest->is_empty = false;
    if (memchr(text, '\0', size))
        return note(line, TNI_NOTE_POLICY, "a NUL byte: this is not a text file");
    equals = memchr(text, '=', size);
    if (!equals || equals == text)
        return note(line, TNI_NOTE_POLICY, "not a line of the form KEY = VALUE");
    line->key = text;
    line->key_size = (size_t)(equals - text);
    line->value = equals + 1;
    line->value_size = size - line->key_size - 1;
    trim(&line->key, &line->key_size);
    trim(&line->value, &line->value_size);
    return parse_key(line);
}

/* What only shows when all lines are known. */
static int check_whole(struct tni_manifest *manifest)
{
    struct line line = {.manifest = manifest};
    size_t transports = 0;

    for (size_t i = 0; i < manifest->provides.count; i++) {
        const struct tni_ref *ref = &manifest->provides.item[i];

        transports += ref->kind == TN_TRANSPORT;
        for (size_t j = 0; j < i; j++) {
            line.number = ref->line;
            if (manifest->provides.item[j].kind == ref->kind &&
                strcmp(manifest->provides.item[j].name, ref->name) == 0)
                return note(&line, TNI_NOTE_ERROR, "provides %s:%s twice", tni_kind_name(ref->kind),
                            ref->name);
        }
    }
    if (manifest->alias.count && transports != 1) {
        line.number = manifest->alias.item[0].line;
        return note(&line, TNI_NOTE_POLICY,
                    "alias needs exactly one transport in \"provides\" to lead to");
    }
    line.number = manifest->module_line;
    if (manifest->module && manifest->provides.count == 0)
        return note(&line, TNI_NOTE_ERROR, "a manifest with \"module\" needs \"provides\"");
    line.number = manifest->required_line;
    if (manifest->is_required && manifest->provides.count == 0)
        return note(&line, TNI_NOTE_POLICY, "\"required\" needs \"provides\": what is required?");
    line.number = manifest->setting_count ? manifest->settings[0].line : 0;
    if (manifest->setting_count && manifest->provides.count == 0)
        return note(&line, TNI_NOTE_ERROR,
                    "\"option.NAME\" needs \"provides\": an option of what?");
    return 0;
}

int tni_manifest_parse(const char *name, const char *bytes, size_t size,
                       struct tni_manifest **out_manifest)
{
    struct tni_manifest *manifest = tni_manifest_new(name, NULL);
    struct line line = {.manifest = manifest};
    size_t at = 0;
    int rc = 0;

    if (!manifest)
        return -ENOMEM;
    while (rc == 0 && at < size) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t length = end ? (size_t)(end - (bytes + at)) : size - at;

        line.number++;
        rc = parse_line(&line, bytes + at, length);
        at += length + 1;
    }
    if (rc == 0)
        rc = check_whole(manifest);
    if (rc < 0) {
        tni_manifest_free(manifest);
        return rc;
    }
    *out_manifest = manifest;
    return 0;
}
