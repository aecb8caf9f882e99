/*
 * stream.h: transports that never move a byte, for the tests of names and policy.
 *
 * STREAM_MODULE(stem) is a module with the transport of that name.
 */
#ifndef FIXTURE_STREAM_H
#define FIXTURE_STREAM_H

#include <errno.h>

#include <tenon/transport.h>

static inline int stream_check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)host;
    (void)address;
    (void)role;
    return 0;
}

static inline int stream_open(void *state, tn_stream_t *stream, const tn_host_t *host,
                              unsigned role, const char *address)
{
    (void)state;
    (void)stream;
    (void)host;
    (void)role;
    (void)address;
    return 0;
}

static inline int stream_dial(void *state, const char *address)
{
    (void)state;
    (void)address;
    return -ECONNREFUSED;
}

static inline int stream_established(void *state)
{
    (void)state;
    return -ECONNREFUSED;
}

static inline ssize_t stream_transfer(void *state, const struct iovec *iov, int count)
{
    (void)state;
    (void)iov;
    (void)count;
    return -EAGAIN;
}

static inline int stream_fd(void *state)
{
    (void)state;
    return -1;
}

static inline void stream_close(void *state)
{
    (void)state;
}

static const tn_transport_ops_t stream_ops = {
    .size = sizeof stream_ops,
    .shape = TN_SHAPE_STREAM,
    .check = stream_check,
    .open = stream_open,
    .dial = stream_dial,
    .established = stream_established,
    .readv = stream_transfer,
    .writev = stream_transfer,
    .fd = stream_fd,
    .close = stream_close,
};

#define STREAM_MODULE(stem)                                                                        \
    static const tn_feature_t stream_feature = {.size = sizeof(tn_feature_t),                      \
                                                .kind = TN_TRANSPORT,                              \
                                                .name = #stem,                                     \
                                                .summary = "moves nothing",                        \
                                                .priority = 50,                                    \
                                                .ops = &stream_ops};                               \
    static const tn_feature_t *const stream_features[] = {&stream_feature, NULL};                  \
    TN_MODULE(stem) = {TN_MODULE_HEAD(#stem), .version = "1.2.3", .license = "MIT",                \
                       .summary = "a fixture", .features = stream_features}

#endif
