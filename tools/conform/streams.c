/* Streams in pieces, by halves, killed in every stage, and used by many threads. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon/transport.h>

#include "cases.h"
#include "rules.h"
#include "sides.h"

static void needs_own_stream(const struct subject *subject)
{
    if (side_shape(subject) == TN_SHAPE_MESSAGE)
        conform_skip("for transports that carry streams");
}

static void exchange_in_pieces(const struct subject *subject, bool reads, bool writes)
{
    struct pair pair;

    needs_own_stream(subject);
    rules_stream_cut(reads, writes);
    side_join(subject, &pair, "pair", "pair");
    side_exchange(&pair, 0);
    side_exchange(&pair, 3000);
    side_exchange(&pair, 70000);
    side_part(&pair);
}

void conform_run_short_reads(const struct subject *subject)
{
    exchange_in_pieces(subject, true, false);
}

void conform_run_short_writes(const struct subject *subject)
{
    enum { LARGE = 4 << 20, SMALL_BUFFER = 4096 };
    struct pair pair;

    exchange_in_pieces(subject, false, true);
    rules_stream_cut(false, false);
    /* And where the system takes a part: its buffers are small, and nobody reads. */
    pair.ctx = side_new_context(subject);
    pair.bound = side_new_socket(pair.ctx, "pair");
    pair.connected = side_new_socket(pair.ctx, "pair");
    tn_set_int(pair.connected, "sndbuf", SMALL_BUFFER);
    tn_set_int(pair.bound, "rcvbuf", SMALL_BUFFER);
    side_bind_somewhere(subject, pair.bound, pair.endpoint);
    side_connect_to(subject, pair.connected, pair.endpoint);
    for (unsigned i = 0; i < 3; i++)
        side_send_known(pair.connected, subject->ends ? LARGE / 16 : LARGE, i, 0);
    for (unsigned i = 0; i < 3; i++)
        side_recv_known(pair.bound, subject->ends ? LARGE / 16 : LARGE, i);
    side_part(&pair);
    conform_note("writev took a part %ld times", rules_stream_short_writes());
}

/* ---- half of a connection ---- */

void conform_run_half_close(const struct subject *subject)
{
    struct pair pair;
    tn_monitor_t *monitor;
    tn_event_t event;
    int fd;

    needs_own_stream(subject);
    side_needs_listener(subject);
    side_join(subject, &pair, "dealer", "dealer");
    monitor = tn_monitor(pair.bound, TN_EVENT_DISCONNECTED);
    CONFORM(monitor, "%s", tn_last_error());
    for (unsigned i = 0; i < 50; i++)
        side_send_known(pair.connected, 1000, i, 0);
    CONFORM(tn_drain(pair.connected, SIDE_WAIT) == 0, "messages are not sent: %s", tn_last_error());
    fd = rules_stream_dialled();
    if (fd < 0 || shutdown(fd, SHUT_WR) < 0)
        conform_skip("its stream has no descriptor of which one half could be closed");
    for (unsigned i = 0; i < 50; i++)
        side_recv_known(pair.bound, 1000, i);
    CONFORM(tn_monitor_recv(monitor, &event, SIDE_WAIT) == 0,
            "the peer has closed its half of the connection, and readv does not say so by 0");
    /* It comes back, and goes on. */
    CONFORM(tn_wait_peers(pair.bound, 1, SIDE_WAIT) == 1, "it does not connect again");
    side_send_known(pair.connected, 10, 7, 0);
    side_recv_known(pair.bound, 10, 7);
    tn_monitor_close(monitor);
    side_part(&pair);
}

/* ---- connections ---- */

