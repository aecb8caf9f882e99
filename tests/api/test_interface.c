/* What modules may count on, tried with modules of the test's own: time, the last word, missing ops. */
#include "api.h"

#include <unistd.h>

#include <tenon/mechanism.h>
#include <tenon/module.h>
#include <tenon/transport.h>

enum { PAUSE_MS = 20, MANY = 10 };

/* ------------------------------------------------------------------ a layer that takes its time */

struct slow {
    const tn_host_t *host;
    tn_stream_t *stream, *lower;
    uint64_t stands_at, writes_at;
};

static int slow_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                     const char *address)
{
    struct slow *self = state;

    (void)role;
    (void)address;
    self->host = host;
    self->stream = stream;
    self->lower = host->stream_lower(stream);
    self->stands_at = host->clock_ms() + PAUSE_MS;
    host->stream_wake_at(stream, self->stands_at);
    return 0;
}

static int has_come(struct slow *self, uint64_t at)
{
    if (self->host->clock_ms() >= at)
        return 1;
    self->host->stream_wake_at(self->stream, at);
    return 0;
}

static int slow_handshake(void *state)
{
    struct slow *self = state;

    return has_come(self, self->stands_at) ? 0 : -EINPROGRESS;
}

static ssize_t slow_readv(void *state, const struct iovec *iov, int count)
{
    struct slow *self = state;

    return self->host->stream_readv(self->lower, iov, count);
}

/* Nothing but the clock says when to go on. */
static ssize_t slow_writev(void *state, const struct iovec *iov, int count)
{
    struct slow *self = state;

    if (self->writes_at == 0)
        self->writes_at = self->host->clock_ms() + 2;
    if (!has_come(self, self->writes_at))
        return -EAGAIN;
    self->writes_at = 0;
    return self->host->stream_writev(self->lower, iov, count);
}

static const tn_transport_ops_t slow_ops = {
    .size = sizeof slow_ops,
    .shape = TN_SHAPE_LAYER,
    .stream_state = sizeof(struct slow),
    .lower = "tcp",
    .open = slow_open,
    .handshake = slow_handshake,
    .readv = slow_readv,
    .writev = slow_writev,
};

static const tn_feature_t slow_feature = {.size = sizeof slow_feature,
                                          .kind = TN_TRANSPORT,
                                          .name = "slow",
                                          .summary = "takes its time",
                                          .priority = 50,
                                          .ops = &slow_ops};
static const tn_feature_t *const slow_features[] = {&slow_feature, NULL};

TN_MODULE(slow) = {TN_MODULE_HEAD("slow"), .version = "1", .license = "MIT",
                   .summary = "takes its time", .features = slow_features};

/* ------------------------------------------------------------------ a mechanism that refuses */

struct refusal {
    const tn_host_t *host;
    int step; /* 1: a command came; 2: ERROR was given */
};

static int refusal_open(void *state, const tn_host_t *host, const tn_handshake_info_t *info)
{
    struct refusal *self = state;

    (void)info;
    self->host = host;
    return 1;
}

static void refusal_close(void *state)
{
    (void)state;
}

static ssize_t refusal_next(void *state, uint8_t *buffer, size_t capacity)
{
    struct refusal *self = state;

    (void)capacity;
    if (self->step == 0)
        return 0;
    if (self->step++ == 1) {
        memcpy(buffer, "\5ERROR\2no", 9);
        return 9;
    }
    return self->host->set_error(self->host, -EACCES, "nobody is let in");
}

static int refusal_command(void *state, const uint8_t *data, size_t size,
                           const uint8_t **out_metadata, size_t *out_metadata_size)
{
    struct refusal *self = state;

    (void)data;
    (void)size;
    (void)out_metadata;
    (void)out_metadata_size;
    self->step = 1;
    return 0;
}

static int refusal_status(void *state)
{
    (void)state;
    return TN_MECHANISM_HANDSHAKING;
}

