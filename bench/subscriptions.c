/* One subscriber with very many subscriptions: what they take, and what matching costs the publisher. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

enum { MESSAGES = 200000, TOPIC = 32, STRIDE = 7919 };

static bool can_subscribe(const struct bench_peer *peer)
{
    return peer->subscribe;
}

static size_t put_topic(char *out_topic, size_t number)
{
    return (size_t)snprintf(out_topic, TOPIC, "topic/%08zu/", number);
}

static int await_subscriptions(const struct bench_run *run, void *socket)
{
    char subscription[TOPIC + 1];

    for (size_t i = 0; i < run->what->peers; i++) {
        if (run->peer->recv(socket, subscription, sizeof(subscription)) < 0)
            return -1;
    }
    return 0;
}

static int publish(const struct bench_run *run, void *socket, bool is_matching)
{
    char message[64] = "topic/none";

    for (size_t i = 0; i < run->count; i++) {
        if (is_matching)
            put_topic(message, i * STRIDE % run->what->peers);
        if (run->peer->send(socket, message, sizeof(message)))
            return -1;
    }
    return 0;
}

static int measure(struct bench_run *run, void *socket, double memory)
{
    double start, count = (double)run->count;
    double far_memory;

    if (await_subscriptions(run, socket))
        return -1;
    run->values[0] = (bench_memory() - memory) / 1024 / 1024;
    if (bench_hear(run->fars[0], &far_memory, sizeof(far_memory)))
        return -1;
    run->values[1] = far_memory / 1024 / 1024;
    start = bench_now();
    if (publish(run, socket, false))
        return -1;
    run->values[2] = count / (bench_now() - start);
    start = bench_now();
    if (publish(run, socket, true) || bench_hear(run->fars[0], &(char){0}, 1))
        return -1;
    run->values[3] = count / (bench_now() - start);
    return 0;
}

static int near(struct bench_run *run)
{
    double memory = bench_memory();
    void *socket = bench_bind(run, BENCH_XPUB);
    int code = socket ? measure(run, socket, memory) : -1;

    if (socket)
        run->peer->close(socket);
    return code;
}

static int subscribe_and_receive(struct bench_run *run, void *socket, double memory)
{
    char topic[TOPIC], message[64];

    for (size_t i = 0; i < run->what->peers; i++) {
        if (run->peer->subscribe(socket, topic, put_topic(topic, i)))
            return -1;
    }
    memory = bench_memory() - memory;
    if (bench_tell(run->near, &memory, sizeof(memory)))
        return -1;
    for (size_t i = 0; i < run->count; i++) {
        if (run->peer->recv(socket, message, sizeof(message)) < 0)
            return -1;
    }
    return bench_tell(run->near, "", 1);
}

static int far(struct bench_run *run)
{
    double memory = bench_memory();
    void *socket = bench_connect(run, BENCH_SUB);
    int code = socket ? subscribe_and_receive(run, socket, memory) : -1;

    if (socket)
        run->peer->close(socket);
    return code;
}

void bench_add_subscriptions(struct bench_table *table)
{
    struct bench_case one = {.values = {{"publisher-memory", "MiB", false},
                                        {"subscriber-memory", "MiB", false},
                                        {"no-match", "msg/s", true},
                                        {"match", "msg/s", true}},
                             .roles = 1U << BENCH_XPUB | 1U << BENCH_SUB,
                             .fits = can_subscribe,
                             .size = 64,
                             .fixed_count = MESSAGES,
                             .fars = 1,
                             .near = near,
                             .far = far};

    one.quick = BENCH_QUICK_ONCE;
    one.peers = 100 * 1000;
    bench_case_add(table, &one, "subscriptions/tcp/%zu", one.peers);
    one.quick = BENCH_QUICK_NOT;
    one.peers = 1000 * 1000;
    bench_case_add(table, &one, "subscriptions/tcp/%zu", one.peers);
}
