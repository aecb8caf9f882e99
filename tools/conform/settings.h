/*
 * settings.h: what the two sides of a mechanism are told: its options, by side.
 *
 * Given on the command line ("client:curve_serverkey=...") or in a file, and completed for mechanisms that say
 * by the names of their options what those are. The process's; nobody changes it while a case runs.
 */
#ifndef TENON_TOOLS_CONFORM_SETTINGS_H
#define TENON_TOOLS_CONFORM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <tenon/module.h>

enum settings_side {
    SETTINGS_CLIENT = 1,
    SETTINGS_SERVER = 2,
    SETTINGS_WRONG =
        4, /* of a client that is not to be let in: one at a time in place of the right ones */
};

struct setting {
    unsigned sides;
    char name[64];
    char value[320];
};

struct settings {
    struct setting item[64];
    int count;
};

/** "[SIDE:]NAME=VALUE"; without a side it is for client and server. Negative: `why` says what is wrong. */
int settings_add(struct settings *settings, const char *text, char *why, size_t size);
/** A file of them, one a line; lines that are empty or begin with # count for nothing. */
int settings_read(struct settings *settings, const char *path, char *why, size_t size);

/** Those of `given` whose options the feature has, with their names as in its table, and what is missing as
 *  far as names tell: key pairs, users, secrets, and which side is the server. Negative: one is unknown. */
int settings_complete(struct settings *out, const struct settings *given,
                      const tn_feature_t *feature, char *why, size_t size);

/** The last one for that side; NULL: none. */
const struct setting *settings_find(const struct settings *settings, unsigned side,
                                    const char *name);
/** The option of the feature, or NULL. */
const tn_option_desc_t *settings_option(const tn_feature_t *feature, const char *name);

#endif
