#include "socket/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/uri.h"
#include "message/peer_info.h"
#include "options/value.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/network.h"
#include "socket/socket.h"
#include "zmtp/peer.h"

/* ------------------------------------------------------------------ options */

static int module_option_name(const struct tni_feature *feature, const char *name, char *out,
                              size_t capacity)
{
    return snprintf(out, capacity, "%s.%s", feature->name, name);
}

int tni_endpoint_option(const struct tni_options *options, const struct tni_store *store,
                        struct tni_registry *registry, const struct tni_feature *feature,
                        const char *name, tn_value_t *out_value)
{
    char full[2 * TNI_URI_KEY_MAX];

    module_option_name(feature, name, full, sizeof full);
    if (tni_store_get(store, full, out_value) == 0)
        return 0;
    if (tni_option_find(feature->options, name))
        return tni_registry_default(registry, feature, name, out_value, NULL);
    return tni_options_get(options, name, out_value);
}

/* "plain.username": of that transport, mechanism or authenticator. */
static int find_owner(struct tn_endpoint *endpoint, const char *key, size_t owner_size,
                      const struct tni_feature **out_feature)
{
    char owner[TNI_URI_KEY_MAX + 1];
    int rc;

    snprintf(owner, sizeof owner, "%.*s", (int)owner_size, key);
    rc = tni_registry_owner(endpoint->sock->ctx->registry, owner, out_feature);
    if (rc < 0)
        return tni_fail_context(rc, "option '%s'", key);
    return tni_option_find((*out_feature)->options, key + owner_size + 1)
               ? 0
               : tni_options_unknown(key, (*out_feature)->options);
}

/* An option of one of the endpoint's layers, from the top. */
static const struct tni_feature *find_layer(const struct tn_endpoint *endpoint, const char *key)
{
    for (unsigned i = endpoint->scheme.depth; i-- > 0;)
        if (tni_option_find(endpoint->scheme.layer[i]->options, key))
            return endpoint->scheme.layer[i];
    return NULL;
}

static int set_module_option(struct tn_endpoint *endpoint, const struct tni_feature *feature,
                             const char *name, const char *text, size_t size)
{
    const tn_option_desc_t *desc = tni_option_find(feature->options, name);
    char storage[TNI_URI_MAX + 1];
    char full[2 * TNI_URI_KEY_MAX];
    tn_value_t value;
    int rc = tni_value_parse(desc, text, size, storage, sizeof storage, &value);

    module_option_name(feature, name, full, sizeof full);
    if (rc == 0)
        rc = tni_store_set(&endpoint->module_options, full, &value);
    if (desc->flags & TN_OPTION_SECRET) {
        endpoint->has_secret = true;
        explicit_bzero(storage, sizeof storage);
    }
    return rc;
}

/* A key of the endpoint's text: an option of a layer, of what it names before a dot, or a common one. */
static int set_option(struct tn_endpoint *endpoint, const char *key, const char *text, size_t size)
{
    const struct tni_feature *feature = find_layer(endpoint, key);
    const char *dot = strchr(key, '.');
    int rc;

    if (feature)
        return set_module_option(endpoint, feature, key, text, size);
    if (dot) {
        rc = find_owner(endpoint, key, (size_t)(dot - key), &feature);
        return rc < 0 ? rc : set_module_option(endpoint, feature, dot + 1, text, size);
    }
    if (tni_options_find(key))
        return tni_options_set_text(&endpoint->options, key, text, size);
    return tni_options_unknown(key, endpoint->scheme.layer[endpoint->scheme.depth - 1]->options);
}

/* What is shown of an endpoint, in events, logs and lists, ends before a secret. */
static void hide_secret(struct tn_endpoint *endpoint)
{
    size_t shown = strcspn(endpoint->text, "?");

    if (endpoint->has_secret)
        explicit_bzero(endpoint->text + shown, strlen(endpoint->text + shown));
}

static int set_options(struct tn_endpoint *endpoint, const struct tni_uri *uri)
{
    char text[TNI_URI_MAX + 1];
    char key[TNI_URI_KEY_MAX + 1];
    struct tni_uri_option option;
    size_t cursor = 0;
    ssize_t size;
    int rc = 0;

    while (rc == 0 && tni_uri_next_option(uri, &cursor, &option)) {
        size = tni_uri_value(option.value, text, sizeof text);
        if (size < 0)
            return (int)size;
        snprintf(key, sizeof key, "%.*s", (int)option.key.size, option.key.data);
        rc = set_option(endpoint, key, text, (size_t)size);
    }
    hide_secret(endpoint);
    if (endpoint->has_secret)
        explicit_bzero(text, sizeof text);
    return rc;
}

