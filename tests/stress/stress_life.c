/*
 * stress_life: sockets, connections, monitors and contexts that come and go while others use them.
 *
 * stress_life [--long] [SCENARIO...]
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

/* ------------------------------------------------------------------ peers that come and go */

enum { VISITORS = 4 };

struct place {
    tn_ctx_t *ctx;
    char endpoint[STRESS_ENDPOINT];
    long rounds;
    const char *name;
    tn_socket_t *socket;
    atomic_bool is_over;
};

/* Opens, sends, closes at once: the message is still delivered. */
static void *visit(void *arg)
{
    struct place *place = *(struct place **)arg;

    for (long i = 0; i < place->rounds; i++) {
        tn_socket_t *socket;
        watchdog_doing("visits", place->name);
        socket = stress_socket(place->ctx, "push");
        CHECK_OK(tn_set_int(socket, "linger", -1));
        CHECK_OK(tn_connect(socket, place->endpoint));
        CHECK_OK(tn_send(socket, &i, sizeof i, 0));
        CHECK_OK(tn_close(socket));
        CHECK(tn_close(socket) == -TN_ECLOSED);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void run_visits(const char *transport, int io_threads)
{
    struct place place = {
        .ctx = stress_ctx(io_threads), .rounds = stress_rounds(60), .name = transport};
    struct place *places[VISITORS];
    tn_socket_t *host = stress_socket(place.ctx, "pull");
    struct stress_crew crew;
    long number;

    stress_bind(host, transport, place.endpoint);
    for (int i = 0; i < VISITORS; i++)
        places[i] = &place;
    stress_crew_start(&crew, VISITORS, visit, places, sizeof places[0]);
    for (long i = 0; i < VISITORS * place.rounds; i++) {
        watchdog_doing("receives from visitors", transport);
        CHECK(CHECK_OK(tn_recv(host, &number, sizeof number, 0)) == sizeof number);
    }
    stress_crew_join(&crew);
    CHECK_OK(tn_close(host));
    stress_ctx_end(place.ctx);
}

static void visitors(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        for (int threads = 0; threads < 5; threads += 2)
            run_visits(stress_transports[i], threads);
}

/* ------------------------------------------------------------------ ends while others block */

enum { BLOCKED = 6 };

struct blocked {
    tn_socket_t *empty, *full; /* nothing to receive; nowhere to send */
    pthread_barrier_t *start;
    int how;
    int expected;
};

static long block_somehow(struct blocked *blocked)
{
    tn_pollitem_t item = {.socket = blocked->empty, .events = TN_POLLIN};
    tn_msg_t msg;
    char buffer[8];
    long rc;

    switch (blocked->how) {
    case 0:
        watchdog_doing("blocks in", "tn_recv");
        return tn_recv(blocked->empty, buffer, sizeof buffer, 0);
    case 1:
        /* The kernel's buffers may take some more. */
        watchdog_doing("blocks in", "tn_send");
        do
            rc = tn_send(blocked->full, "x", 1, 0);
        while (rc == 0);
        return rc;
    case 2:
        watchdog_doing("blocks in", "tn_poll");
        rc = tn_poll(&item, 1, -1);
        if (rc == 1 && item.revents == TN_POLLERR)
            return -TN_ECLOSED;
        return rc;
    case 3:
        watchdog_doing("blocks in", "tn_wait_peers");
        return tn_wait_peers(blocked->empty, 1000, -1);
    case 4:
        watchdog_doing("blocks in", "tn_msg_recv");
        tn_msg_init(&msg);
        rc = tn_msg_recv(blocked->empty, &msg, 0);
        tn_msg_close(&msg);
        return rc;
    default:
        watchdog_doing("blocks in", "tn_drain");
        rc = tn_drain(blocked->full, -1);
        return rc == 0 ? blocked->expected : rc; /* the kernel may take the rest */
    }
}

static void *block(void *arg)
{
    struct blocked *blocked = arg;
    long rc;

    pthread_barrier_wait(blocked->start);
    rc = block_somehow(blocked);
    if (rc != blocked->expected)
        fprintf(stderr, "blocking call %d: %ld, not %d\n", blocked->how, rc, blocked->expected);
    CHECK(rc == blocked->expected);
    watchdog_doing(NULL, NULL);
    return NULL;
}

/* A PUSH that a PULL does not read from: every queue between them is full. */
static void fill_up(tn_socket_t *push)
{
    static char body[256 * 1024];
    int rc;

    CHECK_OK(tn_set_int(push, "sndtimeo", 20));
    do
        rc = tn_send(push, body, sizeof body, 0);
    while (rc == 0);
    CHECK(rc == -EAGAIN);
    CHECK_OK(tn_set_int(push, "sndtimeo", -1));
}

static void give_time(unsigned turns)
{
    while (turns--)
        sched_yield();
}

static void run_blocked(const char *transport, int io_threads, bool by_shutdown, unsigned turns)
{
    tn_ctx_t *ctx = stress_ctx(io_threads);
    tn_socket_t *pull = stress_socket(ctx, "pull"), *push = stress_socket(ctx, "push");
    tn_socket_t *empty = stress_socket(ctx, "dealer"), *peer = stress_socket(ctx, "dealer");
    struct blocked blocked[BLOCKED];
    struct stress_crew crew;
    pthread_barrier_t start;

    stress_marks(pull, 1);
    stress_marks(push, 1);
    CHECK_OK(tn_set_int(push, "linger", 0));
    stress_join(pull, push, transport);
    stress_join(empty, peer, transport);
    fill_up(push);
    pthread_barrier_init(&start, NULL, BLOCKED + 1);
    for (int i = 0; i < BLOCKED; i++)
        blocked[i] =
            (struct blocked){empty, push, &start, i, by_shutdown ? -TN_ETERM : -TN_ECLOSED};
    stress_crew_start(&crew, BLOCKED, block, blocked, sizeof blocked[0]);
    pthread_barrier_wait(&start);
    give_time(turns);
    if (by_shutdown) {
        CHECK_OK(tn_ctx_shutdown(ctx));
        stress_crew_join(&crew);
    }
    CHECK_OK(tn_close(empty));
    CHECK_OK(tn_close(push));
    if (!by_shutdown)
        stress_crew_join(&crew);
    pthread_barrier_destroy(&start);
    CHECK_OK(tn_close(pull));
    CHECK_OK(tn_close(peer));
    stress_ctx_end(ctx);
}

static void run_all_blocked(bool by_shutdown)
{
    for (long round = 0; round < stress_rounds(3); round++)
        for (int i = 0; i < STRESS_TRANSPORTS; i++)
            for (int threads = 0; threads < 5; threads += 2)
                run_blocked(stress_transports[i], threads, by_shutdown,
                            (unsigned)round * 200 + (unsigned)threads);
}

static void close_while_blocked(void)
{
    run_all_blocked(false);
}

static void shutdown_while_blocked(void)
{
    run_all_blocked(true);
}

/* ------------------------------------------------------------------ the same handle everywhere */

enum { USERS = 4 };

/* Calls on a socket that another thread closes are an error, and nothing else. */
static void *use(void *arg)
{
    struct place *place = *(struct place **)arg;
    char buffer[64];
    int64_t value;
    tn_stats_t stats;
    long turn = 0;
    long rc = 0;

    watchdog_doing("uses a socket that is closed", place->name);
    while (rc != -TN_ECLOSED) {
        switch (turn++ % 6) {
        case 0:
            rc = tn_send(place->socket, "x", 1, TN_DONTWAIT);
            break;
        case 1:
            rc = tn_recv(place->socket, buffer, sizeof buffer, TN_DONTWAIT);
            break;
        case 2:
            rc = tn_get_int(place->socket, "sndhwm", &value);
            break;
        case 3:
            rc = tn_set_int(place->socket, "linger", 0);
            break;
        case 4:
            rc = tn_stats(place->socket, &stats);
            break;
        default:
            rc = tn_connect(place->socket, place->endpoint);
            if (rc == 0)
                rc = tn_disconnect(place->socket, place->endpoint);
            break;
        }
        CHECK(rc >= 0 || rc == -EAGAIN || rc == -TN_ECLOSED || rc == -ENOENT);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void run_uses(const char *transport)
{
    struct place place = {.ctx = stress_ctx(2), .name = transport};
    struct place *places[USERS];
    tn_socket_t *host = stress_socket(place.ctx, "dealer");
    struct stress_crew crew;

    stress_bind(host, transport, place.endpoint);
    for (int i = 0; i < USERS; i++)
        places[i] = &place;
    for (long round = 0; round < stress_rounds(15); round++) {
        place.socket = stress_socket(place.ctx, "dealer");
        CHECK_OK(tn_set_int(place.socket, "linger", 0));
        stress_crew_start(&crew, USERS, use, places, sizeof places[0]);
        give_time(50 + (unsigned)round);
        CHECK_OK(tn_close(place.socket));
        stress_crew_join(&crew);
    }
    CHECK_OK(tn_close(host));
    stress_ctx_end(place.ctx);
}

static void closed_handles(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_uses(stress_transports[i]);
}

static void *use_stale(void *arg)
{
    struct place *place = *(struct place **)arg;
    char buffer[8];

    watchdog_doing("uses a stale handle", place->name);
    while (!atomic_load(&place->is_over)) {
        CHECK(tn_send(place->socket, "x", 1, 0) == -TN_ECLOSED);
        CHECK(tn_recv(place->socket, buffer, sizeof buffer, 0) == -TN_ECLOSED);
        CHECK(tn_close(place->socket) == -TN_ECLOSED);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

/* The slot of a closed socket is used again, and its old handle stays an error. */
static void stale_handles(void)
{
    struct place place = {.ctx = stress_ctx(1), .name = ""};
    struct place *places[USERS];
    struct stress_crew crew;

    place.socket = stress_socket(place.ctx, "dealer");
    CHECK_OK(tn_close(place.socket));
    for (int i = 0; i < USERS; i++)
        places[i] = &place;
    stress_crew_start(&crew, USERS, use_stale, places, sizeof places[0]);
    for (long i = 0; i < stress_rounds(100); i++) {
        tn_socket_t *left = stress_socket(place.ctx, "dealer");
        tn_socket_t *right = stress_socket(place.ctx, "dealer");
        watchdog_doing("opens and closes sockets", "");
        stress_join(left, right, stress_transports[i % STRESS_TRANSPORTS]);
        CHECK_OK(tn_set_int(right, "linger", 0));
        CHECK_OK(tn_send(right, "x", 1, 0));
        CHECK_OK(tn_close(left));
        CHECK_OK(tn_close(right));
    }
    atomic_store(&place.is_over, true);
    stress_crew_join(&crew);
    stress_ctx_end(place.ctx);
}

/* ------------------------------------------------------------------ connect and disconnect */

static void *wander(void *arg)
{
    struct place *place = *(struct place **)arg;
    tn_socket_t *socket = stress_socket(place->ctx, "dealer");
    char buffer[16];

    CHECK_OK(tn_set_int(socket, "linger", 0));
    CHECK_OK(tn_set_int(socket, "rcvtimeo", 5));
    for (long i = 0; i < place->rounds; i++) {
        watchdog_doing("connects and disconnects", place->name);
        CHECK_OK(tn_connect(socket, place->endpoint));
        CHECK_OK(tn_send(socket, "ping", 4, 0));
        if (i % 3)
            tn_recv(socket, buffer, sizeof buffer, i % 3 == 1 ? TN_DONTWAIT : 0);
        CHECK_OK(tn_disconnect(socket, place->endpoint));
    }
    CHECK_OK(tn_close(socket));
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void *answer(void *arg)
{
    struct place *place = *(struct place **)arg;
    tn_msg_t parts[2];

    tn_msg_init(&parts[0]);
    tn_msg_init(&parts[1]);
    watchdog_doing("answers", place->name);
    while (!atomic_load(&place->is_over)) {
        int count = tn_recv_parts(place->socket, parts, 2, 0);
        if (count == -EAGAIN)
            continue;
        CHECK(CHECK_OK(count) == 2);
        CHECK_OK(tn_send_parts(place->socket, parts, 2, 0));
    }
    tn_msg_close(&parts[0]);
    tn_msg_close(&parts[1]);
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void run_wandering(const char *transport, int io_threads)
{
    struct place place = {
        .ctx = stress_ctx(io_threads), .rounds = stress_rounds(80), .name = transport};
    struct place *places[VISITORS];
    struct stress_crew wandering, answering;

    place.socket = stress_socket(place.ctx, "router");
    CHECK_OK(tn_set_int(place.socket, "rcvtimeo", 20));
    stress_bind(place.socket, transport, place.endpoint);
    for (int i = 0; i < VISITORS; i++)
        places[i] = &place;
    stress_crew_start(&answering, 2, answer, places, sizeof places[0]);
    stress_crew_start(&wandering, VISITORS, wander, places, sizeof places[0]);
    stress_crew_join(&wandering);
    atomic_store(&place.is_over, true);
    stress_crew_join(&answering);
    CHECK_OK(tn_close(place.socket));
    stress_ctx_end(place.ctx);
}

static void connect_and_disconnect(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        for (int threads = 0; threads < 3; threads++)
            run_wandering(stress_transports[i], threads);
}

/* ------------------------------------------------------------------ a bind that goes and returns */

/* The peer returns by itself; at the end something gets through. */
static void run_rebinding(const char *transport, const char *wildcard)
{
    tn_ctx_t *ctx = stress_ctx(1);
    tn_socket_t *pull = stress_socket(ctx, "pull"), *push = stress_socket(ctx, "push");
    char endpoint[STRESS_ENDPOINT], buffer[16];
    size_t size = sizeof endpoint;

    CHECK_OK(tn_set_int(push, "reconnect_ivl", 1));
    CHECK_OK(tn_set_int(push, "linger", 0));
    CHECK_OK(tn_bind(pull, wildcard));
    CHECK_OK(tn_get_str(pull, "last_endpoint", endpoint, &size));
    CHECK_OK(tn_connect(push, endpoint));
    for (long i = 0; i < stress_rounds(40); i++) {
        int rc;
        watchdog_doing("unbinds and binds", transport);
        CHECK_OK(tn_send(push, "here", 4, 0));
        CHECK_OK(tn_set_int(pull, "rcvtimeo", i % 2 ? 20 : 0));
        tn_recv(pull, buffer, sizeof buffer, 0);
        CHECK_OK(tn_close(pull));
        pull = stress_socket(ctx, "pull");
        do
            rc = tn_bind(pull, endpoint);
        while (rc == -EADDRINUSE);
        CHECK_OK(rc);
    }
    watchdog_doing("receives after the last bind", transport);
    CHECK_OK(tn_set_int(pull, "rcvtimeo", 50));
    do { /* what the kernel took for the connection before is lost with it */
        CHECK_OK(tn_send(push, "last", 4, 0));
        size = (size_t)tn_recv(pull, buffer, sizeof buffer, 0);
    } while (size != 4 || memcmp(buffer, "last", 4) != 0);
    CHECK_OK(tn_close(pull));
    CHECK_OK(tn_close(push));
    stress_ctx_end(ctx);
}

static void rebinding(void)
{
    char directory[] = "/tmp/stress-XXXXXX";
    char endpoint[64];

    CHECK(mkdtemp(directory));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", directory);
    run_rebinding("tcp", "tcp://127.0.0.1:*");
    run_rebinding("ipc", endpoint);
    CHECK(rmdir(directory) == 0);
}

/* ------------------------------------------------------------------ monitors */

static void *look_on(void *arg)
{
    struct place *place = *(struct place **)arg;
    tn_event_t event;

    watchdog_doing("attaches and detaches monitors", place->name);
    while (!atomic_load(&place->is_over)) {
        tn_monitor_t *monitor = tn_monitor(place->socket, TN_EVENT_ALL);
        int rc;
        CHECK(monitor);
        do
            rc = tn_monitor_recv(monitor, &event, 1);
        while (rc == 0 && event.kind != TN_EVENT_DISCONNECTED);
        CHECK(rc == 0 || rc == -ETIMEDOUT);
        tn_monitor_close(monitor);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void run_monitors(const char *transport)
{
    struct place place = {.ctx = stress_ctx(2), .rounds = stress_rounds(50), .name = transport};
    struct place *places[VISITORS];
    struct stress_crew looking, wandering;
    tn_monitor_t *last;
    tn_event_t event;
    int rc;

    place.socket = stress_socket(place.ctx, "router");
    stress_bind(place.socket, transport, place.endpoint);
    for (int i = 0; i < VISITORS; i++)
        places[i] = &place;
    stress_crew_start(&looking, VISITORS, look_on, places, sizeof places[0]);
    stress_crew_start(&wandering, VISITORS, wander, places, sizeof places[0]);
    stress_crew_join(&wandering);
    atomic_store(&place.is_over, true);
    stress_crew_join(&looking);
    last = tn_monitor(place.socket, TN_EVENT_ALL);
    CHECK(last);
    CHECK_OK(tn_close(place.socket));
    watchdog_doing("waits for the last event", transport);
    do {
        rc = tn_monitor_recv(last, &event, -1);
        CHECK_OK(rc);
    } while (event.kind != TN_EVENT_STOPPED);
    tn_monitor_close(last);
    stress_ctx_end(place.ctx);
}

static void monitors(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_monitors(stress_transports[i]);
}

/* ------------------------------------------------------------------ whole contexts */

/* Each thread has a context of its own; waiters, slots and reactors go from one to the other. */
static void *live(void *arg)
{
    struct place *place = arg;
    char buffer[16];

    for (long i = 0; i < place->rounds; i++) {
        tn_ctx_t *ctx = stress_ctx((int)(i % 3));
        tn_socket_t *rep = stress_socket(ctx, "rep"), *req = stress_socket(ctx, "req");
        watchdog_doing("lives", place->name);
        stress_join(rep, req, stress_transports[i % STRESS_TRANSPORTS]);
        CHECK_OK(tn_send(req, "question", 8, 0));
        CHECK(CHECK_OK(tn_recv(rep, buffer, sizeof buffer, 0)) == 8);
        CHECK_OK(tn_send(rep, "answer", 6, 0));
        CHECK(CHECK_OK(tn_recv(req, buffer, sizeof buffer, 0)) == 6);
        CHECK_OK(tn_close(rep));
        CHECK_OK(tn_close(req));
        CHECK_OK(tn_ctx_term(ctx, -1));
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void contexts(void)
{
    struct place places[VISITORS];
    struct stress_crew crew;

    for (int i = 0; i < VISITORS; i++)
        places[i] = (struct place){.rounds = stress_rounds(24), .name = "in a context"};
    stress_crew_start(&crew, VISITORS, live, places, sizeof places[0]);
    stress_crew_join(&crew);
}

int main(int argc, char **argv)
{
    static const struct stress_scenario scenarios[] = {
        {"visitors", visitors},
        {"close_while_blocked", close_while_blocked},
        {"shutdown_while_blocked", shutdown_while_blocked},
        {"closed_handles", closed_handles},
        {"stale_handles", stale_handles},
        {"connect_and_disconnect", connect_and_disconnect},
        {"rebinding", rebinding},
        {"monitors", monitors},
        {"contexts", contexts},
    };

    return stress_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
