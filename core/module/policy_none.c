/* Policy of a registry of fixed modules: what is not linked in is not there. */
#include "module/policy.h"

bool tni_policy_denies(const struct tni_catalog *catalog, int kind, const char *name,
                       struct tni_rule *out_rule)
{
    (void)catalog;
    (void)kind;
    (void)name;
    (void)out_rule;
    return false;
}

const char *tni_policy_alias(const struct tni_catalog *catalog, const char *scheme,
                             struct tni_rule *out_rule)
{
    (void)catalog;
    (void)scheme;
    (void)out_rule;
    return NULL;
}
