/*
 * inproc: sockets of one context, joined by their queues.
 *
 * Binding a name joins, in their order, the connects that came before; a later connect is joined at
 * once. One lock per context guards the table; it is held over host->endpoint_join, which does not
 * call back, so that a connect and a bind at the same moment cannot miss each other.
 */
#include "table.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct tn_module_state {
    pthread_mutex_t lock;
    struct tni_inproc_table table;
};

static int inproc_init(const tn_host_t *host, tn_module_state_t **out_state)
{
    tn_module_state_t *state = host->alloc(sizeof *state);

    if (!state)
        return host->set_error(host, -ENOMEM, "inproc: no memory for the table of names");
    pthread_mutex_init(&state->lock, NULL);
    state->table.host = host;
    *out_state = state;
    return 0;
}

static void inproc_fini(const tn_host_t *host, tn_module_state_t *state)
{
    tni_inproc_clear(&state->table);
    pthread_mutex_destroy(&state->lock);
    host->free(state);
}

static int inproc_check(const tn_host_t *host, const char *address, unsigned role)
{
    size_t length = strlen(address);

    (void)role;
    if (length == 0)
        return host->set_error(host, -EINVAL, "inproc://: the name is empty; write inproc://NAME");
    if (length > TNI_INPROC_NAME_MAX)
        return host->set_error(host, -EINVAL,
                               "inproc://%.32s...: the name has %zu bytes, and may have at most %d",
                               address, length, TNI_INPROC_NAME_MAX);
    return 0;
}

/* A waiting connect that does not fit is nobody's any more: its own call succeeded long ago. */
static void join_waiting(struct tni_inproc_table *table, struct tni_inproc_party *bound)
{
    const tn_host_t *host = table->host;
    struct tni_inproc_name *name = bound->name;

    while (name->waiting) {
        struct tni_inproc_party *party = name->waiting;
        int code = host->endpoint_join(party->endpoint, bound->endpoint);

        if (code < 0)
            host->log(host, TN_LOG_WARN,
                      "inproc://%s: a socket that connected before the bind cannot be joined to it "
                      "(code %d) and stays without a peer",
                      name->text, code);
        tni_inproc_remove(table, party);
    }
}

static int attach_bind(struct tni_inproc_table *table, tn_endpoint_t *endpoint, const char *address)
{
    const tn_host_t *host = table->host;
    struct tni_inproc_name *name = tni_inproc_find(table, address);
    struct tni_inproc_party *party;

    if (name && name->bound)
        return host->set_error(host, -EADDRINUSE,
                               "inproc://%s: another socket of this context has bound the name; "
                               "unbind it first, or use another name",
                               address);
    party = tni_inproc_add(table, address, endpoint, TN_ROLE_BIND);
    if (!party)
        return host->set_error(host, -ENOMEM, "inproc://%s: no memory", address);
    join_waiting(table, party);
    return 0;
}

static int attach_connect(struct tni_inproc_table *table, tn_endpoint_t *endpoint,
                          const char *address)
{
    const tn_host_t *host = table->host;
    struct tni_inproc_name *name = tni_inproc_find(table, address);

    if (name && name->bound)
        return host->endpoint_join(endpoint, name->bound->endpoint);
    if (!tni_inproc_add(table, address, endpoint, TN_ROLE_CONNECT))
        return host->set_error(host, -ENOMEM, "inproc://%s: no memory", address);
    return 0;
}

static int inproc_attach(tn_module_state_t *state, tn_endpoint_t *endpoint, const tn_host_t *host,
                         const char *address, unsigned role)
{
    int code = inproc_check(host, address, role);

    if (code < 0)
        return code;
    pthread_mutex_lock(&state->lock);
    code = role == TN_ROLE_BIND ? attach_bind(&state->table, endpoint, address)
                                : attach_connect(&state->table, endpoint, address);
    pthread_mutex_unlock(&state->lock);
    return code;
}

static void inproc_detach(tn_module_state_t *state, tn_endpoint_t *endpoint)
{
    struct tni_inproc_party *party;

    pthread_mutex_lock(&state->lock);
    party = tni_inproc_party_of(&state->table, endpoint);
    if (party)
        tni_inproc_remove(&state->table, party);
    pthread_mutex_unlock(&state->lock);
}

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_MESSAGE,
    .check = inproc_check,
    .attach = inproc_attach,
    .detach = inproc_detach,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "inproc",
    .summary = "queues between the sockets of one context",
    .priority = 50,
    .ops = &ops,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(inproc) = {
    TN_MODULE_HEAD("inproc"), .version = "0.1.0",  .license = "MIT",    .summary = "inproc://NAME",
    .features = features,     .init = inproc_init, .fini = inproc_fini,
};
