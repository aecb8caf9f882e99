/* What every transport must do, tried through the library. */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon/transport.h>

#include "conform.h"

enum { WAIT = 10000 /* ms, for what should take a moment */, ENDPOINT = 512, CONNECTIONS = 200 };

/* ---- what the cases are made of ---- */

static unsigned shape(const struct subject *subject)
{
    return ((const tn_transport_ops_t *)subject->feature->ops)->shape;
}

static void needs_processes(const struct subject *subject)
{
    if (shape(subject) == TN_SHAPE_MESSAGE)
        conform_skip("it joins sockets of one process: there is no connection that could be lost");
}

static tn_ctx_t *new_context(const struct subject *subject)
{
    tn_ctx_t *ctx = tn_ctx_new();

    CONFORM(ctx, "no context: %s", tn_last_error());
    CONFORM(tn_ctx_add_module(ctx, subject->watched) == 0, "%s", tn_last_error());
    return ctx;
}

static tn_socket_t *new_socket(tn_ctx_t *ctx, const char *pattern)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    CONFORM(socket, "%s", tn_last_error());
    tn_set_int(socket, "rcvtimeo", WAIT);
    tn_set_int(socket, "sndtimeo", WAIT);
    tn_set_int(socket, "linger", 0);
    tn_set_int(socket, "reconnect_ivl", 10);
    return socket;
}

static void end_context(tn_ctx_t *ctx)
{
    CONFORM(tn_ctx_term(ctx, WAIT) == 0, "the context does not end: %s", tn_last_error());
}

/* The template with its marks filled in. */
void conform_fill_in(const struct subject *subject, char *out, size_t size)
{
    static int number;
    size_t used = 0;

    number++;
    for (const char *c = subject->endpoint; *c && used + 1 < size; c++) {
        if (c[0] == '%' && c[1] == 'd')
            used += (size_t)snprintf(out + used, size - used, "%s", subject->directory);
        else if (c[0] == '%' && c[1] == 'n')
            used += (size_t)snprintf(out + used, size - used, "%d-%d", getpid(), number);
        else {
            out[used++] = *c;
            continue;
        }
        c++;
    }
    out[used < size ? used : size - 1] = '\0';
}

/* Binds somewhere; `endpoint` (ENDPOINT bytes) is where others connect to. */
static void bind_somewhere(const struct subject *subject, tn_socket_t *socket, char *endpoint)
{
    char wanted[ENDPOINT];
    size_t size = ENDPOINT;

    conform_fill_in(subject, wanted, sizeof wanted);
    CONFORM(tn_bind(socket, wanted) == 0, "%s", tn_last_error());
    CONFORM(tn_get_str(socket, "last_endpoint", endpoint, &size) == 0, "%s", tn_last_error());
}

static void connect_to(const struct subject *subject, tn_socket_t *socket, const char *endpoint)
{
    char whole[2 * ENDPOINT];

    snprintf(whole, sizeof whole, "%s%s%s", endpoint, subject->connect_options[0] ? "?" : "",
             subject->connect_options);
    CONFORM(tn_connect(socket, whole) == 0, "%s", tn_last_error());
}

/* Two sockets that have shaken hands. */
struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *bound, *connected;
    char endpoint[ENDPOINT];
};

static void join(const struct subject *subject, struct pair *pair, const char *bound,
                 const char *connected)
{
    pair->ctx = new_context(subject);
    pair->bound = new_socket(pair->ctx, bound);
    pair->connected = new_socket(pair->ctx, connected);
    bind_somewhere(subject, pair->bound, pair->endpoint);
    connect_to(subject, pair->connected, pair->endpoint);
    CONFORM(tn_wait_peers(pair->bound, 1, WAIT) == 1 &&
                tn_wait_peers(pair->connected, 1, WAIT) == 1,
            "bind and connect at %s do not find each other within %d ms", pair->endpoint, WAIT);
}

static void part(struct pair *pair)
{
    tn_close(pair->connected);
    tn_close(pair->bound);
    end_context(pair->ctx);
}

static uint8_t byte_at(size_t i, unsigned seed)
{
    return (uint8_t)(i * 131 + (i >> 8) * 17 + seed);
}

