/* The layer "drip": one byte at a time, and not even that each time: what stands above sees every
 * possible fragment and refusal. */
#include <errno.h>

#include <tenon/transport.h>

struct drip {
    const tn_host_t *host;
    tn_stream_t *stream, *lower;
    unsigned reads, writes;
};

static int drip_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                     const char *address)
{
    struct drip *drip = state;

    (void)role;
    (void)address;
    drip->host = host;
    drip->stream = stream;
    drip->lower = host->stream_lower(stream);
    return 0;
}

static ssize_t drip_readv(void *state, const struct iovec *iov, int count)
{
    struct drip *drip = state;
    struct iovec one = {.iov_base = iov[0].iov_base, .iov_len = 1};

    (void)count;
    if (++drip->reads % 3 == 0) {
        drip->host->stream_ready(drip->stream, TN_READY_RX);
        return -EAGAIN;
    }
    return drip->host->stream_readv(drip->lower, &one, 1);
}

static ssize_t drip_writev(void *state, const struct iovec *iov, int count)
{
    struct drip *drip = state;
    struct iovec one = {.iov_base = iov[0].iov_base, .iov_len = 1};

    (void)count;
    if (++drip->writes % 3 == 0) {
        drip->host->stream_ready(drip->stream, TN_READY_TX);
        return -EAGAIN;
    }
    return drip->host->stream_writev(drip->lower, &one, 1);
}

static int drip_handshake(void *state)
{
    (void)state;
    return 0;
}

static void drip_close(void *state)
{
    (void)state;
}

static const tn_transport_ops_t drip_ops = {
    .size = sizeof drip_ops,
    .shape = TN_SHAPE_LAYER,
    .stream_state = sizeof(struct drip),
    .lower = "tcp",
    .open = drip_open,
    .handshake = drip_handshake,
    .readv = drip_readv,
    .writev = drip_writev,
    .close = drip_close,
};
static const tn_feature_t drip_feature = {.size = sizeof drip_feature,
                                          .kind = TN_TRANSPORT,
                                          .name = "drip",
                                          .summary = "one byte at a time",
                                          .priority = 50,
                                          .ops = &drip_ops};
static const tn_feature_t *const drip_features[] = {&drip_feature, NULL};
TN_MODULE(layer_drip) = {TN_MODULE_HEAD("layer_drip"), .version = "1.2.3", .license = "MIT",
                         .summary = "a fixture", .features = drip_features};
