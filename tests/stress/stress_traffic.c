/*
 * stress_traffic: messages between sockets that several threads share; nothing may be lost, doubled,
 * mixed up or left asleep.
 *
 * stress_traffic [--long] [SCENARIO...]
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"

/* ------------------------------------------------------------------ shared PUSH and PULL */

enum { SENDERS = 4, RECEIVERS = 4, FRAMES = 3 };

struct note {
    int32_t sender; /* -1: the receiver ends */
    int32_t number;
};

struct traffic {
    tn_socket_t *from, *to;
    int32_t count; /* messages of each sender */
    atomic_uchar *seen; /* of each message         */
    const char *name;
};

struct hand {
    struct traffic *traffic;
    int32_t index;
};

static void send_note(tn_socket_t *socket, struct note note, bool by_parts)
{
    tn_msg_t parts[FRAMES];

    if (!by_parts) {
        for (int i = 0; i < FRAMES; i++)
            CHECK_OK(tn_send(socket, &note, sizeof note, i + 1 < FRAMES ? TN_MORE : 0));
        return;
    }
    for (int i = 0; i < FRAMES; i++)
        CHECK_OK(tn_msg_init_copy(&parts[i], &note, sizeof note));
    CHECK_OK(tn_send_parts(socket, parts, FRAMES, 0));
}

static struct note parts_to_note(tn_msg_t *parts)
{
    struct note note, again;

    memcpy(&note, tn_msg_data(&parts[0]), sizeof note);
    for (int i = 0; i < FRAMES; i++) {
        CHECK(tn_msg_size(&parts[i]) == sizeof note);
        memcpy(&again, tn_msg_data(&parts[i]), sizeof again);
        CHECK(again.sender == note.sender && again.number == note.number);
        tn_msg_close(&parts[i]);
        tn_msg_init(&parts[i]);
    }
    return note;
}

static struct note recv_note(tn_socket_t *socket, bool by_parts)
{
    struct note note, again;
    tn_msg_t parts[FRAMES];

    if (by_parts) {
        for (int i = 0; i < FRAMES; i++)
            tn_msg_init(&parts[i]);
        CHECK(CHECK_OK(tn_recv_parts(socket, parts, FRAMES, 0)) == FRAMES);
        return parts_to_note(parts);
    }
    CHECK(CHECK_OK(tn_recv(socket, &note, sizeof note, 0)) == sizeof note);
    for (int i = 1; i < FRAMES; i++) {
        CHECK(CHECK_OK(tn_recv(socket, &again, sizeof again, 0)) == sizeof again);
        CHECK(again.sender == note.sender && again.number == note.number);
    }
    return note;
}

static void mark_seen(struct traffic *traffic, struct note note)
{
    CHECK(note.sender < SENDERS && note.number < traffic->count);
    CHECK(atomic_fetch_add(&traffic->seen[note.sender * traffic->count + note.number], 1) == 0);
}