/* Sends `size` bytes by which each place is known. */
static void send_known(tn_socket_t *socket, size_t size, unsigned seed, int flags)
{
    tn_msg_t msg;
    uint8_t *body;

    CONFORM(tn_msg_init_size(&msg, size) == 0, "no memory for %zu bytes", size);
    body = tn_msg_data(&msg);
    for (size_t i = 0; i < size; i++)
        body[i] = byte_at(i, seed);
    CONFORM(tn_msg_send(socket, &msg, flags) >= 0, "a message of %zu bytes cannot be sent: %s",
            size, tn_last_error());
}

static void recv_known(tn_socket_t *socket, size_t size, unsigned seed)
{
    tn_msg_t msg;
    const uint8_t *body;
    ssize_t got;

    tn_msg_init(&msg);
    got = tn_msg_recv(socket, &msg, 0);
    CONFORM(got >= 0, "a message of %zu bytes did not arrive: %s", size, tn_last_error());
    CONFORM((size_t)got == size, "a message of %zu bytes arrived with %zd", size, got);
    body = tn_msg_bytes(&msg);
    for (size_t i = 0; i < size; i++)
        CONFORM(body[i] == byte_at(i, seed), "byte %zu of a message of %zu is wrong", i, size);
    tn_msg_close(&msg);
}

static void exchange(struct pair *pair, size_t size)
{
    send_known(pair->connected, size, 1, 0);
    recv_known(pair->bound, size, 1);
    send_known(pair->bound, size, 2, 0);
    recv_known(pair->connected, size, 2);
}