void conform_run_dial(const struct subject *subject)
{
    struct pair pair;
    tn_monitor_t *monitor;
    tn_event_t event;

    needs_own_stream(subject);
    pair.ctx = side_new_context(subject);
    pair.bound = side_new_socket(pair.ctx, "pair");
    pair.connected = side_new_socket(pair.ctx, "pair");
    monitor = tn_monitor(pair.connected, TN_EVENT_CONNECTED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    CONFORM(monitor, "%s", tn_last_error());
    side_bind_somewhere(subject, pair.bound, pair.endpoint);
    side_connect_to(subject, pair.connected, pair.endpoint);
    CONFORM(tn_monitor_recv(monitor, &event, SIDE_WAIT) == 0 && event.kind == TN_EVENT_CONNECTED,
            "no event says that the connection to %s stands", pair.endpoint);
    CONFORM(tn_monitor_recv(monitor, &event, SIDE_WAIT) == 0 &&
                event.kind == TN_EVENT_HANDSHAKE_SUCCEEDED,
            "the connection to %s stands, and no handshake follows", pair.endpoint);
    tn_monitor_close(monitor);
    side_part(&pair);
}

void conform_run_accept(const struct subject *subject)
{
    enum { CLIENTS = 20 };
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *bound = side_new_socket(ctx, "router"), *clients[CLIENTS];
    tn_monitor_t *monitor = tn_monitor(bound, TN_EVENT_ACCEPTED);
    char endpoint[SIDE_ENDPOINT];
    tn_event_t event;

    needs_own_stream(subject);
    side_needs_listener(subject);
    CONFORM(monitor, "%s", tn_last_error());
    side_bind_somewhere(subject, bound, endpoint);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = side_new_socket(ctx, "dealer");
        side_connect_to(subject, clients[i], endpoint);
    }
    CONFORM(tn_wait_peers(bound, CLIENTS, SIDE_WAIT) == CLIENTS,
            "of %d connections at a time some are not accepted", CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        CONFORM(tn_monitor_recv(monitor, &event, SIDE_WAIT) == 0,
                "%d of %d connections were accepted", i, CLIENTS);
    CONFORM(tn_monitor_recv(monitor, &event, 0) < 0, "more connections were accepted than made");
    for (int i = 0; i < CLIENTS; i++)
        tn_close(clients[i]);
    tn_monitor_close(monitor);
    tn_close(bound);
    side_end_context(ctx);
}

/* ---- killed ---- */

/* Connects and sends until it dies. */
static pid_t start_doomed(const struct subject *subject, const char *endpoint, int stage)
{
    pid_t pid = fork();

    if (pid == 0) {
        tn_ctx_t *ctx;
        tn_socket_t *push;
        char body[500] = "";

        alarm(20); /* one that never gets that far */
        rules_stream_die_at(stage);
        ctx = side_new_context(subject);
        push = side_new_socket(ctx, "push");
        side_connect_to(subject, push, endpoint);
        while (tn_send(push, body, sizeof body, 0) == 0)
            usleep(100);
        _exit(0);
    }
    CONFORM(pid > 0, "no child process: %s", strerror(errno));
    return pid;
}

void conform_run_killed_at_every_stage(const struct subject *subject)
{
    enum { STAGES = 40 };
    tn_ctx_t *ctx;
    tn_socket_t *pull, *push;
    char endpoint[SIDE_ENDPOINT], body[500];
    pid_t peers[STAGES];
    int left = STAGES;

    side_needs_processes(subject);
    side_needs_listener(subject);
    /* The address is chosen before there is a thread that a fork would lose. */
    ctx = side_new_context(subject);
    pull = side_new_socket(ctx, "pull");
    side_bind_somewhere(subject, pull, endpoint);
    tn_close(pull);
    side_end_context(ctx);
    for (int i = 0; i < STAGES; i++)
        peers[i] = start_doomed(subject, endpoint, i + 1);
    ctx = side_new_context(subject);
    pull = side_new_socket(ctx, "pull");
    tn_set_int(pull, "rcvtimeo", 20);
    CONFORM(side_bind_at(subject, pull, endpoint) == 0, "%s", tn_last_error());
    while (left > 0) {
        ssize_t got = tn_recv(pull, body, sizeof body, 0);

        CONFORM(got < 0 || got == sizeof body,
                "a message of %zd bytes arrived from a peer that was "
                "killed",
                got);
        for (int i = 0; i < STAGES; i++)
            if (peers[i] && waitpid(peers[i], NULL, WNOHANG) == peers[i]) {
                peers[i] = 0;
                left--;
            }
    }
    while (tn_recv(pull, body, sizeof body, TN_DONTWAIT) >= 0)
        continue;
    tn_set_int(pull, "rcvtimeo", SIDE_WAIT);
    push = side_new_socket(ctx, "push");
    side_connect_to(subject, push, endpoint);
    CONFORM(tn_send(push, "alive", 5, 0) == 0, "%s", tn_last_error());
    for (ssize_t got = 0; got != 5;) {
        got = tn_recv(pull, body, sizeof body, 0);
        CONFORM(got >= 0, "after peers were killed in every stage a good one gets nothing through");
    }
    tn_close(push);
    tn_close(pull);
    side_end_context(ctx);
}

/* ---- threads ---- */

struct worker {
    const struct subject *subject;
    tn_ctx_t *ctx;
    pthread_t thread;
};

static void *work(void *arg)
{
    struct worker *worker = arg;

    for (int round = 0; round < 10; round++) {
        struct pair pair = {.ctx = worker->ctx};

        pair.bound = side_new_socket(pair.ctx, "pair");
        pair.connected = side_new_socket(pair.ctx, "pair");
        side_bind_somewhere(worker->subject, pair.bound, pair.endpoint);
        side_connect_to(worker->subject, pair.connected, pair.endpoint);
        for (int i = 0; i < 20; i++)
            side_exchange(&pair, 100 + 3000 * (size_t)i);
        tn_close(pair.connected);
        tn_close(pair.bound);
    }
    return NULL;
}

void conform_run_thread_and_lock_rules(const struct subject *subject)
{
    enum { THREADS = 4 };
    struct worker workers[THREADS];
    tn_ctx_t *ctx = tn_ctx_new();
    int count = subject->ends ? 1 : THREADS;

    CONFORM(ctx && tn_ctx_set_int(ctx, "io_threads", 2) == 0, "%s", tn_last_error());
    CONFORM(tn_ctx_add_module(ctx, subject->watched) == 0, "%s", tn_last_error());
    for (int i = 0; i < count; i++) {
        workers[i] = (struct worker){.subject = subject, .ctx = ctx};
        CONFORM(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0,
                "the kit has no thread");
    }
    for (int i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    side_end_context(ctx);
}