static void free_text(char *text)
{
    tni_free_secret(text, text ? strlen(text) : 0);
}

/* ------------------------------------------------------------------ making */

void tni_endpoint_free(struct tn_endpoint *endpoint)
{
    if (!endpoint)
        return;
    if (endpoint->pipe)
        tni_pipe_unref(endpoint->pipe);
    tni_options_fini(&endpoint->options);
    tni_store_fini(&endpoint->module_options);
    free_text(endpoint->given);
    free_text(endpoint->text);
    tni_free(endpoint->address);
    tni_free(endpoint);
}

static int endpoint_new(struct tn_sock *sock, const char *text, unsigned role,
                        const struct tni_uri *uri, struct tn_endpoint **out)
{
    struct tn_endpoint *endpoint = tni_calloc(1, sizeof *endpoint);

    if (!endpoint)
        return tni_fail(-ENOMEM, "endpoint '%s': out of memory", text);
    tni_link_init(&endpoint->link);
    endpoint->sock = sock;
    endpoint->role = role;
    tni_store_init(&endpoint->module_options);
    endpoint->given = tni_strdup(text);
    endpoint->text = tni_strdup(text);
    endpoint->address = tni_malloc(uri->address.size + 1);
    if (tni_options_copy(&endpoint->options, &sock->options) < 0 || !endpoint->given ||
        !endpoint->text || !endpoint->address ||
        tni_store_copy(&endpoint->module_options, &sock->module_options) < 0) {
        tni_endpoint_free(endpoint);
        return tni_fail(-ENOMEM, "endpoint '%s': out of memory", text);
    }
    tni_uri_address(uri, endpoint->address, uri->address.size + 1);
    *out = endpoint;
    return 0;
}

static const tn_transport_ops_t *bottom(const struct tn_endpoint *endpoint)
{
    return &endpoint->scheme.layer[0]->ops.transport;
}

/* Whether "conflate" holds for what the endpoint's socket sends, or receives. */
static bool conflates(const struct tn_endpoint *endpoint, uint32_t direction)
{
    uint32_t flags = endpoint->sock->ops->flags;

    return endpoint->options.conflate && (flags & TN_PATTERN_CONFLATES) && (flags & direction);
}

/* A connect has its pipe at once, and may queue; the other side comes when it is joined. */
static int open_pipe(struct tn_endpoint *endpoint)
{
    const uint64_t hwm[2] = {(uint64_t)endpoint->options.sndhwm, 0};
    const bool conflate[2] = {conflates(endpoint, TN_PATTERN_SENDS),
                              conflates(endpoint, TN_PATTERN_RECEIVES)};

    endpoint->pipe =
        tni_pipe_open(endpoint->sock, endpoint->text, &endpoint->options, hwm, conflate);
    if (!endpoint->pipe)
        return tni_error_code();
    endpoint->pipe->is_outgoing = true;
    atomic_fetch_add(&endpoint->pipe->refs, 1); /* the endpoint's */
    return tni_pipe_adopt(endpoint->pipe);
}

static int attach_message(struct tn_endpoint *endpoint)
{
    const struct tni_feature *feature = endpoint->scheme.layer[0];
    int rc = endpoint->role == TN_ROLE_CONNECT ? open_pipe(endpoint) : 0;

    if (rc < 0)
        return rc;
    endpoint->is_attaching = true;
    rc = feature->ops.transport.attach(feature->module_state, endpoint, &endpoint->sock->ctx->host,
                                       endpoint->address, endpoint->role);
    endpoint->is_attaching = false;
    if (rc < 0 && endpoint->pipe)
        tni_pipe_detach(endpoint->pipe);
    return rc;
}

static int start(struct tn_endpoint *endpoint)
{
    if (bottom(endpoint)->shape == TN_SHAPE_MESSAGE && endpoint->sock->is_raw)
        return tni_fail(-TN_ENOCOMPAT, "'%s' carries messages, not the bytes of a raw socket",
                        endpoint->text);
    if (bottom(endpoint)->shape == TN_SHAPE_MESSAGE)
        return attach_message(endpoint);
    if (!tni_network)
        return tni_fail(-ENOTSUP,
                        "endpoint '%s': this program was linked without network transports",
                        endpoint->text);
    return endpoint->role == TN_ROLE_BIND ? tni_network->bind(endpoint)
                                          : tni_network->connect(endpoint);
}

