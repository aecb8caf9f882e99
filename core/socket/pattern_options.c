#include "socket/pattern_options.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "module/registry.h"
#include "options/value.h"
#include "socket/ctx.h"
#include "socket/socket.h"

int tni_pattern_option(const struct tn_sock *sock, const char *name)
{
    const tn_option_desc_t *table = sock->pattern->options;

    for (int i = 0; table && table[i].name; i++)
        if (strcmp(table[i].name, name) == 0)
            return i;
    return -1;
}

int tni_pattern_option_set(struct tn_sock *sock, int index, const tn_value_t *value)
{
    const tn_option_desc_t *desc = &sock->pattern->options[index];
    int rc;

    if (desc->flags & TN_OPTION_NO_SET)
        return tni_fail(-EACCES, "option '%s' can only be read", desc->name);
    rc = tni_value_check(desc, value);
    if (rc == 0)
        rc = sock->ops->set(sock->pattern_state, (unsigned)index, value);
    return rc < 0 ? rc : tni_store_set(&sock->pattern_options, desc->name, value);
}

/* What the pattern does not tell is what was set. */
int tni_pattern_option_get(struct tn_sock *sock, int index, tn_value_t *out_value)
{
    const tn_option_desc_t *desc = &sock->pattern->options[index];
    int rc;

    if (desc->flags & TN_OPTION_NO_GET)
        return tni_fail(-EACCES, "option '%s' can only be set", desc->name);
    rc = sock->ops->get(sock->pattern_state, (unsigned)index, out_value);
    if (rc != -ENOTSUP || tni_store_get(&sock->pattern_options, desc->name, out_value) == 0)
        return rc == -ENOTSUP ? 0 : rc;
    tni_value_default(desc, out_value);
    return 0;
}

int tni_pattern_options_begin(struct tn_sock *sock)
{
    const tn_option_desc_t *table = sock->pattern->options;
    int rc = 0;

    for (int i = 0; rc == 0 && table && table[i].name; i++) {
        const char *source = "default";
        tn_value_t value;

        rc = tni_registry_default(sock->ctx->registry, sock->pattern, table[i].name, &value,
                                  &source);
        if (rc == 0 && strcmp(source, "default") != 0)
            rc = tni_pattern_option_set(sock, i, &value);
    }
    return rc;
}
