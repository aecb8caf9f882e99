/* tls: the module's description. */
#include <errno.h>

#include "stream.h"

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    tn_module_state_t *state = host->alloc(sizeof *state);
    struct tni_guard guard;

    if (!state)
        return host->set_error(host, -ENOMEM, "tls: out of memory");
    tni_guard_init();
    if (!tni_guard_enter(&guard)) {
        host->free(state);
        return host->set_error(host, -ECANCELED, "tls: the process is exiting");
    }
    state->host = host;
    state->bio = tni_tls_bio_method_new();
    tni_guard_leave(&guard);
    if (!state->bio) {
        host->free(state);
        return host->set_error(host, -ENOMEM, "tls: out of memory");
    }
    *out_state = state;
    return 0;
}

static void fini(const tn_host_t *host, tn_module_state_t *state)
{
    struct tni_guard guard;

    if (!tni_guard_enter(&guard))
        return;
    BIO_meth_free(state->bio);
    tni_guard_leave(&guard);
    host->free(state);
}

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_LAYER,
    .flags = TN_TRANSPORT_PROTECTS,
    .stream_state = sizeof(struct tni_tls_stream),
    .endpoint_state = sizeof(struct tni_tls_endpoint),
    .lower = "tcp",
    .open = tni_tls_stream_open,
    .handshake = tni_tls_stream_handshake,
    .readv = tni_tls_stream_readv,
    .writev = tni_tls_stream_writev,
    .flush = tni_tls_stream_flush,
    .close = tni_tls_stream_close,
    .prepare = tni_tls_endpoint_prepare,
    .release = tni_tls_endpoint_release,
};

static const tn_feature_t layer = {
    .size = sizeof layer,
    .kind = TN_TRANSPORT,
    .name = "tls",
    .summary = "TLS 1.2 and 1.3 over tcp or any stream (OpenSSL)",
    .priority = 50,
    .ops = &ops,
    .options = tni_tls_options,
};

static const tn_feature_t *const features[] = {&layer, NULL};

TN_MODULE(tls) = {
    TN_MODULE_HEAD("tls"), .version = "0.1.0",
    .license = "MIT",      .summary = "tls://HOST:PORT, tls+ipc://PATH",
    .features = features,  .init = init,
    .fini = fini,
};

const struct tn_module_state *tni_tls_module_state(const tn_host_t *host)
{
    return host->module_state(host, &tls_LTX_tenon_module_v1);
}
