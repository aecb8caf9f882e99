#include "session/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "monitor/monitor.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/host.h"
#include "socket/socket.h"

/* ------------------------------------------------------------------ what the layers' streams share */

static const tn_transport_ops_t *layer_ops(const struct tni_config *config, unsigned layer)
{
    return &config->scheme.layer[layer]->ops.transport;
}

static int prepare(struct tni_config *config)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < config->scheme.depth; i++) {
        const tn_transport_ops_t *ops = layer_ops(config, i);
        const struct tn_setup setup = {.config = config, .layer = config->scheme.layer[i]};

        if (ops->endpoint_state)
            config->shared[i] = tni_calloc(1, ops->endpoint_state);
        if (ops->endpoint_state && !config->shared[i])
            return tni_fail(-ENOMEM, "out of memory for an endpoint");
        rc = ops->prepare(config->shared[i], &setup, &config->sock->ctx->host, config->role,
                          config->address);
        if (rc < 0) {
            tni_free(config->shared[i]);
            config->shared[i] = NULL;
        }
    }
    return rc;
}

static void release(struct tni_config *config)
{
    for (unsigned i = config->scheme.depth; i-- > 0;) {
        if (config->shared[i])
            layer_ops(config, i)->release(config->shared[i]);
        tni_free(config->shared[i]);
    }
}

static int setup_option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    const struct tni_config *config = setup->config;

    return tni_endpoint_option(&config->options, &config->module_options,
                               config->sock->ctx->registry, setup->layer, name, out_value);
}

void tni_config_complete(tn_host_t *host)
{
    host->setup_option = setup_option;
}

/* ------------------------------------------------------------------ life */

int tni_config_new(const struct tn_endpoint *endpoint, struct tni_config **out_config)
{
    struct tni_config *config = tni_calloc(1, sizeof *config);
    int rc;

    if (!config)
        return tni_fail(-ENOMEM, "out of memory for an endpoint");
    atomic_init(&config->refs, 1);
    tni_limit_init(config, &endpoint->options);
    config->sock = endpoint->sock;
    config->pattern = endpoint->sock->ops;
    config->role = endpoint->role;
    config->is_raw = endpoint->sock->is_raw;
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
    rc = tni_security_init(&config->security, config);
    if (rc == 0)
        rc = prepare(config);
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
    release(config);
    tni_security_fini(&config->security);
    tni_limit_fini(config);
    tni_options_fini(&config->options);
    tni_store_fini(&config->module_options);
    tni_free(config->text);
    tni_free(config->address);
    tni_free(config);
}

/* ------------------------------------------------------------------ a bind */

int tni_config_name(struct tni_config *config, struct tn_endpoint *endpoint, const char *taken)
{
    const char *address = strstr(endpoint->given, "://") + 3;
    const char *options = strchr(address, '?');
    size_t scheme = (size_t)(address - endpoint->given);
    size_t size = scheme + strlen(taken) + (options ? strlen(options) : 0) + 1;
    char *text = tni_malloc(size);

    if (!text)
        return tni_fail(-ENOMEM, "out of memory");
    snprintf(text, size, "%.*s%s", (int)scheme, endpoint->given, taken);
    tni_free(endpoint->text);
    endpoint->text = text;
    tni_free(config->text);
    config->text = tni_strdup(text);
    return config->text ? 0 : tni_fail(-ENOMEM, "out of memory");
}

void tni_config_event(const struct tni_config *config, uint32_t kind, int code, int fd)
{
    struct tni_monitor_hub *hub = &config->sock->monitors;
    tn_event_t event;

    if (!tni_monitor_wants(hub, kind))
        return;
    tni_event_init(&event, kind);
    event.error = code;
    event.value = event.fd = fd;
    TNI_EVENT_TEXT(event.endpoint, config->text);
    if (code < 0)
        TNI_EVENT_TEXT(event.reason, tni_error_text());
    tni_monitor_emit(hub, &event);
}