/* Datagrams carry only what both ends need no conversation for. */
static int check_shape(const struct tn_endpoint *endpoint)
{
    const tn_pattern_ops_t *pattern = endpoint->sock->ops;
    bool is_bind = endpoint->role == TN_ROLE_BIND;
    uint32_t needed = is_bind ? TN_PATTERN_BINDS_DATAGRAMS : TN_PATTERN_CONNECTS_DATAGRAMS;

    if (bottom(endpoint)->shape != TN_SHAPE_DATAGRAM)
        return pattern->flags & TN_PATTERN_ADDRESSES_DATAGRAMS
                   ? tni_fail(-TN_ENOCOMPAT, "a %s socket speaks over datagrams only",
                              pattern->wire_name)
                   : 0;
    if (pattern->flags & needed)
        return 0;
    return tni_fail(-TN_ENOCOMPAT, "a %s socket does not %s a transport of datagrams",
                    pattern->wire_name, is_bind ? "bind to" : "connect over");
}

static struct tn_endpoint *find(struct tn_sock *sock, const char *text, unsigned role)
{
    tni_list_each (link, &sock->endpoints) {
        struct tn_endpoint *endpoint = tni_container(link, struct tn_endpoint, link);
        if (endpoint->role == role &&
            (strcmp(endpoint->given, text) == 0 || strcmp(endpoint->text, text) == 0))
            return endpoint;
    }
    return NULL;
}

static int prepare(struct tn_endpoint *endpoint, const struct tni_uri *uri)
{
    struct tn_sock *sock = endpoint->sock;
    int rc = tni_registry_endpoint(sock->ctx->registry, uri->scheme, &endpoint->scheme);

    if (rc == 0)
        rc = check_shape(endpoint);
    for (unsigned i = 0; rc == 0 && i < endpoint->scheme.depth; i++)
        rc = endpoint->scheme.layer[i]->ops.transport.check(&sock->ctx->host, endpoint->address,
                                                            endpoint->role);
    if (rc == 0)
        rc = set_options(endpoint, uri);
    return rc;
}

int tni_endpoint_check(struct tn_sock *sock, const char *text, unsigned role)
{
    struct tn_endpoint *endpoint = NULL;
    struct tni_uri uri;
    int rc = tni_uri_parse(text, &uri);

    if (rc == 0)
        rc = endpoint_new(sock, text, role, &uri, &endpoint);
    if (rc == 0)
        rc = prepare(endpoint, &uri);
    if (rc == 0 && bottom(endpoint)->shape != TN_SHAPE_MESSAGE && tni_network)
        rc = tni_network->check(endpoint);
    tni_endpoint_free(endpoint);
    return rc;
}

/* `out_endpoint`: the new one, NULL when the pattern has it already. */
static int open_new(struct tn_sock *sock, const char *text, unsigned role,
                    struct tn_endpoint **out_endpoint)
{
    const char *verb = role == TN_ROLE_BIND ? "bind" : "connect";
    struct tn_endpoint *endpoint = NULL;
    struct tni_uri uri;
    int rc;

    if (!text)
        return tni_fail(-EINVAL, "%s: the endpoint is NULL", verb);
    rc = tni_uri_parse(text, &uri);
    if (rc < 0)
        return rc;
    if (role == TN_ROLE_CONNECT && (sock->ops->flags & TN_PATTERN_ONE_PER_ENDPOINT) &&
        find(sock, text, role))
        return 0;
    rc = endpoint_new(sock, text, role, &uri, &endpoint);
    if (rc < 0)
        return rc;
    rc = prepare(endpoint, &uri);
    if (rc == 0)
        rc = start(endpoint);
    if (rc < 0) {
        tni_endpoint_free(endpoint);
        return tni_fail_context(rc, "%s '%.*s'", verb, (int)strcspn(text, "?"), text);
    }
    tni_list_append(&sock->endpoints, &endpoint->link);
    pthread_mutex_lock(&sock->ctx->lock); /* a context that ends says which socket it waits for */
    snprintf(sock->last_endpoint, sizeof sock->last_endpoint, "%s", endpoint->text);
    pthread_mutex_unlock(&sock->ctx->lock);
    if (role == TN_ROLE_CONNECT)
        tni_id_clear(&sock->options.connect_routing_id);
    *out_endpoint = endpoint;
    return 0;
}

int tni_endpoint_open(struct tn_sock *sock, const char *text, unsigned role)
{
    struct tn_endpoint *endpoint;

    return open_new(sock, text, role, &endpoint);
}

int tni_endpoint_connect_peer(struct tn_sock *sock, const char *text, uint32_t *out_number)
{
    struct tn_endpoint *endpoint;
    int rc;

    if (!(sock->ops->flags & TN_PATTERN_NUMBERS_PEERS))
        return tni_fail(-ENOTSUP, "the peers of a socket of pattern '%s' have no numbers",
                        sock->pattern->name);
    if (sock->options.immediate)
        return tni_fail(-ENOTSUP,
                        "connect: with \"immediate\" there is no peer to number before it is "
                        "connected");
    rc = open_new(sock, text, TN_ROLE_CONNECT, &endpoint);
    return rc < 0 ? rc
                  : sock->ops->peer_number(sock->pattern_state, endpoint->pipe,
                                           endpoint->pipe->state, out_number);
}