static int count_entries(const char *directory)
{
    DIR *dir = opendir(directory);
    int count = 0;

    if (!dir)
        return -1;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* ---- endpoints ---- */

static void run_empty_endpoint(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *socket = new_socket(ctx, "pair");
    char endpoint[ENDPOINT];

    snprintf(endpoint, sizeof endpoint, "%s://", subject->feature->name);
    CONFORM(tn_bind(socket, endpoint) < 0, "a bind to \"%s\" succeeds", endpoint);
    CONFORM(tn_connect(socket, endpoint) < 0, "a connect to \"%s\" succeeds", endpoint);
    tn_close(socket);
    end_context(ctx);
}

static void run_long_endpoint(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *socket = new_socket(ctx, "pair");
    char endpoint[3000];
    int head = snprintf(endpoint, sizeof endpoint, "%s://", subject->feature->name);

    memset(endpoint + head, 'x', sizeof endpoint - (size_t)head - 1);
    endpoint[sizeof endpoint - 1] = '\0';
    CONFORM(tn_bind(socket, endpoint) < 0, "a bind to an address of %zu bytes succeeds",
            strlen(endpoint));
    tn_close(socket);
    end_context(ctx);
}

static void run_last_endpoint(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *bound = new_socket(ctx, "pair"), *connected = new_socket(ctx, "pair");
    char endpoint[ENDPOINT];
    size_t scheme = strlen(subject->feature->name);

    bind_somewhere(subject, bound, endpoint);
    CONFORM(strncmp(endpoint, subject->feature->name, scheme) == 0 &&
                (strncmp(endpoint + scheme, "://", 3) == 0 || endpoint[scheme] == '+'),
            "\"last_endpoint\" is \"%s\", which is not %s://...", endpoint, subject->feature->name);
    connect_to(subject, connected, endpoint);
    CONFORM(tn_wait_peers(connected, 1, WAIT) == 1, "nobody is at \"last_endpoint\", %s", endpoint);
    tn_close(connected);
    tn_close(bound);
    end_context(ctx);
}

static void run_duplicate_bind(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *first = new_socket(ctx, "pair"), *second = new_socket(ctx, "pair");
    char endpoint[ENDPOINT];
    int code;

    bind_somewhere(subject, first, endpoint);
    code = tn_bind(second, endpoint);
    CONFORM(code == -EADDRINUSE, "a second bind to %s returns %d (%s), not -EADDRINUSE", endpoint,
            code, code < 0 ? tn_strerror(code) : "success");
    tn_close(first);
    tn_close(second);
    end_context(ctx);
}

static void run_bind_again(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *socket = new_socket(ctx, "pair");
    char endpoint[ENDPOINT];
    int code = 0;

    bind_somewhere(subject, socket, endpoint);
    CONFORM(tn_unbind(socket, endpoint) == 0, "%s", tn_last_error());
    for (int i = 0; i < 100; i++) {
        code = tn_bind(socket, endpoint);
        if (code != -EADDRINUSE)
            break;
        usleep(20000);
    }
    CONFORM(code == 0, "after an unbind the address %s is not free again: %s", endpoint,
            tn_last_error());
    tn_close(socket);
    end_context(ctx);
}

static int set_bounds(const tn_option_info_t *info, void *arg)
{
    tn_socket_t *socket = arg;
    char name[128], text[512];
    size_t size = sizeof text;
    int64_t value, again;

    snprintf(name, sizeof name, "%s.%s", info->feature, info->name);
    CONFORM(info->help[0], "option %s has no help", name);
    if (strcmp(info->type, "int") == 0 || strcmp(info->type, "bool") == 0) {
        if (tn_get_int(socket, name, &value) != 0)
            return 0; /* is only set */
        CONFORM(tn_set_int(socket, name, value) == 0,
                "option %s does not take its own value %lld: %s", name, (long long)value,
                tn_last_error());
        CONFORM(tn_get_int(socket, name, &again) == 0 && again == value,
                "option %s was set to %lld and reads otherwise", name, (long long)value);
        return 0;
    }
    if (strcmp(info->type, "text") == 0 && tn_get_str(socket, name, text, &size) == 0 && size > 1)
        CONFORM(tn_set_str(socket, name, text) == 0, "option %s does not take its own value: %s",
                name, tn_last_error());
    return 0;
}

static void run_options(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *socket = new_socket(ctx, "pair");
    char endpoint[ENDPOINT + 32];

    tn_feature_options(ctx, subject->feature->name, set_bounds, socket);
    conform_fill_in(subject, endpoint, ENDPOINT);
    strcat(endpoint, strchr(endpoint, '?') ? "&no_such_option=1" : "?no_such_option=1");
    CONFORM(tn_bind(socket, endpoint) < 0, "a bind with an option that does not exist succeeds: %s",
            endpoint);
    tn_close(socket);
    end_context(ctx);
}

/* ---- messages ---- */

static void run_exchange(const struct subject *subject)
{
    static const size_t sizes[] = {0, 1, 40, 255, 256, 8191, 65536, 1 << 20};
    struct pair pair;

    join(subject, &pair, "pair", "pair");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        exchange(&pair, sizes[i]);
    part(&pair);
}

static void run_order(const struct subject *subject)
{
    enum { MESSAGES = 20000 };
    struct pair pair;
    uint32_t number;

    join(subject, &pair, "pair", "pair");
    for (uint32_t sent = 0, got = 0; got < MESSAGES;) {
        while (sent < MESSAGES && tn_send(pair.connected, &sent, sizeof sent, TN_DONTWAIT) == 0)
            sent++;
        for (uint32_t burst = 0; burst < 500 && got < sent; burst++, got++) {
            CONFORM(tn_recv(pair.bound, &number, sizeof number, 0) == sizeof number,
                    "message %u of %d did not arrive: %s", got, MESSAGES, tn_last_error());
            CONFORM(number == got, "message %u arrived where %u was due", number, got);
        }
    }
    part(&pair);
}

static void run_multipart(const struct subject *subject)
{
    enum { FRAMES = 50 };
    struct pair pair;
    int64_t more = 0;

    join(subject, &pair, "pair", "pair");
    for (unsigned i = 0; i < FRAMES; i++)
        send_known(pair.connected, i * 100, i, i + 1 < FRAMES ? TN_MORE : 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        recv_known(pair.bound, i * 100, i);
        tn_get_int(pair.bound, "rcvmore", &more);
        CONFORM(!more == (i + 1 == FRAMES), "frame %u of %d says wrongly whether another follows",
                i, FRAMES);
    }
    part(&pair);
}

static void run_huge_message(const struct subject *subject)
{
    enum { SIZE = 32 << 20 };
    struct pair pair;

    join(subject, &pair, "pair", "pair");
    send_known(pair.connected, SIZE, 5, 0);
    recv_known(pair.bound, SIZE, 5);
    part(&pair);
}

static void run_fragments(const struct subject *subject)
{
    struct subject split = *subject;
    struct pair pair;
    char endpoint[ENDPOINT];

    if (shape(subject) != TN_SHAPE_STREAM)
        conform_skip("for transports that carry streams");
    /* The layer "fault" reads and writes one byte at a time. */
    snprintf(endpoint, sizeof endpoint, "fault+%s%sfragment=1", subject->endpoint,
             strchr(subject->endpoint, '?') ? "&" : "?");
    split.endpoint = endpoint;
    join(&split, &pair, "pair", "pair");
    exchange(&pair, 3000);
    exchange(&pair, 0);
    part(&pair);
}

static void run_high_water_mark(const struct subject *subject)
{
    enum { MOST = 200000, SIZE = 1024 };
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *pull = new_socket(ctx, "pull"), *push = new_socket(ctx, "push");
    char endpoint[ENDPOINT], body[SIZE] = "";
    uint32_t sent = 0, number;
    int idle = 0;

    tn_set_int(pull, "rcvhwm", 10);
    tn_set_int(push, "sndhwm", 10);
    bind_somewhere(subject, pull, endpoint);
    connect_to(subject, push, endpoint);
    CONFORM(tn_wait_peers(push, 1, WAIT) == 1, "nobody is at %s", endpoint);
    while (idle < 20 && sent < MOST) {
        memcpy(body, &sent, sizeof sent);
        if (tn_send(push, body, SIZE, TN_DONTWAIT) == 0) {
            sent++;
            idle = 0;
        } else {
            idle++;
            usleep(10000);
        }
    }
    CONFORM(sent < MOST, "%u messages were taken while nobody reads, with high-water marks of 10",
            sent);
    for (uint32_t i = 0; i < sent; i++) {
        CONFORM(tn_recv(pull, body, SIZE, 0) == SIZE,
                "message %u of %u did not arrive when reading went on: %s", i, sent,
                tn_last_error());
        memcpy(&number, body, sizeof number);
        CONFORM(number == i, "message %u arrived where %u was due", number, i);
    }
    CONFORM(tn_send(push, body, SIZE, 0) == 0, "after all was read a send still blocks: %s",
            tn_last_error());
    tn_close(push);
    tn_close(pull);
    end_context(ctx);
}

/* ---- connections ---- */

static void run_connect_first(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *bound = new_socket(ctx, "pair"), *connected = new_socket(ctx, "pair");
    char endpoint[ENDPOINT], text[8];

    /* An address that is free, as somebody had it a moment ago. */
    bind_somewhere(subject, bound, endpoint);
    CONFORM(tn_unbind(bound, endpoint) == 0, "%s", tn_last_error());
    connect_to(subject, connected, endpoint);
    usleep(50000);
    for (int i = 0; i < 100 && tn_bind(bound, endpoint) != 0; i++)
        usleep(20000);
    CONFORM(tn_send(connected, "hello", 5, 0) == 0 && tn_recv(bound, text, sizeof text, 0) == 5,
            "a connect that came before its bind does not get through: %s", tn_last_error());
    tn_close(connected);
    tn_close(bound);
    end_context(ctx);
}

static void run_refused(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *bound = new_socket(ctx, "pair"), *connected = new_socket(ctx, "pair");
    tn_monitor_t *monitor = tn_monitor(connected, TN_EVENT_ALL);
    char endpoint[ENDPOINT];
    tn_event_t event;

    needs_processes(subject);
    bind_somewhere(subject, bound, endpoint);
    tn_close(bound);
    usleep(50000);
    connect_to(subject, connected, endpoint);
    do {
        CONFORM(tn_monitor_recv(monitor, &event, WAIT) == 0,
                "nobody listens at %s, and no event says that the attempt failed", endpoint);
        CONFORM(event.kind != TN_EVENT_CONNECTED && event.kind != TN_EVENT_HANDSHAKE_SUCCEEDED,
                "nobody listens at %s, and yet it is connected", endpoint);
    } while (event.kind != TN_EVENT_CONNECT_RETRIED);
    CONFORM(event.error < 0, "the event of a refused attempt carries no error");
    tn_monitor_close(monitor);
    tn_close(connected);
    end_context(ctx);
}

static void run_cancelled(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *bound = new_socket(ctx, "router");
    char endpoint[ENDPOINT];

    bind_somewhere(subject, bound, endpoint);
    for (int i = 0; i < 100; i++) {
        tn_socket_t *connected = new_socket(ctx, "dealer");

        connect_to(subject, connected, endpoint);
        if (i % 3 == 1)
            usleep(500);
        if (i % 3 == 2)
            tn_send(connected, "x", 1, TN_DONTWAIT);
        tn_close(connected);
    }
    tn_close(bound);
    end_context(ctx);
}

static void run_many_connections(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *server = new_socket(ctx, "rep"), *client[CONNECTIONS];
    char endpoint[ENDPOINT], text[16];

    tn_set_int(server, "backlog", CONNECTIONS);
    bind_somewhere(subject, server, endpoint);
    for (int i = 0; i < CONNECTIONS; i++) {
        client[i] = new_socket(ctx, "req");
        connect_to(subject, client[i], endpoint);
        CONFORM(tn_send(client[i], &i, sizeof i, 0) == 0, "connection %d of %d: %s", i, CONNECTIONS,
                tn_last_error());
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        ssize_t got = tn_recv(server, text, sizeof text, 0);

        CONFORM(got == sizeof i && tn_send(server, text, (size_t)got, 0) == 0,
                "request %d of %d: %s", i, CONNECTIONS, tn_last_error());
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        int number = -1;

        CONFORM(tn_recv(client[i], &number, sizeof number, 0) == sizeof number && number == i,
                "connection %d of %d got no answer, or another's", i, CONNECTIONS);
        tn_close(client[i]);
    }
    tn_close(server);
    end_context(ctx);
}

static void run_reconnect(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *client = new_socket(ctx, "dealer");
    char endpoint[ENDPOINT] = "", text[16];

    needs_processes(subject);
    for (int round = 0; round < 3; round++) {
        tn_socket_t *server = new_socket(ctx, "dealer");

        if (round == 0) {
            bind_somewhere(subject, server, endpoint);
            connect_to(subject, client, endpoint);
        } else {
            int code = -EADDRINUSE;

            for (int i = 0; i < 100 && code == -EADDRINUSE; i++, usleep(20000))
                code = tn_bind(server, endpoint);
            CONFORM(code == 0, "%s", tn_last_error());
        }
        CONFORM(tn_wait_peers(server, 1, WAIT) == 1,
                "the client does not come back to %s in round %d", endpoint, round);
        CONFORM(tn_send(server, "hello", 5, 0) == 0 && tn_recv(client, text, sizeof text, 0) == 5,
                "no message gets through in round %d: %s", round, tn_last_error());
        tn_close(server);
    }
    tn_close(client);
    end_context(ctx);
}

/* A peer in a process of its own, which is killed while it sends. */
static pid_t start_peer(const struct subject *subject, const char *endpoint, size_t size)
{
    pid_t pid = fork();

    if (pid == 0) {
        tn_ctx_t *ctx = new_context(subject);
        tn_socket_t *push = new_socket(ctx, "push");
        char *body = calloc(1, size);

        connect_to(subject, push, endpoint);
        while (body && tn_send(push, body, size, 0) == 0)
            continue;
        _exit(0);
    }
    CONFORM(pid > 0, "no child process: %s", strerror(errno));
    return pid;
}

static atomic_int broken_pipes;

static void count_broken_pipe(int number)
{
    (void)number;
    atomic_fetch_add(&broken_pipes, 1);
}

static void run_killed_peer(const struct subject *subject)
{
    static const size_t sizes[] = {10, 100000, 16 << 20};
    tn_ctx_t *ctx;
    tn_socket_t *pull;
    char endpoint[ENDPOINT];
    pid_t peers[8];
    tn_msg_t msg;

    needs_processes(subject);
    signal(SIGPIPE, count_broken_pipe);
    /* The address is chosen before there is a thread that a fork would lose. */
    ctx = new_context(subject);
    pull = new_socket(ctx, "pull");
    bind_somewhere(subject, pull, endpoint);
    tn_close(pull);
    end_context(ctx);
    for (int i = 0; i < 8; i++)
        peers[i] = start_peer(subject, endpoint, sizes[i % 3]);

    ctx = new_context(subject);
    pull = new_socket(ctx, "pull");
    tn_set_int(pull, "maxmsgsize", -1);
    CONFORM(tn_bind(pull, endpoint) == 0, "%s", tn_last_error());
    tn_msg_init(&msg);
    for (int i = 0; i < 8; i++) {
        for (int n = 0; n < 20 * i; n++)
            CONFORM(tn_msg_recv(pull, &msg, 0) >= 0, "peers send, and nothing arrives: %s",
                    tn_last_error());
        kill(peers[i], SIGKILL);
        waitpid(peers[i], NULL, 0);
    }
    while (tn_msg_recv(pull, &msg, TN_DONTWAIT) >= 0)
        CONFORM(tn_msg_size(&msg) == sizes[0] || tn_msg_size(&msg) == sizes[1] ||
                    tn_msg_size(&msg) == sizes[2],
                "a message of %zu bytes arrived from a peer that was killed", tn_msg_size(&msg));
    tn_msg_close(&msg);
    CONFORM(atomic_load(&broken_pipes) == 0, "a peer that went away raised SIGPIPE %d times",
            atomic_load(&broken_pipes));
    tn_close(pull);
    end_context(ctx);
}

static void run_killed_reader(const struct subject *subject)
{
    tn_ctx_t *ctx = new_context(subject);
    tn_socket_t *push = new_socket(ctx, "push");
    char endpoint[ENDPOINT];
    static char body[100000];
    pid_t pid;

    needs_processes(subject);
    signal(SIGPIPE, count_broken_pipe);
    bind_somewhere(subject, push, endpoint);
    tn_close(push);
    end_context(ctx);
    pid = fork();
    if (pid == 0) {
        ctx = new_context(subject);
        push = new_socket(ctx, "pull");
        connect_to(subject, push, endpoint);
        tn_recv(push, body, sizeof body, 0);
        for (;;)
            pause();
    }
    CONFORM(pid > 0, "no child process: %s", strerror(errno));
    ctx = new_context(subject);
    push = new_socket(ctx, "push");
    CONFORM(tn_bind(push, endpoint) == 0, "%s", tn_last_error());
    CONFORM(tn_send(push, body, sizeof body, 0) == 0, "%s", tn_last_error());
    for (int i = 0; i < 500; i++)
        tn_send(push, body, sizeof body, TN_DONTWAIT);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 50; i++) {
        tn_send(push, body, sizeof body, TN_DONTWAIT);
        usleep(2000);
    }
    CONFORM(atomic_load(&broken_pipes) == 0, "writing to a peer that went away raised SIGPIPE");
    tn_close(push);
    end_context(ctx);
}

