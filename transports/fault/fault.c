/*
 * fault: a layer that does what bad networks do, for tests: fault+tcp://host:5555?cut=1000
 *
 * What happens is decided by random numbers that begin at "seed" and the number of the connection at its
 * endpoint: the same calls meet the same faults. Bytes are counted both ways, from the connection's
 * beginning. Locks: transport.h.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <tenon/transport.h>

enum { NONE = -1 };

/* ---- endpoints: what the options say ---- */

struct plan {
    _Atomic uint32_t connections;
    uint32_t seed;
    int64_t fragment, refuse, delay, drop, cut, cut_step, half_open;
};

static int fault_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                         unsigned role, const char *address)
{
    struct plan *plan = endpoint_state;
    const struct {
        const char *name;
        int64_t *value;
    } wanted[] = {
        {"fragment", &plan->fragment},  {"refuse", &plan->refuse}, {"delay", &plan->delay},
        {"drop", &plan->drop},          {"cut", &plan->cut},       {"cut_step", &plan->cut_step},
        {"half_open", &plan->half_open}};
    tn_value_t value;

    (void)role;
    (void)address;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int code = host->setup_option(setup, wanted[i].name, &value);

        if (code < 0)
            return code;
        *wanted[i].value = value.number;
    }
    if (host->setup_option(setup, "seed", &value) == 0)
        plan->seed = (uint32_t)value.number;
    return 0;
}

/* ---- streams ---- */

struct stream {
    const tn_host_t *host;
    tn_stream_t *stream, *lower;
    const struct plan *plan;
    uint64_t ready_at[2]; /* ms; when the next op each way may do something; 0: now */
    uint32_t dice;
    int64_t moved; /* bytes */
    int64_t cut_at;
};

/* xorshift32; 0 to `below` - 1. */
static uint32_t roll(struct stream *self, uint32_t below)
{
    self->dice ^= self->dice << 13;
    self->dice ^= self->dice >> 17;
    self->dice ^= self->dice << 5;
    return self->dice % below;
}

static bool strikes(struct stream *self, int64_t per_mille)
{
    return per_mille > 0 && roll(self, 1000) < (uint32_t)per_mille;
}

static int fault_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                      const char *address)
{
    struct stream *self = state;
    struct plan *plan = host->stream_endpoint(stream);
    uint32_t number = atomic_fetch_add(&plan->connections, 1);

    (void)role;
    (void)address;
    self->host = host;
    self->stream = stream;
    self->lower = host->stream_lower(stream);
    self->plan = plan;
    self->dice = (plan->seed + number + 1) * 2654435761u | 1;
    self->cut_at = plan->cut == NONE ? INT64_MAX : plan->cut + number * plan->cut_step;
    return 0;
}

static bool is_half_open(const struct stream *self)
{
    return self->plan->half_open != NONE && self->moved >= self->plan->half_open;
}

/* What an op meets before it reaches the stream below: 1 when it may. */
static int meet(struct stream *self, int way)
{
    uint64_t now;

    if (self->moved >= self->cut_at)
        return self->host->set_error(self->host, -ECONNRESET, "fault: cut after %lld bytes",
                                     (long long)self->moved);
    if (strikes(self, self->plan->refuse)) {
        self->host->stream_ready(self->stream, way ? TN_READY_TX : TN_READY_RX);
        return -EAGAIN;
    }
    if (self->plan->delay == 0)
        return 1;
    now = self->host->clock_ms();
    if (self->ready_at[way] == 0)
        self->ready_at[way] = now + roll(self, (uint32_t)self->plan->delay + 1);
    if (self->ready_at[way] > now) {
        self->host->stream_wake_at(self->stream, self->ready_at[way]);
        return -EAGAIN;
    }
    return 1;
}

/* The part of the first buffer that is not empty that this op may move. */
static struct iovec portion(struct stream *self, const struct iovec *iov, int count)
{
    int64_t limit = self->cut_at - self->moved;
    struct iovec part;
    int i = 0;

    while (i < count - 1 && iov[i].iov_len == 0)
        i++;
    part = iov[i];
    if (self->plan->half_open != NONE && limit > self->plan->half_open - self->moved)
        limit = self->plan->half_open - self->moved;
    if (self->plan->fragment && limit > self->plan->fragment)
        limit = 1 + roll(self, (uint32_t)self->plan->fragment);
    if ((int64_t)part.iov_len > limit)
        part.iov_len = (size_t)limit;
    return part;
}

static ssize_t done(struct stream *self, int way, ssize_t size)
{
    if (size > 0) {
        self->moved += size;
        self->ready_at[way] = 0;
    }
    return size;
}

/* After "half_open" the peer is silent, and so is its end. */
static ssize_t fault_readv(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    struct iovec part;
    int code = is_half_open(self) ? -EAGAIN : meet(self, 0);

    if (code < 0)
        return code;
    part = portion(self, iov, count);
    return done(self, 0, self->host->stream_readv(self->lower, &part, 1));
}

static ssize_t fault_writev(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    struct iovec part;
    size_t size = 0;
    int code;

    if (is_half_open(self)) {
        for (int i = 0; i < count; i++)
            size += iov[i].iov_len;
        return (ssize_t)size;
    }
    code = meet(self, 1);
    if (code < 0)
        return code;
    part = portion(self, iov, count);
    if (strikes(self, self->plan->drop))
        return done(self, 1, (ssize_t)part.iov_len);
    return done(self, 1, self->host->stream_writev(self->lower, &part, 1));
}

/* ---- the module ---- */

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_LAYER,
    .stream_state = sizeof(struct stream),
    .endpoint_state = sizeof(struct plan),
    .lower = "tcp",
    .prepare = fault_prepare,
    .open = fault_open,
    .readv = fault_readv,
    .writev = fault_writev,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("seed", "", 0, UINT32_MAX, 1, "where the random numbers begin"),
    TN_OPTION_INT_DESC("fragment", "bytes", 0, 1 << 20, 0,
                       "most that is read or written at a time, 0: no limit"),
    TN_OPTION_INT_DESC("refuse", "per mille", 0, 999, 0,
                       "reads and writes that are told to come again"),
    TN_OPTION_INT_DESC("delay", "ms", 0, 60000, 0, "longest wait before each read and each write"),
    TN_OPTION_INT_DESC("drop", "per mille", 0, 1000, 0, "writes whose bytes are lost"),
    TN_OPTION_INT_DESC("cut", "bytes", NONE, INT64_MAX / 4, NONE,
                       "the connection is lost after so many, -1: never"),
    TN_OPTION_INT_DESC("cut_step", "bytes", 0, 1 << 30, 0,
                       "how many more than the one before it each connection has"),
    TN_OPTION_INT_DESC("half_open", "bytes", NONE, INT64_MAX / 4, NONE,
                       "the peer is silent after so many and takes no more, -1: never"),
    TN_OPTION_END,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "fault",
    .summary = "a layer that delays, cuts up, drops and breaks, for tests",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(fault) = {
    TN_MODULE_HEAD("fault"), .version = "0.1.0",
    .license = "MIT",        .summary = "fault+tcp://host:port?fault.fragment=1",
    .features = features,
};
