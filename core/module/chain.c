#include "module/chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/log.h"
#include "module/policy.h"

enum { NAME_SIZE = 48 };

/* From the top down: what stands above decides whether a denied transport is protected. */
struct descent {
    struct tni_loader *loader;
    const char *scheme; /* as written */
    const struct tni_feature *top_down[TNI_MAX_LAYERS];
    unsigned depth;
    bool is_protected; /* a layer so far encrypts and authenticates what is below */
};

static int denied(const struct descent *descent, const char *name, const struct tni_rule *rule,
                  const char *form)
{
    tni_log(TN_LOG_INFO, "policy", "endpoint scheme %s is denied: %s:%s (%s:%u)", descent->scheme,
            form, name, rule->entry->path, rule->line);
    return tni_fail(-TN_EDENIED,
                    "the scheme \"%s\" is denied by policy: it reaches \"%s\"%s, and %s:%u says "
                    "`deny = %s:%s`",
                    descent->scheme, name,
                    strcmp(form, "transport") == 0 ? " without a layer above that protects it" : "",
                    rule->entry->path, rule->line, form, name);
}

static int check_denied(const struct descent *descent, const char *name)
{
    const struct tni_catalog *catalog = descent->loader->catalog;
    struct tni_rule rule;

    if (tni_policy_denies(catalog, TNI_KIND_LAYER, name, &rule))
        return denied(descent, name, &rule, "layer");
    if (!descent->is_protected && tni_policy_denies(catalog, TN_TRANSPORT, name, &rule))
        return denied(descent, name, &rule, "transport");
    return 0;
}

/* One more element; `must_be_layer` when the scheme names something below it. */
static int step_down(struct descent *descent, const char *name, bool must_be_layer)
{
    const struct tni_loaded *loaded = NULL;
    const tn_transport_ops_t *ops;
    int rc;

    if (descent->depth == TNI_MAX_LAYERS)
        return tni_fail(-EINVAL, "the scheme \"%s\" has more than %d layers", descent->scheme,
                        TNI_MAX_LAYERS);
    rc = check_denied(descent, name);
    if (rc == 0)
        rc = tni_loader_want(descent->loader, TN_TRANSPORT, name, &loaded, NULL);
    if (rc != 0)
        return rc;
    ops = &loaded->feature.ops.transport;
    if (must_be_layer && ops->shape != TN_SHAPE_LAYER)
        return tni_fail(-EINVAL,
                        "in the scheme \"%s\", \"%s\" is not a layer: nothing can be below it",
                        descent->scheme, name);
    if (descent->depth > 0 && (ops->shape == TN_SHAPE_MESSAGE || ops->shape == TN_SHAPE_DATAGRAM))
        return tni_fail(
            -EINVAL, "in the scheme \"%s\", \"%s\" moves whole messages: no layer can stand on it",
            descent->scheme, name);
    descent->top_down[descent->depth++] = &loaded->feature;
    descent->is_protected = descent->is_protected ||
                            (ops->shape == TN_SHAPE_LAYER && (ops->flags & TN_TRANSPORT_PROTECTS));
    return 0;
}

/* The element of the scheme at `*cursor`, up to the next "+". False: none, or too long. */
static bool next_name(const char **cursor, char out_name[NAME_SIZE])
{
    size_t length = strcspn(*cursor, "+");

    if (!tni_is_feature_name(*cursor, length) || length >= NAME_SIZE)
        return false;
    memcpy(out_name, *cursor, length);
    out_name[length] = '\0';
    *cursor += length;
    return true;
}

static const char *aliased(const struct descent *descent, const char *name)
{
    struct tni_rule rule;
    const char *target = tni_policy_alias(descent->loader->catalog, name, &rule);

    if (!target)
        return name;
    tni_log(TN_LOG_INFO, "policy", "endpoint scheme %s: %s becomes %s (alias, %s:%u)",
            descent->scheme, name, target, rule.entry->path, rule.line);
    return target;
}

static int explain_alias(const struct descent *descent, const char *name, const char *target,
                         int code)
{
    if (name == target || code != -TN_EMODULE)
        return code;
    return tni_fail_context(code,
                            "the scheme \"%s\" is moved to \"%s\" by policy, which is not there",
                            descent->scheme, target);
}

static int descend_written(struct descent *descent)
{
    const char *cursor = descent->scheme;
    char name[NAME_SIZE];
    int rc = 0;

    do {
        const char *wanted = name;

        if (!next_name(&cursor, name))
            return tni_fail(-EINVAL,
                            "\"%.80s\" is not a scheme: names of a-z 0-9 _ . - joined by +",
                            descent->scheme);
        if (descent->depth == 0)
            wanted = aliased(descent, name);
        rc = step_down(descent, wanted, *cursor == '+');
        rc = explain_alias(descent, name, wanted, rc);
    } while (rc == 0 && *cursor++ == '+');
    return rc;
}

static int descend_default(struct descent *descent)
{
    int rc = 0;

    while (rc == 0 && descent->depth > 0) {
        const tn_transport_ops_t *lowest = &descent->top_down[descent->depth - 1]->ops.transport;

        if (lowest->shape != TN_SHAPE_LAYER)
            return 0;
        rc = step_down(descent, lowest->lower, false);
    }
    return rc;
}

int tni_chain_resolve(struct tni_loader *loader, const char *scheme, struct tni_scheme *out_scheme)
{
    struct descent descent = {.loader = loader, .scheme = scheme};
    int rc = descend_written(&descent);

    if (rc == 0)
        rc = descend_default(&descent);
    if (rc < 0)
        return rc;
    *out_scheme = (struct tni_scheme){.depth = descent.depth};
    for (unsigned i = 0; i < descent.depth; i++)
        out_scheme->layer[descent.depth - 1 - i] = descent.top_down[i];
    return 0;
}