/* ---- what is left behind ---- */

static void live_once(const struct subject *subject)
{
    struct pair pair;

    join(subject, &pair, "pair", "pair");
    exchange(&pair, 100);
    exchange(&pair, 100000);
    part(&pair);
}

static void run_leaks(const struct subject *subject)
{
    enum { WARM = 30, MORE = 50 };
    int descriptors, threads;
    size_t memory;

    for (int i = 0; i < WARM; i++)
        live_once(subject);
    descriptors = count_entries("/proc/self/fd");
    threads = count_entries("/proc/self/task");
    memory = mallinfo2().uordblks;
    for (int i = 0; i < MORE; i++)
        live_once(subject);
    CONFORM(count_entries("/proc/self/fd") <= descriptors,
            "%d descriptors are left by %d connections",
            count_entries("/proc/self/fd") - descriptors, MORE);
    for (int i = 0; i < 100 && count_entries("/proc/self/task") > threads; i++)
        usleep(20000); /* a joined thread may still be in sight */
    CONFORM(count_entries("/proc/self/task") <= threads, "%d threads are left by %d connections",
            count_entries("/proc/self/task") - threads, MORE);
    /* The allocator's own caches count as memory in use, and go on growing a little. */
    CONFORM(mallinfo2().uordblks < memory + MORE * 1024, "%zu bytes are left by %d connections",
            mallinfo2().uordblks - memory, MORE);
}

