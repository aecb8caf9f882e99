/*
 * conform.h: the cases by which `tenon conform` tries a module.
 *
 * A case runs in a child process of its own with a time limit, and drives the module through the library,
 * as programs do. It ends by returning (all is well), by conform_fail or by conform_skip. What the module
 * does inside its ops is watched meanwhile (rules.h).
 */
#ifndef TENON_TOOLS_CONFORM_H
#define TENON_TOOLS_CONFORM_H

#include <stdbool.h>
#include <stddef.h>

#include <tenon/module.h>
#include <tenon/tenon.h>

/** What is tried. */
struct subject {
    const tn_module_t *module; /* as its author wrote it */
    const tn_module_t *watched; /* the same with watched ops, for tn_ctx_add_module */
    const tn_feature_t *feature;
    /** Where a bind may go: "wire://127.0.0.1:*"; %d is a directory, %n a number of its own. NULL: not
     *  found yet. */
    const char *endpoint;
    const char *directory;
    const char *connect_options; /* "ca=cert.pem&...", for connects; "": none */
    /** "pty" or "socketpair": the kit makes two ends, by whose names or numbers %a in `endpoint` and %b in
     *  `connect_endpoint` are replaced; one connection at a time. NULL: a bind makes the connections. */
    const char *ends;
    const char *connect_endpoint;
    const char *script; /* of a pattern: the file with its machine; NULL: none */
    const struct settings *settings; /* of a mechanism: what its two sides are told (settings.h) */
};

struct settings;

struct conform_case {
    const char *name;
    const char *expects; /* in one sentence */
    const char *why; /* what goes wrong in programs otherwise */
    int seconds; /* longest time */
    void (*run)(const struct subject *subject);
};

/** What one kind of feature is tried by. `cases` is ended by a name that is NULL. */
struct conform_suite {
    const char *kind; /* "transport" */
    unsigned feature_kind;
    const struct conform_case *cases;
    /** Fills in what the cases need. Negative: they cannot be run, and `why` says for what reason; 1: they do
     *  not apply to this feature. */
    int (*prepare)(struct subject *subject, char *why, size_t size);
};

extern const struct conform_suite conform_transports, conform_patterns, conform_mechanisms;

/** The endpoint with its marks filled in. */
void conform_fill_in(const struct subject *subject, char *out, size_t size);

/** Ends the case: the module does not do what is expected. */
void conform_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/** Ends the case: it does not apply here. */
void conform_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/** Leaves a sentence for the report of a case that passes. */
void conform_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CONFORM(condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            conform_fail(__VA_ARGS__);                                                             \
    } while (0)

enum conform_verdict { CONFORM_PASSED, CONFORM_FAILED, CONFORM_SKIPPED };

struct conform_result {
    const struct conform_suite *suite;
    const tn_feature_t *feature;
    const struct conform_case *what;
    enum conform_verdict verdict;
    char reason[1024]; /* of a failure or a skip; a note */
};

/** Runs one case in a child process. */
void conform_run(const struct conform_case *what, const struct subject *subject,
                 struct conform_result *out_result);

void conform_report_text(const struct conform_result *result);
void conform_report_json(const tn_module_t *module, const struct conform_result *results,
                         size_t count);

#endif
