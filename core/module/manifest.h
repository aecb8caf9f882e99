/*
 * manifest.h: what one file of plugins.d says.
 *
 * A pure parser: bytes in, a structure and line-numbered diagnostics out; no file, no lock, no log.
 * The structure owns its strings. What the lines mean for a context is not decided here.
 */
#ifndef TNI_MANIFEST_H
#define TNI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Numbers of tn_feature_kind, and two that only manifests use. */
enum { TNI_KIND_ANY = 0, TNI_KIND_LAYER = 100 };

enum { TNI_NAME_MAX = 40 }; /* bytes of a feature's name */

/** "transport:tcp", and the line that it stands in. */
struct tni_ref {
    int kind;
    char *name;
    unsigned line;
};

struct tni_refs {
    struct tni_ref *item;
    size_t count;
};

struct tni_setting { /* option.NAME = VALUE */
    char *name;
    char *value;
    unsigned line;
};

enum tni_severity {
    TNI_NOTE_WARNING, /* the line was skipped, nothing depends on it            */
    TNI_NOTE_ERROR, /* the module of this manifest must not be used           */
    TNI_NOTE_POLICY, /* a line of policy was not understood: nothing is safe   */
};

struct tni_note {
    enum tni_severity severity;
    unsigned line;
    char *text;
};

enum tni_load { TNI_LOAD_LAZY, TNI_LOAD_EAGER, TNI_LOAD_NEVER };

struct tni_manifest {
    char *name; /* what the caller calls the file */
    char *module; /* stem or absolute path; NULL: policy alone */
    unsigned module_line;
    struct tni_refs provides, requires, deny, alias;
    bool has_requires;
    char **match; /* names of programs */
    size_t match_count;
    enum tni_load load;
    bool is_required;
    unsigned required_line;
    int priority; /* -1: not given */
    bool has_sha256;
    uint8_t sha256[32];
    unsigned sha256_line;
    char *control; /* where `tenon stat` finds the process; NULL: not said */
    unsigned control_line;
    struct tni_setting *settings;
    size_t setting_count;
    struct tni_setting *globals; /* socket.NAME and context.NAME, by their whole names */
    size_t global_count;
    struct tni_note *notes;
    size_t note_count;
    bool is_empty; /* nothing but blanks and comments: masks */
};

/** Parses `bytes`. 0 also when there are diagnostics, which are then in `notes`; -ENOMEM. */
int tni_manifest_parse(const char *name, const char *bytes, size_t size,
                       struct tni_manifest **out_manifest);

/** NULL is allowed. */
void tni_manifest_free(struct tni_manifest *manifest);

/** A manifest without a file, with `module` and nothing else. NULL: no memory. */
struct tni_manifest *tni_manifest_new(const char *name, const char *module);

/** The text with a NUL, from tni_malloc. NULL: no memory. */
char *tni_manifest_copy(const char *text, size_t length);

/** Appends a copy of a reference. 0 or -ENOMEM. */
int tni_refs_add(struct tni_refs *refs, int kind, const char *name, size_t length, unsigned line);

bool tni_refs_has(const struct tni_refs *refs, int kind, const char *name);

/** "transport" ... "authenticator", "layer"; NULL: no such kind. */
const char *tni_kind_name(int kind);
/** TNI_KIND_ANY: no such kind. */
int tni_kind_from_name(const char *name, size_t length);

/** Whether this is a feature's name: [a-z0-9_.-]+, at most TNI_NAME_MAX bytes. */
bool tni_is_feature_name(const char *name, size_t length);

#endif
