/* What both kinds of registry tell in the same way. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "module/inspect.h"

enum { TEXT = 512 };

static void print_value(const tn_option_desc_t *option, const tn_value_t *value, char text[TEXT])
{
    if (option->flags & TN_OPTION_SECRET)
        snprintf(text, TEXT, "%s", value->data || value->number ? "(secret)" : "");
    else if (option->type == TN_OPTION_BOOL)
        snprintf(text, TEXT, "%s", value->number ? "yes" : "no");
    else if (option->type == TN_OPTION_INT)
        snprintf(text, TEXT, "%" PRId64, value->number);
    else
        snprintf(text, TEXT, "%s",
                 option->type == TN_OPTION_STR && value->data ? (const char *)value->data : "");
}

static void print_range(const tn_option_desc_t *option, char text[TEXT])
{
    if (option->type == TN_OPTION_BOOL)
        snprintf(text, TEXT, "yes or no");
    else if (option->type == TN_OPTION_INT)
        snprintf(text, TEXT, "%" PRId64 " to %" PRId64, option->min, option->max);
    else if (option->min > 0)
        snprintf(text, TEXT, "%" PRId64 " to %" PRId64 " bytes", option->min, option->max);
    else
        snprintf(text, TEXT, "at most %" PRId64 " bytes", option->max);
}

int tni_inspect_tell(const char *kind, const char *feature, const tn_option_desc_t *option,
                     const tn_value_t *now, const char *source,
                     int (*visit)(const tn_option_info_t *info, void *arg), void *arg)
{
    static const char *const types[] = {"", "int", "bool", "text", "blob"};
    char range[TEXT], value[TEXT], usual[TEXT];
    tn_value_t original = {.number = option->default_int, .data = option->default_str};
    tn_option_info_t info = {.kind = kind,
                             .feature = feature,
                             .name = option->name,
                             .type = types[option->type],
                             .unit = option->unit,
                             .range = range,
                             .help = option->help,
                             .default_value = usual,
                             .value = value,
                             .source = source};

    print_range(option, range);
    print_value(option, &original, usual);
    print_value(option, now, value);
    return visit(&info, arg);
}

int tni_inspect_chain(struct tni_registry *registry, const char *scheme, char *buffer, size_t size)
{
    struct tni_scheme chain;
    size_t used = 0;
    int rc = tni_registry_endpoint(registry, scheme, &chain);

    if (rc < 0)
        return rc;
    for (unsigned i = chain.depth; i-- > 0;) {
        int length =
            snprintf(buffer + used, size - used, "%s%s", chain.layer[i]->name, i > 0 ? "+" : "");

        if (length < 0 || (size_t)length >= size - used)
            return tni_fail(-EMSGSIZE, "the chain of \"%.60s\" does not fit into %zu bytes", scheme,
                            size);
        used += (size_t)length;
    }
    return 0;
}
