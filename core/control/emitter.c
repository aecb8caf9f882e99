#include "control/emitter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void tni_emitter_init(struct tni_emitter *emitter, bool is_json)
{
    memset(emitter, 0, sizeof *emitter);
    emitter->is_json = is_json;
}

void tni_emitter_fini(struct tni_emitter *emitter)
{
    tni_free(emitter->text);
    emitter->text = NULL;
}

static void put(struct tni_emitter *emitter, const char *bytes, size_t size)
{
    size_t need = emitter->size + size + 1;
    size_t capacity = emitter->capacity ? emitter->capacity : 4096;
    char *grown;

    while (capacity < need)
        capacity *= 2;
    if (!emitter->has_failed && capacity != emitter->capacity) {
        grown = tni_realloc(emitter->text, capacity);
        emitter->has_failed = !grown;
        if (grown) {
            emitter->text = grown;
            emitter->capacity = capacity;
        }
    }
    if (emitter->has_failed)
        return;
    memcpy(emitter->text + emitter->size, bytes, size);
    emitter->size += size;
    emitter->text[emitter->size] = '\0';
}

static void put_text(struct tni_emitter *emitter, const char *text)
{
    put(emitter, text, strlen(text));
}

/* What an endpoint or a peer's address may hold is not always text: other bytes as if Latin-1. */
static void put_string(struct tni_emitter *emitter, const char *text)
{
    char escape[8];

    put_text(emitter, "\"");
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= ' ' && byte < 127 && byte != '"' && byte != '\\') {
            put(emitter, text, 1);
        } else {
            snprintf(escape, sizeof escape, "\\u%04x", byte);
            put_text(emitter, escape);
        }
    }
    put_text(emitter, "\"");
}

static void put_indent(struct tni_emitter *emitter)
{
    for (unsigned i = 0; i < emitter->indent; i++)
        put_text(emitter, "  ");
}

/* The comma and the key of JSON; the beginning of a line for people. */
static void begin_member(struct tni_emitter *emitter, const char *name)
{
    if (!emitter->is_json)
        return;
    if (emitter->depth && emitter->level[emitter->depth - 1].has_members)
        put_text(emitter, ",");
    if (emitter->depth)
        emitter->level[emitter->depth - 1].has_members = true;
    if (name) {
        put_string(emitter, name);
        put_text(emitter, ":");
    }
}

static void begin(struct tni_emitter *emitter, const char *name, const char *label, bool is_list)
{
    begin_member(emitter, name);
    if (emitter->is_json) {
        put_text(emitter, is_list ? "[" : "{");
    } else if (label) {
        put_indent(emitter);
        put_text(emitter, label);
        put_text(emitter, "\n");
        emitter->indent++;
    }
    if (emitter->depth == TNI_EMITTER_DEPTH) {
        emitter->has_failed = true;
        return;
    }
    emitter->level[emitter->depth].has_members = false;
    emitter->level[emitter->depth].is_list = is_list;
    emitter->level[emitter->depth].is_indented = label != NULL;
    emitter->depth++;
}

void tni_emit_object(struct tni_emitter *emitter, const char *name, const char *label)
{
    begin(emitter, name, label, false);
}

void tni_emit_list(struct tni_emitter *emitter, const char *name, const char *label)
{
    begin(emitter, name, label, true);
}

void tni_emit_end(struct tni_emitter *emitter)
{
    emitter->depth--;
    if (emitter->is_json)
        put_text(emitter, emitter->level[emitter->depth].is_list ? "]" : "}");
    else if (emitter->level[emitter->depth].is_indented)
        emitter->indent--;
    if (emitter->is_json && emitter->depth == 0)
        put_text(emitter, "\n");
}

static void put_line(struct tni_emitter *emitter, const char *name, const char *value)
{
    put_indent(emitter);
    put_text(emitter, name);
    put_text(emitter, ": ");
    put_text(emitter, value);
    put_text(emitter, "\n");
}

void tni_emit_number(struct tni_emitter *emitter, const char *name, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    begin_member(emitter, name);
    if (emitter->is_json)
        put_text(emitter, digits);
    else
        put_line(emitter, name, digits);
}

void tni_emit_count(struct tni_emitter *emitter, const char *name, uint64_t value)
{
    if (emitter->is_json || value)
        tni_emit_number(emitter, name, value);
}

void tni_emit_text(struct tni_emitter *emitter, const char *name, const char *value)
{
    begin_member(emitter, name);
    if (emitter->is_json)
        put_string(emitter, value);
    else
        put_line(emitter, name, value);
}

void tni_emit_flag(struct tni_emitter *emitter, const char *name, bool value)
{
    begin_member(emitter, name);
    if (emitter->is_json)
        put_text(emitter, value ? "true" : "false");
    else
        put_line(emitter, name, value ? "yes" : "no");
}