static const tn_mechanism_ops_t refusal_ops = {
    .size = sizeof refusal_ops,
    .state_size = sizeof(struct refusal),
    .wire_name = "REFUSAL",
    .open = refusal_open,
    .close = refusal_close,
    .next_command = refusal_next,
    .command = refusal_command,
    .status = refusal_status,
};

static const tn_feature_t refusal_feature = {.size = sizeof refusal_feature,
                                             .kind = TN_MECHANISM,
                                             .name = "refusal",
                                             .summary = "lets nobody in",
                                             .priority = 50,
                                             .ops = &refusal_ops};
static const tn_feature_t *const refusal_features[] = {&refusal_feature, NULL};

TN_MODULE(refusal) = {TN_MODULE_HEAD("refusal"), .version = "1", .license = "MIT",
                      .summary = "lets nobody in", .features = refusal_features};

/* ------------------------------------------------------------------ tests */

static void exchange_slowly(int threads)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one, *two;
    char endpoint[API_ENDPOINT_MAX], slow[2 * API_ENDPOINT_MAX];

    assert_ok(tn_ctx_set_int(ctx, "io_threads", threads));
    assert_ok(tn_ctx_add_module(ctx, &slow_LTX_tenon_module_v1));
    one = api_socket(ctx, "pair");
    two = api_socket(ctx, "pair");
    api_bind(one, API_TCP, endpoint);
    snprintf(slow, sizeof slow, "slow+%s", endpoint);
    assert_ok(tn_connect(two, slow));
    for (int i = 0; i < MANY; i++) {
        api_send(two, "there", 0);
        api_expect(one, "there");
        api_send(one, "back", 0);
        api_expect(two, "back");
    }
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

static void test_stream_is_woken_at_its_time(void **state)
{
    (void)state;
    exchange_slowly(1);
    exchange_slowly(0);
}

static void test_accepted_stream_is_woken_at_its_time(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one, *two;
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_ctx_add_module(ctx, &slow_LTX_tenon_module_v1));
    one = api_socket(ctx, "pair");
    two = api_socket(ctx, "pair");
    api_bind(one, "slow+" API_TCP, endpoint);
    assert_ok(tn_connect(two, strchr(endpoint, '+') + 1));
    api_send(one, "there", 0);
    api_expect(two, "there");
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

/* Without a limit of time for the handshake, the peer hears why and the connection ends. */
static void test_mechanism_may_end_after_error(void **state)
{
    static const char name[20] = "REFUSAL", error[] = "\4\x9\5ERROR\2no";
    unsigned char greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1}, got[64];
    tn_ctx_t *ctx = api_ctx();
    tn_monitor_t *monitor;
    tn_socket_t *socket;
    tn_event_t event;
    char endpoint[API_ENDPOINT_MAX];
    int peer;

    (void)state;
    assert_ok(tn_ctx_add_module(ctx, &refusal_LTX_tenon_module_v1));
    socket = api_socket(ctx, "dealer");
    monitor = tn_monitor(socket, TN_EVENT_ALL);
    assert_non_null(monitor);
    assert_ok(tn_set_int(socket, "handshake_ivl", 0));
    assert_ok(tn_set_str(socket, "mechanism", "refusal"));
    api_bind(socket, API_TCP, endpoint);
    peer = api_raw_connect(endpoint);
    memcpy(greeting + 12, name, sizeof name);
    api_raw_write(peer, greeting, sizeof greeting);
    api_raw_read(peer, got, sizeof got);
    api_raw_write(peer, "\4\x3\2HI", 5);
    api_raw_read(peer, got, sizeof error - 1);
    assert_memory_equal(got, error, sizeof error - 1);
    api_raw_expect_close(peer);
    close(peer);
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_int_equal(event.error, -EACCES);
    assert_non_null(strstr(event.reason, "nobody is let in"));
    tn_monitor_close(monitor);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_is_woken_at_its_time),
        cmocka_unit_test(test_accepted_stream_is_woken_at_its_time),
        cmocka_unit_test(test_mechanism_may_end_after_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
