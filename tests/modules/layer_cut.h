/*
 * layer_cut.h: a layer whose connections are lost, each after a few bytes more than the one before it, so
 * that a peer is seen to die at every stage.
 *
 * CUT_MODULE(stem, scheme): each has a count of its own.
 */
#ifndef LAYER_CUT_H
#define LAYER_CUT_H
#include <errno.h>
#include <stdatomic.h>

#include <tenon/transport.h>

struct cut {
    const tn_host_t *host;
    tn_stream_t *lower;
    long left; /* bytes, either way */
};

static atomic_long next_limit;

static inline int cut_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                           const char *address)
{
    struct cut *cut = state;
    tn_value_t step;

    (void)role;
    (void)address;
    cut->host = host;
    cut->lower = host->stream_lower(stream);
    if (host->stream_option(stream, "step", &step) < 0)
        return -EINVAL;
    cut->left = atomic_fetch_add(&next_limit, step.number);
    return 0;
}

static inline ssize_t cut_spend(struct cut *cut, const struct iovec *iov, struct iovec *part)
{
    if (cut->left <= 0)
        return cut->host->set_error(cut->host, -ECONNRESET, "cut: it is cut");
    *part = iov[0];
    if ((long)part->iov_len > cut->left)
        part->iov_len = (size_t)cut->left;
    return 0;
}

static inline ssize_t cut_readv(void *state, const struct iovec *iov, int count)
{
    struct cut *cut = state;
    struct iovec part;
    ssize_t done = cut_spend(cut, iov, &part);

    (void)count;
    if (done == 0)
        done = cut->host->stream_readv(cut->lower, &part, 1);
    cut->left -= done > 0 ? done : 0;
    return done;
}

static inline ssize_t cut_writev(void *state, const struct iovec *iov, int count)
{
    struct cut *cut = state;
    struct iovec part;
    ssize_t done = cut_spend(cut, iov, &part);

    (void)count;
    if (done == 0)
        done = cut->host->stream_writev(cut->lower, &part, 1);
    cut->left -= done > 0 ? done : 0;
    return done;
}

static const tn_option_desc_t cut_options[] = {
    TN_OPTION_INT_DESC("step", "bytes", 1, 1000000, 61, "how many more each connection has"),
    TN_OPTION_END,
};
static inline int cut_handshake(void *state)
{
    (void)state;
    return 0;
}

static inline void cut_close(void *state)
{
    (void)state;
}

static const tn_transport_ops_t cut_ops = {
    .size = sizeof cut_ops,
    .shape = TN_SHAPE_LAYER,
    .stream_state = sizeof(struct cut),
    .lower = "tcp",
    .open = cut_open,
    .handshake = cut_handshake,
    .readv = cut_readv,
    .writev = cut_writev,
    .close = cut_close,
};
#define CUT_MODULE(stem, scheme)                                                                   \
    static const tn_feature_t cut_feature = {.size = sizeof cut_feature,                           \
                                             .kind = TN_TRANSPORT,                                 \
                                             .name = (scheme),                                     \
                                             .summary = "is lost sooner or later",                 \
                                             .priority = 50,                                       \
                                             .ops = &cut_ops,                                      \
                                             .options = cut_options};                              \
    static const tn_feature_t *const cut_features[] = {&cut_feature, NULL};                        \
    TN_MODULE(stem) = {TN_MODULE_HEAD(#stem), .version = "1.2.3", .license = "MIT",                \
                       .summary = "a fixture", .features = cut_features}

#endif
