/*
 * endpoint.h: one bind or one connect of a socket.
 *
 * Owned by its socket, under its lock. What it stands on (a listener, a session, an entry of inproc's
 * table) is reached through its transport. The texts and option snapshots do not change after it was
 * made, and outlive it in whoever copied them.
 */
#ifndef TNI_ENDPOINT_H
#define TNI_ENDPOINT_H

#include <stdbool.h>

#include <tenon/module.h>

#include "base/list.h"
#include "module/registry.h"
#include "options/options.h"
#include "options/store.h"

struct tn_sock;
struct tn_pipe;

struct tn_endpoint {
    struct tni_link link; /* in sock->endpoints */
    struct tn_sock *sock;
    unsigned role;
    char *given; /* as the program wrote it; may hold a secret, and is not shown */
    bool has_secret; /* an option in `given` is one */
    char *text; /* with wildcards filled in, still with the scheme as written */
    char *address; /* what the transport gets */
    struct tni_scheme scheme;
    struct tni_options options;
    struct tni_store module_options;

    /* network */
    struct tni_session *session; /* of a connect */
    struct tn_listener *listener; /* of a bind */
    /* inproc and its like */
    struct tn_pipe *pipe; /* of a connect; counted */
    bool is_attaching; /* the transport's attach is running, under our socket's lock */
};

/** Parses, resolves and starts an endpoint of the socket. Under the socket's lock. */
int tni_endpoint_open(struct tn_sock *sock, const char *text, unsigned role);
/** The same for a connect whose peer has a number. -ENOTSUP. */
int tni_endpoint_connect_peer(struct tn_sock *sock, const char *text, uint32_t *out_number);
/** What an open would say before it does anything. */
int tni_endpoint_check(struct tn_sock *sock, const char *text, unsigned role);
/** Finds and ends the endpoint of that text. -ENOENT. */
int tni_endpoint_close(struct tn_sock *sock, const char *text, unsigned role);
/** Ends one, or all. */
void tni_endpoint_end(struct tn_endpoint *endpoint);
/** Frees what is left of it in a child process. */
void tni_endpoint_free(struct tn_endpoint *endpoint);

/** The value of a module's option for this endpoint: from the endpoint's text, the socket, the
 *  manifests, or the default. Or a common option of the socket. -TN_ENOOPTION. */
int tni_endpoint_option(const struct tni_options *options, const struct tni_store *store,
                        struct tni_registry *registry, const struct tni_feature *feature,
                        const char *name, tn_value_t *out_value);

/** host->endpoint_join of module.h. */
int tni_endpoint_join(tn_endpoint_t *connecting, tn_endpoint_t *bound);

#endif