static void *send_notes(void *arg)
{
    struct hand *hand = arg;

    watchdog_doing("sends on a shared socket", hand->traffic->name);
    for (int32_t i = 0; i < hand->traffic->count; i++)
        send_note(hand->traffic->from, (struct note){hand->index, i}, i % 2);
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void *recv_notes(void *arg)
{
    struct hand *hand = arg;
    struct note note;

    watchdog_doing("receives on a shared socket", hand->traffic->name);
    for (int turn = 0;; turn++) {
        note = recv_note(hand->traffic->to, turn % 2);
        if (note.sender < 0)
            break;
        mark_seen(hand->traffic, note);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void hands_init(struct hand *hands, int count, struct traffic *traffic)
{
    for (int i = 0; i < count; i++)
        hands[i] = (struct hand){traffic, i};
}

static void all_seen(struct traffic *traffic)
{
    for (int32_t i = 0; i < SENDERS * traffic->count; i++)
        CHECK(atomic_load(&traffic->seen[i]) == 1);
    free(traffic->seen);
}

static void run_shared(const char *transport, int io_threads, int mark, long count)
{
    tn_ctx_t *ctx = stress_ctx(io_threads);
    struct traffic traffic = {stress_socket(ctx, "push"), stress_socket(ctx, "pull"),
                              (int32_t)count, calloc((size_t)count, SENDERS), transport};
    struct hand senders[SENDERS], receivers[RECEIVERS];
    struct stress_crew sending, receiving;

    CHECK(traffic.seen);
    stress_marks(traffic.from, mark);
    stress_marks(traffic.to, mark);
    stress_join(traffic.to, traffic.from, transport);
    hands_init(senders, SENDERS, &traffic);
    hands_init(receivers, RECEIVERS, &traffic);
    stress_crew_start(&receiving, RECEIVERS, recv_notes, receivers, sizeof receivers[0]);
    stress_crew_start(&sending, SENDERS, send_notes, senders, sizeof senders[0]);
    stress_crew_join(&sending);
    for (int i = 0; i < RECEIVERS; i++)
        send_note(traffic.from, (struct note){-1, 0}, true);
    stress_crew_join(&receiving);
    all_seen(&traffic);
    CHECK_OK(tn_close(traffic.from));
    CHECK_OK(tn_close(traffic.to));
    stress_ctx_end(ctx);
}

static void shared_sockets(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_shared(stress_transports[i], 1, 1000, stress_rounds(1500));
}

static void shared_sockets_mark_1(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_shared(stress_transports[i], 1, 1, stress_rounds(300));
}

static void shared_sockets_without_io_threads(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_shared(stress_transports[i], 0, 10, stress_rounds(300));
}

static void shared_sockets_4_io_threads(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_shared(stress_transports[i], 4, 100, stress_rounds(1000));
}

/* ------------------------------------------------------------------ shared DEALER and ROUTER */

enum { CLIENTS = 4, SERVERS = 3, DEALERS = 3 };

struct service {
    tn_socket_t *router, *dealers[DEALERS];
    long requests; /* of each client */
    atomic_long answered;
    const char *name;
};

struct part {
    struct service *service;
    int index;
};

static void *ask(void *arg)
{
    struct part *part = arg;
    struct service *service = part->service;
    tn_socket_t *dealer = service->dealers[part->index % DEALERS];
    char text[32], answer[32];

    for (long i = 0; i < service->requests; i++) {
        int size = snprintf(text, sizeof text, "%d %ld", part->index, i);
        watchdog_doing("asks", service->name);
        CHECK_OK(tn_send(dealer, text, (size_t)size, 0));
        watchdog_doing("waits for an answer", service->name);
        CHECK(CHECK_OK(tn_recv(dealer, answer, sizeof answer, 0)) > 0);
        atomic_fetch_add(&service->answered, 1);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void *serve(void *arg)
{
    struct part *part = arg;
    tn_msg_t parts[2];
    int count;

    tn_msg_init(&parts[0]);
    tn_msg_init(&parts[1]);
    for (;;) {
        watchdog_doing("serves", part->service->name);
        count = tn_recv_parts(part->service->router, parts, 2, 0);
        if (count == -TN_ETERM)
            break;
        CHECK(CHECK_OK(count) == 2);
        CHECK_OK(tn_send_parts(part->service->router, parts, 2, 0));
    }
    tn_msg_close(&parts[0]);
    tn_msg_close(&parts[1]);
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void run_service(const char *transport, int io_threads)
{
    tn_ctx_t *ctx = stress_ctx(io_threads);
    struct service service = {
        .router = stress_socket(ctx, "router"), .requests = stress_rounds(400), .name = transport};
    struct part clients[CLIENTS], servers[SERVERS];
    struct stress_crew asking, serving;
    char endpoint[STRESS_ENDPOINT];

    stress_bind(service.router, transport, endpoint);
    for (int i = 0; i < DEALERS; i++) {
        service.dealers[i] = stress_socket(ctx, "dealer");
        CHECK_OK(tn_connect(service.dealers[i], endpoint));
    }
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (struct part){&service, i};
    for (int i = 0; i < SERVERS; i++)
        servers[i] = (struct part){&service, i};
    stress_crew_start(&serving, SERVERS, serve, servers, sizeof servers[0]);
    stress_crew_start(&asking, CLIENTS, ask, clients, sizeof clients[0]);
    stress_crew_join(&asking);
    CHECK(atomic_load(&service.answered) == CLIENTS * service.requests);
    CHECK_OK(tn_ctx_shutdown(ctx));
    stress_crew_join(&serving);
    CHECK_OK(tn_close(service.router));
    for (int i = 0; i < DEALERS; i++)
        CHECK_OK(tn_close(service.dealers[i]));
    stress_ctx_end(ctx);
}

static void requests(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_service(stress_transports[i], 1);
}

static void requests_without_io_threads(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_service(stress_transports[i], 0);
}

static void requests_4_io_threads(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_service(stress_transports[i], 4);
}

/* ------------------------------------------------------------------ ping-pong */

struct rally {
    tn_socket_t *socket;
    long rounds;
    bool serves;
    const char *name;
};

static void *play(void *arg)
{
    struct rally *rally = arg;
    char ball[8] = "ball";

    for (long i = 0; i < rally->rounds; i++) {
        watchdog_doing("sends a ball", rally->name);
        if (rally->serves || i > 0)
            CHECK_OK(tn_send(rally->socket, ball, 4, 0));
        watchdog_doing("waits for the ball", rally->name);
        CHECK(CHECK_OK(tn_recv(rally->socket, ball, sizeof ball, 0)) == 4);
    }
    if (!rally->serves)
        CHECK_OK(tn_send(rally->socket, ball, 4, 0));
    watchdog_doing(NULL, NULL);
    return NULL;
}

enum { RALLIES = 3 };

static void run_rallies(const char *transport, int io_threads)
{
    tn_ctx_t *ctx = stress_ctx(io_threads);
    struct rally players[2 * RALLIES];
    struct stress_crew crew;

    for (int i = 0; i < RALLIES; i++) {
        tn_socket_t *left = stress_socket(ctx, "pair"), *right = stress_socket(ctx, "pair");
        stress_marks(left, 1);
        stress_marks(right, 1);
        stress_join(left, right, transport);
        players[2 * i] = (struct rally){left, stress_rounds(1000), true, transport};
        players[2 * i + 1] = (struct rally){right, stress_rounds(1000), false, transport};
    }
    stress_crew_start(&crew, 2 * RALLIES, play, players, sizeof players[0]);
    stress_crew_join(&crew);
    for (int i = 0; i < 2 * RALLIES; i++)
        CHECK_OK(tn_close(players[i].socket));
    stress_ctx_end(ctx);
}

static void ping_pong_mark_1(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        for (int threads = 0; threads < 3; threads++)
            run_rallies(stress_transports[i], threads);
}

/* ------------------------------------------------------------------ polling */

enum { SOURCES = 4, POLLERS = 3 };

struct polled {
    tn_socket_t *push[SOURCES], *pull[SOURCES];
    long count; /* messages of each source */
    atomic_long received;
    const char *name;
};

struct source {
    struct polled *polled;
    int index;
};

static void *feed(void *arg)
{
    struct source *source = arg;

    watchdog_doing("feeds", source->polled->name);
    for (long i = 0; i < source->polled->count; i++)
        CHECK_OK(tn_send(source->polled->push[source->index], &i, sizeof i, 0));
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void take_ready(struct polled *polled, const tn_pollitem_t *items)
{
    long number;

    for (int i = 0; i < SOURCES; i++) {
        ssize_t size;
        CHECK(!(items[i].revents & TN_POLLERR));
        if (!items[i].revents)
            continue;
        size = tn_recv(items[i].socket, &number, sizeof number, TN_DONTWAIT);
        if (size == -EAGAIN) /* another thread took it */
            continue;
        CHECK(CHECK_OK(size) == sizeof number);
        atomic_fetch_add(&polled->received, 1);
    }
}

static void *poll_all(void *arg)
{
    struct source *source = arg;
    struct polled *polled = source->polled;
    tn_pollitem_t items[SOURCES] = {0};

    for (int i = 0; i < SOURCES; i++)
        items[i] = (tn_pollitem_t){.socket = polled->pull[(i + source->index) % SOURCES],
                                   .events = TN_POLLIN};
    /* The time-out lets a poller see that another one took the last message. */
    while (atomic_load(&polled->received) < SOURCES * polled->count) {
        watchdog_doing("polls", polled->name);
        CHECK_OK(tn_poll(items, SOURCES, 50));
        take_ready(polled, items);
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

static void run_polling(const char *transport, int io_threads)
{
    tn_ctx_t *ctx = stress_ctx(io_threads);
    struct polled polled = {.count = stress_rounds(400), .name = transport};
    struct source sources[SOURCES];
    struct stress_crew feeding, polling;

    for (int i = 0; i < SOURCES; i++) {
        polled.push[i] = stress_socket(ctx, "push");
        polled.pull[i] = stress_socket(ctx, "pull");
        stress_marks(polled.push[i], 1 + 10 * i);
        stress_marks(polled.pull[i], 1 + 10 * i);
        stress_join(i % 2 ? polled.push[i] : polled.pull[i],
                    i % 2 ? polled.pull[i] : polled.push[i], transport);
        sources[i] = (struct source){&polled, i};
    }
    stress_crew_start(&polling, POLLERS, poll_all, sources, sizeof sources[0]);
    stress_crew_start(&feeding, SOURCES, feed, sources, sizeof sources[0]);
    stress_crew_join(&feeding);
    stress_crew_join(&polling);
    for (int i = 0; i < SOURCES; i++) {
        CHECK_OK(tn_close(polled.push[i]));
        CHECK_OK(tn_close(polled.pull[i]));
    }
    stress_ctx_end(ctx);
}

static void pollers(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        for (int threads = 0; threads < 3; threads++)
            run_polling(stress_transports[i], threads);
}

/* ------------------------------------------------------------------ conflation */

struct feed {
    tn_socket_t *push, *pull;
    long last;
    const char *name;
};

static void *push_all(void *arg)
{
    struct feed *feed = arg;

    watchdog_doing("sends newest", feed->name);
    for (long i = 1; i <= feed->last; i++)
        CHECK_OK(tn_send(feed->push, &i, sizeof i, 0));
    watchdog_doing(NULL, NULL);
    return NULL;
}

/* Numbers only rise, and the last one comes. */
static void run_conflating(const char *transport)
{
    tn_ctx_t *ctx = stress_ctx(1);
    struct feed feed = {stress_socket(ctx, "push"), stress_socket(ctx, "pull"), stress_rounds(5000),
                        transport};
    struct stress_crew crew;
    long before = 0, number = 0;

    CHECK_OK(tn_set_int(feed.push, "conflate", 1));
    CHECK_OK(tn_set_int(feed.pull, "conflate", 1));
    stress_join(feed.pull, feed.push, transport);
    stress_crew_start(&crew, 1, push_all, &feed, sizeof feed);
    while (number < feed.last) {
        watchdog_doing("receives the newest", transport);
        CHECK(CHECK_OK(tn_recv(feed.pull, &number, sizeof number, 0)) == sizeof number);
        CHECK(number > before);
        before = number;
    }
    stress_crew_join(&crew);
    CHECK_OK(tn_close(feed.push));
    CHECK_OK(tn_close(feed.pull));
    stress_ctx_end(ctx);
}

static void conflation(void)
{
    for (int i = 0; i < STRESS_TRANSPORTS; i++)
        run_conflating(stress_transports[i]);
}

int main(int argc, char **argv)
{
    static const struct stress_scenario scenarios[] = {
        {"shared_sockets", shared_sockets},
        {"shared_sockets_mark_1", shared_sockets_mark_1},
        {"shared_sockets_without_io_threads", shared_sockets_without_io_threads},
        {"shared_sockets_4_io_threads", shared_sockets_4_io_threads},
        {"requests", requests},
        {"requests_without_io_threads", requests_without_io_threads},
        {"requests_4_io_threads", requests_4_io_threads},
        {"ping_pong_mark_1", ping_pong_mark_1},
        {"pollers", pollers},
        {"conflation", conflation},
    };

    return stress_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