/* ------------------------------------------------------------------ ending */

void tni_endpoint_end(struct tn_endpoint *endpoint)
{
    const struct tni_feature *feature = endpoint->scheme.layer[0];

    tni_link_remove(&endpoint->link);
    if (bottom(endpoint)->shape == TN_SHAPE_MESSAGE)
        feature->ops.transport.detach(feature->module_state, endpoint);
    if (endpoint->pipe)
        tni_pipe_detach(endpoint->pipe);
    if (endpoint->session || endpoint->listener)
        tni_network->stop(endpoint);
    tni_endpoint_free(endpoint);
}

int tni_endpoint_close(struct tn_sock *sock, const char *text, unsigned role)
{
    struct tn_endpoint *endpoint = text ? find(sock, text, role) : NULL;

    if (!endpoint)
        return tni_fail(-ENOENT, "%s '%s': the socket has no such endpoint",
                        role == TN_ROLE_BIND ? "unbind" : "disconnect", text ? text : "(null)");
    tni_endpoint_end(endpoint);
    return 0;
}

/* ------------------------------------------------------------------ joining, for inproc */

static struct tn_peer_info *describe(const tn_endpoint_t *endpoint)
{
    const struct tni_options *options = &endpoint->options;
    const struct tni_peer_pieces pieces = {
        .connection = atomic_fetch_add(&endpoint->sock->ctx->connections, 1) + 1,
        .fd = -1,
        .local = endpoint->text,
        .remote = endpoint->text,
        .mechanism = "",
        .socket_type = endpoint->sock->ops->wire_name,
        .identity = options->routing_id.bytes,
        .identity_size = options->routing_id.size,
    };
    struct tn_peer_info *info = NULL;

    return tni_peer_info_new(&pieces, &info) < 0 ? NULL : info;
}

/* The binder's "conflate". A queue that its producer may be filling at this moment stays one: a
 * connect that was there before the bind must have set the option itself. */
static int join_conflation(const tn_endpoint_t *connecting, const tn_endpoint_t *bound)
{
    struct tni_duplex *duplex = connecting->pipe->duplex;
    int rc = 0;

    if (conflates(bound, TN_PATTERN_SENDS))
        rc = tni_chain_conflate(&duplex->way[1]);
    if (rc == 0 && conflates(bound, TN_PATTERN_RECEIVES) && connecting->is_attaching)
        rc = tni_chain_conflate(&duplex->way[0]);
    return rc;
}

static uint64_t both_marks(int send, int receive)
{
    return send == 0 || receive == 0 ? 0 : (uint64_t)send + (uint64_t)receive;
}

int tni_endpoint_join(tn_endpoint_t *connecting, tn_endpoint_t *bound)
{
    struct tni_duplex *duplex = connecting->pipe->duplex;
    const char *ours = connecting->sock->ops->wire_name, *theirs = bound->sock->ops->wire_name;
    struct tn_peer_info *about_bound, *about_connecting;
    struct tn_pipe *pipe;

    if (!tni_pattern_is_compatible(connecting->sock->ops->peers, theirs))
        return tni_fail(-TN_ENOCOMPAT, "'%s': a %s socket does not talk to a %s socket",
                        connecting->text, ours, theirs);
    about_bound = describe(bound);
    about_connecting = describe(connecting);
    pipe = tni_pipe_new(bound->sock, bound->text, duplex, 1);
    if (!pipe || !about_bound || !about_connecting || join_conflation(connecting, bound) < 0 ||
        tni_chain_control(&duplex->way[1], TNI_ATTACH_CONNECTED, about_bound) < 0)
        goto fail;
    pipe->introduced = about_connecting;
    atomic_store(&duplex->way[0].hwm,
                 both_marks(connecting->options.sndhwm, bound->options.rcvhwm));
    atomic_store(&duplex->way[1].hwm,
                 both_marks(bound->options.sndhwm, connecting->options.rcvhwm));
    atomic_store(&pipe->refs, 2); /* the socket, the duplex */
    tni_duplex_own(duplex, 1, &tni_pipe_side_ops, pipe);
    tni_pipe_offer(pipe);
    tni_duplex_wake_other(duplex, 1, TNI_WAKE_DATA | TNI_WAKE_SPACE); /* the mark has risen */
    return 0;

fail:
    if (pipe)
        tni_pipe_unref(pipe);
    tni_peer_info_unref(about_bound);
    tni_peer_info_unref(about_connecting);
    return tni_fail(-ENOMEM, "'%s': out of memory", connecting->text);
}
