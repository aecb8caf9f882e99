/*
 * layer_xor.h: a layer that works and turns some bits of every byte.
 *
 * LAYER_MODULE(stem, scheme, flags) is a module with the layer `scheme` over tcp. It protects nobody
 * from anything, whatever its flags say: they are what the tests are about.
 */
#ifndef LAYER_XOR_H
#define LAYER_XOR_H

#include <tenon/transport.h>

enum { LAYER_KEY = 0x5a, LAYER_CHUNK = 4096 };

struct layer {
    const tn_host_t *host;
    tn_stream_t *lower;
};

static inline int layer_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                             const char *address)
{
    struct layer *layer = state;

    (void)role;
    (void)address;
    layer->host = host;
    layer->lower = host->stream_lower(stream);
    return 0;
}

static inline int layer_handshake(void *state)
{
    (void)state;
    return 0;
}

static inline ssize_t layer_readv(void *state, const struct iovec *iov, int count)
{
    struct layer *layer = state;
    ssize_t taken = layer->host->stream_readv(layer->lower, iov, count);
    size_t left = taken > 0 ? (size_t)taken : 0;

    for (int i = 0; left > 0; i++) {
        unsigned char *bytes = iov[i].iov_base;
        size_t size = iov[i].iov_len < left ? iov[i].iov_len : left;

        for (size_t at = 0; at < size; at++)
            bytes[at] ^= LAYER_KEY;
        left -= size;
    }
    return taken;
}

static inline ssize_t layer_writev(void *state, const struct iovec *iov, int count)
{
    struct layer *layer = state;
    unsigned char chunk[LAYER_CHUNK];
    size_t used = 0;

    for (int i = 0; i < count; i++) {
        const unsigned char *bytes = iov[i].iov_base;

        for (size_t at = 0; at < iov[i].iov_len && used < sizeof chunk; at++)
            chunk[used++] = bytes[at] ^ LAYER_KEY;
    }
    return layer->host->stream_writev(layer->lower,
                                      &(struct iovec){.iov_base = chunk, .iov_len = used}, 1);
}

static inline void layer_close(void *state)
{
    (void)state;
}

#define LAYER_MODULE(stem, scheme, layer_flags)                                                    \
    static const tn_transport_ops_t layer_ops = {                                                  \
        .size = sizeof(tn_transport_ops_t),                                                        \
        .shape = TN_SHAPE_LAYER,                                                                   \
        .flags = (layer_flags),                                                                    \
        .stream_state = sizeof(struct layer),                                                      \
        .lower = "tcp",                                                                            \
        .open = layer_open,                                                                        \
        .handshake = layer_handshake,                                                              \
        .readv = layer_readv,                                                                      \
        .writev = layer_writev,                                                                    \
        .close = layer_close,                                                                      \
    };                                                                                             \
    static const tn_feature_t layer_feature = {.size = sizeof(tn_feature_t),                       \
                                               .kind = TN_TRANSPORT,                               \
                                               .name = (scheme),                                   \
                                               .summary = "turns bits",                            \
                                               .priority = 50,                                     \
                                               .ops = &layer_ops};                                 \
    static const tn_feature_t *const layer_features[] = {&layer_feature, NULL};                    \
    TN_MODULE(stem) = {TN_MODULE_HEAD(#stem), .version = "1.2.3", .license = "MIT",                \
                       .summary = "a fixture", .features = layer_features}

#endif
