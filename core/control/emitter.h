/*
 * emitter.h: one report in two forms, JSON and lines for people.
 *
 * Objects, lists and values in the order in which they are emitted; a value's name is the key of JSON
 * and the beginning of its line. The text grows as needed; without memory the rest is dropped and
 * `has_failed` is set. One thread.
 */
#ifndef TNI_EMITTER_H
#define TNI_EMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TNI_EMITTER_DEPTH = 16 };

struct tni_emitter {
    bool is_json;
    bool has_failed;
    char *text; /* ends with a NUL once something was emitted */
    size_t size, capacity;
    unsigned depth;
    unsigned indent;
    struct {
        bool has_members;
        bool is_list;
        bool is_indented;
    } level[TNI_EMITTER_DEPTH];
};

void tni_emitter_init(struct tni_emitter *emitter, bool is_json);
void tni_emitter_fini(struct tni_emitter *emitter);

/** Begins an object or a list. `name`: its key, NULL inside a list and at the top. `label`: its line for
 *  people, under which its members stand; NULL: they stand where it would. */
void tni_emit_object(struct tni_emitter *emitter, const char *name, const char *label);
void tni_emit_list(struct tni_emitter *emitter, const char *name, const char *label);
void tni_emit_end(struct tni_emitter *emitter);

void tni_emit_number(struct tni_emitter *emitter, const char *name, uint64_t value);
/** A number that people do not want to see when it is 0. */
void tni_emit_count(struct tni_emitter *emitter, const char *name, uint64_t value);
void tni_emit_text(struct tni_emitter *emitter, const char *name, const char *value);
void tni_emit_flag(struct tni_emitter *emitter, const char *name, bool value);

#endif
