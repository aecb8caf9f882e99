/*
 * config.h: what a bind or connect laid down for its connections.
 *
 * Made from the endpoint under the socket's lock, constant afterwards, counted: the endpoint's listener
 * or session holds one reference, each accepted session another. Any thread reads it.
 */
#ifndef TNI_SESSION_CONFIG_H
#define TNI_SESSION_CONFIG_H

#include <stdatomic.h>

#include <tenon/transport.h>

#include "module/registry.h"
#include "options/options.h"
#include "options/store.h"
#include "session/address.h"
#include "session/gate.h"
#include "session/limit.h"
#include "session/security.h"

struct tn_endpoint;
struct tn_sock;

struct tni_config {
    atomic_uint refs;
    struct tni_gate gate; /* to the handshakes of accepted sessions */
    atomic_uint in_line; /* of them, before any gate */
    struct tni_addresses addresses; /* where accepted ones come from */
    struct tni_limit_log limit_log;
    struct tn_sock *sock;
    const tn_pattern_ops_t *pattern;
    unsigned role;
    bool is_raw; /* bytes without ZMTP */
    struct tni_scheme scheme;
    struct tni_security security;
    struct tni_options options;
    struct tni_store module_options;
    char *text; /* the endpoint as the program wrote it; for a bind, with wildcards filled in */
    char *address; /* what the transport gets */
    void *shared[TNI_MAX_LAYERS]; /* what `prepare` of each layer made, for all its streams */
};

/** Returns new, its layers prepared; application thread. -ENOMEM; -TN_EMODULE, -TN_EDENIED: the
 *  mechanism; what a layer says of its options. */
int tni_config_new(const struct tn_endpoint *endpoint, struct tni_config **out_config);
/** A bind's address is `taken`: the endpoint's text and ours get it, with the scheme and the options as
 *  they were written. Before anybody else has the config. -ENOMEM. */
int tni_config_name(struct tni_config *config, struct tn_endpoint *endpoint, const char *taken);
/** Tells monitors of the bind. */
void tni_config_event(const struct tni_config *config, uint32_t kind, int code, int fd);
struct tni_config *tni_config_ref(struct tni_config *config);
void tni_config_unref(struct tni_config *config);

/** What a layer's `prepare` asks for options. */
struct tn_setup {
    const struct tni_config *config;
    const struct tni_feature *layer;
};

/** The entries of the host table for `prepare`. */
void tni_config_complete(tn_host_t *host);

static inline const tn_transport_ops_t *tni_config_bottom(const struct tni_config *config)
{
    return &config->scheme.layer[0]->ops.transport;
}

#endif
