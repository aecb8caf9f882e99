/* A layer that keeps what it is given until it is asked to hand it on: a message goes out all the same, whoever
 * writes it. */
#include "api.h"

#include <semaphore.h>
#include <unistd.h>

#include <tenon/transport.h>

enum { ROOM = 64 * 1024 };

static sem_t is_stopped, go_on;

/* ------------------------------------------------------------------ the layer */

struct keeper {
    const tn_host_t *host;
    tn_stream_t *lower;
    bool stops; /* the thread that reads first; of whoever is bound */
    size_t from, to; /* in `kept` */
    unsigned char kept[ROOM];
};

static int keeper_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                       const char *address)
{
    struct keeper *self = state;

    (void)address;
    self->stops = role == TN_ROLE_BIND;
    self->host = host;
    self->lower = host->stream_lower(stream);
    return 0;
}

static ssize_t keeper_readv(void *state, const struct iovec *iov, int count)
{
    struct keeper *self = state;

    if (self->stops) {
        self->stops = false;
        sem_post(&is_stopped);
        sem_wait(&go_on);
    }
    return self->host->stream_readv(self->lower, iov, count);
}

static int keeper_flush(void *state)
{
    struct keeper *self = state;

    while (self->from < self->to) {
        struct iovec iov = {self->kept + self->from, self->to - self->from};
        ssize_t size = self->host->stream_writev(self->lower, &iov, 1);

        if (size < 0)
            return (int)size;
        self->from += (size_t)size;
    }
    self->from = self->to = 0;
    return 0;
}

static ssize_t keeper_writev(void *state, const struct iovec *iov, int count)
{
    struct keeper *self = state;
    size_t before = self->to;

    for (int i = 0; i < count; i++) {
        size_t room = ROOM - self->to, size = iov[i].iov_len < room ? iov[i].iov_len : room;

        memcpy(self->kept + self->to, iov[i].iov_base, size);
        self->to += size;
    }
    if (self->to > before)
        return (ssize_t)(self->to - before);
    return keeper_flush(self) < 0 ? -EAGAIN : keeper_writev(state, iov, count);
}

static const tn_transport_ops_t keeper_ops = {
    .size = sizeof keeper_ops,
    .shape = TN_SHAPE_LAYER,
    .stream_state = sizeof(struct keeper),
    .lower = "tcp",
    .open = keeper_open,
    .readv = keeper_readv,
    .writev = keeper_writev,
    .flush = keeper_flush,
};

static const tn_feature_t keeper_feature = {.size = sizeof keeper_feature,
                                            .kind = TN_TRANSPORT,
                                            .name = "keeper",
                                            .summary = "keeps what it is given",
                                            .priority = 50,
                                            .ops = &keeper_ops};
static const tn_feature_t *const keeper_features[] = {&keeper_feature, NULL};

TN_MODULE(keeper) = {TN_MODULE_HEAD("keeper"), .version = "1", .license = "MIT",
                     .summary = "keeps what it is given", .features = keeper_features};

/* ------------------------------------------------------------------ tests */

/* A socket of the context that keeps its only I/O thread busy until `go_on`. */
static tn_socket_t *stop_the_thread(tn_ctx_t *ctx, int *out_fd)
{
    tn_socket_t *socket = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    api_bind(socket, "keeper+" API_TCP, endpoint);
    *out_fd = api_raw_connect(strchr(endpoint, '+') + 1);
    assert_int_equal(sem_wait(&is_stopped), 0);
    return socket;
}

/* The thread that sends writes an isolated message itself, and nobody else is there who could hand on what
 * the layer keeps of it. */
static void send_alone(const char *from, const char *to)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *one, *two, *busy;
    char endpoint[API_ENDPOINT_MAX], kept[2 * API_ENDPOINT_MAX];
    int fd;

    assert_ok(tn_ctx_set_int(ctx, "io_threads", 1));
    assert_ok(tn_ctx_add_module(ctx, &keeper_LTX_tenon_module_v1));
    one = api_socket(ctx, from);
    two = api_socket(other, to);
    api_bind(two, API_TCP, endpoint);
    snprintf(kept, sizeof kept, "keeper+%s", endpoint);
    assert_ok(tn_connect(one, kept));
    assert_ok(tn_wait_peers(one, 1, API_TIMEOUT_MS));
    busy = stop_the_thread(ctx, &fd);
    api_send(one, "there", 0);
    api_expect(two, "there");
    assert_int_equal(sem_post(&go_on), 0);
    close(fd);
    assert_ok(tn_close(busy));
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
    api_ctx_end(other);
}

static void test_layer_hands_on_what_it_keeps(void **state)
{
    (void)state;
    send_alone("push", "pull");
    send_alone("pair", "pair");
    send_alone("dealer", "dealer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layer_hands_on_what_it_keeps),
    };

    sem_init(&is_stopped, 0, 0);
    sem_init(&go_on, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