static void run_shutdown(const struct subject *subject)
{
    struct pair pair;
    char text[8];

    join(subject, &pair, "pair", "pair");
    for (int i = 0; i < 1000; i++)
        tn_send(pair.connected, "busy", 4, TN_DONTWAIT);
    CONFORM(tn_ctx_shutdown(pair.ctx) == 0, "%s", tn_last_error());
    CONFORM(tn_recv(pair.connected, text, sizeof text, 0) == -TN_ETERM,
            "a call after the shutdown goes on");
    part(&pair);
}

const struct conform_case conform_transport_cases[] = {
    {"empty_endpoint", "`check` refuses an address that is empty",
     "a typing error must be told at once, not retried for ever", 20, run_empty_endpoint},
    {"long_endpoint", "an address of 3,000 bytes is refused",
     "addresses come from configuration; a buffer that is too small is a hole", 20,
     run_long_endpoint},
    {"last_endpoint",
     "`listen` calls listener_set_address with an address that others can connect to",
     "programs bind to a wildcard and pass the real address on", 20, run_last_endpoint},
    {"duplicate_bind", "a second bind to an address in use returns -EADDRINUSE",
     "otherwise two programs share an address, and messages go astray", 20, run_duplicate_bind},
    {"bind_again", "`unlisten` gives the address back",
     "a service that is restarted must get its address", 20, run_bind_again},
    {"options", "options have a help text, take their own values, and unknown ones are refused",
     "an option that is accepted and ignored is a promise that is not kept", 20, run_options},
    {"exchange", "messages of 0 bytes to 1 MiB arrive as they were sent, both ways",
     "this is what a transport is for", 30, run_exchange},
    {"order", "20,000 messages arrive once each and in order",
     "ZMTP has no numbers: bytes that are lost or swapped end the connection, or worse", 60,
     run_order},
    {"multipart", "a message of 50 frames arrives whole", "envelopes and bodies must stay together",
     20, run_multipart},
    {"huge_message", "a message of 32 MiB arrives",
     "it needs writes that take a part, and reads that fill up", 60, run_huge_message},
    {"fragments", "it works when every read and write moves one byte", "networks cut anywhere", 60,
     run_fragments},
    {"high_water_mark", "a sender stops when nobody reads, and goes on when somebody does",
     "queues without an end fill the memory; a lost wake-up stops a program for good", 60,
     run_high_water_mark},
    {"connect_first", "a connect gets through to a bind that comes later",
     "programs start in any order", 30, run_connect_first},
    {"refused", "an attempt that fails is reported and made again",
     "otherwise nobody learns why nothing arrives", 30, run_refused},
    {"cancelled", "sockets may be closed in any stage of their connect",
     "programs give up, and must be able to end", 60, run_cancelled},
    {"many_connections", "200 connections to one bind each get their own answer",
     "servers have many clients", 90, run_many_connections},
    {"reconnect", "a client comes back to a server that was started again",
     "services are restarted", 60, run_reconnect},
    {"killed_peer", "peers may be killed while they send; whole messages alone arrive",
     "half a message that is taken for a whole one corrupts data", 120, run_killed_peer},
    {"killed_reader", "a peer may be killed while it is sent to, without a signal",
     "SIGPIPE ends programs: use sendmsg with MSG_NOSIGNAL", 60, run_killed_reader},
    {"leaks", "80 connections leave no descriptor, thread or memory behind",
     "servers run for years", 120, run_leaks},
    {"shutdown", "the context ends in the middle of traffic",
     "a program that cannot end is killed, and loses what it had", 30, run_shutdown},
    {NULL, NULL, NULL, 0, NULL},
};
