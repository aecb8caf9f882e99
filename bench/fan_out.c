/* One publisher, many subscribers: nothing lost, as the publisher waits for the slowest; or beside one that
 * does not read, for which the publisher drops. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "run.h"

/* Read from one subscriber before the next one has its turn; well below the high-water mark. */
enum { CHUNK = 100 };

/* Messages for each of those that read: how long few of them take depends on what is dropped. */
enum { SLOW_COUNT = 200 * 1000 };

/* Far sides: the one that reads, and perhaps one that does not. */
enum { READERS, SLEEPER };

static bool can_subscribe(const struct bench_peer *peer)
{
    return peer->subscribe;
}

/** Waits until all subscriptions are there; each shows as a message. */
static int await_subscribers(const struct bench_run *run, void *socket)
{
    uint8_t subscription[16];

    for (size_t i = 0; i < run->what->peers + run->what->fars - 1; i++) {
        if (run->peer->recv(socket, subscription, sizeof(subscription)) < 0)
            return -1;
    }
    return 0;
}

static int publish(const struct bench_run *run, void *socket, const void *buffer, size_t count)
{
    int code = 0;

    for (size_t i = 0; i < count && !code; i++)
        code = run->peer->send(socket, buffer, run->what->size);
    return code;
}

static bool has_spoken(int other)
{
    char byte;

    return recv(other, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/** Nobody knows how many messages are dropped. */
static int publish_until_read(const struct bench_run *run, void *socket, const void *buffer)
{
    int code = 0;

    while (!code && !has_spoken(run->fars[READERS]))
        code = publish(run, socket, buffer, CHUNK);
    return code;
}

static int publish_all(struct bench_run *run, enum bench_role role)
{
    void *socket = bench_bind(run, role);
    uint8_t *buffer = calloc(1, run->what->size);
    double deliveries = (double)run->count * (double)run->what->peers, cpu = 0;
    int code = socket && buffer ? await_subscribers(run, socket) : -1;

    if (!code)
        cpu = bench_cpu();
    if (!code)
        code = role == BENCH_XPUB ? publish(run, socket, buffer, run->count)
                                  : publish_until_read(run, socket, buffer);
    if (!code)
        code = bench_hear(run->fars[READERS], &run->seconds, sizeof(run->seconds));
    run->values[0] = deliveries / run->seconds;
    run->values[1] = (bench_cpu() - cpu) / deliveries * 1e9;
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static int near(struct bench_run *run)
{
    return publish_all(run, BENCH_XPUB);
}

static int near_dropping(struct bench_run *run)
{
    int code = publish_all(run, BENCH_DROPPING_XPUB);

    return !code && run->what->fars > SLEEPER ? bench_tell(run->fars[SLEEPER], "", 1) : code;
}

static int receive_chunk(const struct bench_run *run, void *socket, void *buffer, size_t count)
{
    size_t size = run->what->size;

    for (size_t i = 0; i < count; i++) {
        if (run->peer->recv(socket, buffer, size) != (ssize_t)size)
            return -1;
    }
    return 0;
}

static int receive(struct bench_run *run, void **sockets, void *buffer)
{
    double start = 0, seconds;

    for (size_t done = 0; done < run->count;) {
        size_t left = run->count - done, chunk = !done ? 1 : left < CHUNK ? left : CHUNK;
        for (size_t i = 0; i < run->what->peers; i++) {
            if (receive_chunk(run, sockets[i], buffer, chunk))
                return -1;
        }
        if (!done)
            start = bench_now();
        done += chunk;
    }
    seconds = bench_now() - start;
    return bench_tell(run->near, &seconds, sizeof(seconds));
}

static int far(struct bench_run *run)
{
    size_t count = run->index == SLEEPER ? 1 : run->what->peers;
    void **sockets = calloc(count, sizeof(*sockets));
    uint8_t *buffer = malloc(run->what->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    size_t opened = 0;
    int code = sockets && buffer ? bench_hear_endpoint(run, endpoint) : -1;

    for (; opened < count && !code; opened++) {
        sockets[opened] = run->peer->open(run->context, BENCH_SUB);
        if (!sockets[opened])
            code = -1;
        else if (run->peer->connect(sockets[opened], endpoint) ||
                 run->peer->subscribe(sockets[opened], "", 0))
            code = -1;
    }
    if (!code)
        code = run->index == SLEEPER ? bench_await_release(run) : receive(run, sockets, buffer);
    while (opened > 0) {
        if (sockets[--opened])
            run->peer->close(sockets[opened]);
    }
    free(sockets);
    free(buffer);
    return code;
}

static void add_slow(struct bench_table *table, struct bench_case one)
{
    one.roles = 1U << BENCH_DROPPING_XPUB | 1U << BENCH_SUB;
    one.near = near_dropping;
    one.peers = 9;
    one.size = 64;
    one.fixed_count = SLOW_COUNT;
    one.quick = BENCH_QUICK_ONCE;
    for (one.fars = 1; one.fars <= 2; one.fars++)
        bench_case_add(table, &one, "pub/tcp/%zu-%zu-slow/%zu", one.peers, one.fars - 1, one.size);
}

void bench_add_fan_out(struct bench_table *table)
{
    static const size_t subscribers[] = {1, 10, 100}, sizes[] = {64, 1024};
    struct bench_case one = {
        .values = {{"delivered", "msg/s", true}, {"publisher-cpu", "ns", false}},
        .roles = 1U << BENCH_XPUB | 1U << BENCH_SUB,
        .fits = can_subscribe,
        .fars = 1,
        .near = near,
        .far = far};

    for (size_t i = 0; i < sizeof(subscribers) / sizeof(*subscribers); i++) {
        for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++) {
            one.peers = subscribers[i];
            one.size = sizes[j];
            bench_case_add(table, &one, "pub/tcp/%zu/%zu", one.peers, one.size);
        }
    }
    add_slow(table, one);
}
