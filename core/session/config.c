#include "session/config.h"

#include <errno.h>

#include "base/error.h"
#include "base/memory.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/socket.h"

/* The only one until modules bring others. */
static const char default_mechanism[] = "null";

int tni_config_new(const struct tn_endpoint *endpoint, struct tni_config **out_config)
{
    struct tni_config *config = tni_calloc(1, sizeof *config);
    int rc;

    if (!config)
        return tni_fail(-ENOMEM, "out of memory for an endpoint");
    atomic_init(&config->refs, 1);
    config->sock = endpoint->sock;
    config->pattern = endpoint->sock->ops;
    config->role = endpoint->role;
    config->scheme = endpoint->scheme;
    tni_store_init(&config->module_options);
    config->text = tni_strdup(endpoint->text);
    config->address = tni_strdup(endpoint->address);
    if (tni_options_copy(&config->options, &endpoint->options) < 0 || !config->text ||
        !config->address ||
        tni_store_copy(&config->module_options, &endpoint->module_options) < 0) {
        tni_config_unref(config);
        return tni_fail(-ENOMEM, "out of memory for an endpoint");
    }
    rc = tni_registry_find(config->sock->ctx->registry, TN_MECHANISM, default_mechanism,
                           &config->mechanism);
    if (rc < 0) {
        tni_config_unref(config);
        return rc;
    }
    *out_config = config;
    return 0;
}

struct tni_config *tni_config_ref(struct tni_config *config)
{
    atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

void tni_config_unref(struct tni_config *config)
{
    if (atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) != 1)
        return;
    tni_options_fini(&config->options);
    tni_store_fini(&config->module_options);
    tni_free(config->text);
    tni_free(config->address);
    tni_free(config);
}
