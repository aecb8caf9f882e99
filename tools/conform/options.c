/* The description of a pattern or a mechanism, and its options. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tenon/mechanism.h>
#include <tenon/pattern.h>

#include "mechanism_cases.h"
#include "pattern_cases.h"
#include "sides.h"

void conform_run_descriptor(const struct subject *subject)
{
    tn_ctx_t *ctx = tn_ctx_new();
    const tn_feature_t *feature = subject->feature;

    CONFORM(ctx && tn_ctx_add_module(ctx, subject->module) == 0, "%s", tn_last_error());
    CONFORM(feature->summary && feature->summary[0], "it has no summary, which `tenon info` shows");
    CONFORM(feature->priority >= 0 && feature->priority <= 100, "its priority is %d, not 0 to 100",
            feature->priority);
    for (const tn_option_desc_t *desc = feature->options; desc && desc->name; desc++)
        CONFORM(desc->help && desc->help[0], "option %s has no help", desc->name);
    /* Loads it, which checks the rest. */
    CONFORM(tn_feature_options(ctx, feature->name, NULL, NULL) != -TN_EMODULE, "%s",
            tn_last_error());
    CONFORM(tn_ctx_term(ctx, 1000) == 0, "%s", tn_last_error());
}

/* "NAME" of a pattern, "FEATURE.NAME" of everything else. */
static void name_option(const struct subject *subject, const tn_option_desc_t *desc, char *out,
                        size_t size)
{
    bool is_pattern = subject->feature->kind == TN_PATTERN;

    snprintf(out, size, "%s%s%s", is_pattern ? "" : subject->feature->name, is_pattern ? "" : ".",
             desc->name);
}

static void try_number(tn_socket_t *socket, const tn_option_desc_t *desc, const char *name)
{
    const int64_t inside[] = {desc->min, desc->max, desc->default_int};
    int64_t value;

    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        CONFORM(tn_set_int(socket, name, inside[i]) == 0, "option %s does not take %" PRId64 ": %s",
                name, inside[i], tn_last_error());
        if (desc->flags & TN_OPTION_NO_GET)
            continue;
        CONFORM(tn_get_int(socket, name, &value) == 0 && value == inside[i],
                "option %s was set to %" PRId64 " and reads otherwise", name, inside[i]);
    }
    if (desc->min > INT64_MIN)
        CONFORM(tn_set_int(socket, name, desc->min - 1) == -EINVAL,
                "option %s takes %" PRId64 ", below its least value", name, desc->min - 1);
    if (desc->max < INT64_MAX)
        CONFORM(tn_set_int(socket, name, desc->max + 1) == -EINVAL,
                "option %s takes %" PRId64 ", above its greatest value", name, desc->max + 1);
}

static void try_bytes(tn_socket_t *socket, const tn_option_desc_t *desc, const char *name)
{
    static char text[70000], back[70000];
    size_t most = desc->max < 60000 ? (size_t)desc->max : 60000, size = sizeof back;
    bool is_text = desc->type == TN_OPTION_STR;
    int rc;

    memset(text, 'x', most + 1);
    text[most] = '\0';
    rc = is_text ? tn_set_str(socket, name, text) : tn_set_blob(socket, name, text, most);
    CONFORM(rc == 0, "option %s does not take %zu bytes: %s", name, most, tn_last_error());
    if (!(desc->flags & TN_OPTION_NO_GET)) {
        rc = is_text ? tn_get_str(socket, name, back, &size)
                     : tn_get_blob(socket, name, back, &size);
        CONFORM(rc == 0 && size == most + is_text && memcmp(text, back, size) == 0,
                "option %s was set to %zu bytes and reads otherwise", name, most);
    }
    text[most] = 'x';
    text[most + 1] = '\0';
    rc = is_text ? tn_set_str(socket, name, text) : tn_set_blob(socket, name, text, most + 1);
    CONFORM(desc->max > 60000 || rc == -EINVAL, "option %s takes more than its %zu bytes", name,
            most);
}

void conform_run_feature_options(const struct subject *subject)
{
    bool is_pattern = subject->feature->kind == TN_PATTERN;
    tn_ctx_t *ctx = side_new_context(subject);
    const tn_option_desc_t *desc = subject->feature->options;
    char name[160];

    for (; desc && desc->name; desc++) {
        tn_socket_t *socket = tn_socket(ctx, is_pattern ? subject->feature->name : "pair");

        CONFORM(socket, "%s", tn_last_error());
        name_option(subject, desc, name, sizeof name);
        if (desc->flags & TN_OPTION_NO_SET)
            CONFORM(tn_set_int(socket, name, desc->default_int) < 0,
                    "option %s can only be read, and yet was set", name);
        else if (desc->type == TN_OPTION_INT || desc->type == TN_OPTION_BOOL)
            try_number(socket, desc, name);
        else
            try_bytes(socket, desc, name);
        tn_close(socket);
    }
    if (is_pattern) {
        tn_socket_t *socket = tn_socket(ctx, subject->feature->name);

        CONFORM(socket, "%s", tn_last_error());
        CONFORM(tn_set_int(socket, "no_such_option", 1) == -TN_ENOOPTION,
                "an option that does not exist is taken");
        tn_close(socket);
    }
    side_end_context(ctx);
}
