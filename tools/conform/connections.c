/* Connections that come, are refused, go, and end with their process. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "sides.h"

enum { CONNECTIONS = 200 };

void conform_run_connect_first(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *bound = side_new_socket(ctx, "pair"), *connected = side_new_socket(ctx, "pair");
    char endpoint[SIDE_ENDPOINT], text[8];

    side_needs_listener(subject);
    /* An address that is free, as somebody had it a moment ago. */
    side_bind_somewhere(subject, bound, endpoint);
    CONFORM(tn_unbind(bound, endpoint) == 0, "%s", tn_last_error());
    side_connect_to(subject, connected, endpoint);
    usleep(50000);
    for (int i = 0; i < 100 && side_bind_at(subject, bound, endpoint) != 0; i++)
        usleep(20000);
    CONFORM(tn_send(connected, "hello", 5, 0) == 0 && tn_recv(bound, text, sizeof text, 0) == 5,
            "a connect that came before its bind does not get through: %s", tn_last_error());
    tn_close(connected);
    tn_close(bound);
    side_end_context(ctx);
}

void conform_run_refused(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *bound = side_new_socket(ctx, "pair"), *connected = side_new_socket(ctx, "pair");
    tn_monitor_t *monitor = tn_monitor(connected, TN_EVENT_ALL);
    char endpoint[SIDE_ENDPOINT];
    tn_event_t event;

    side_needs_listener(subject);
    side_needs_processes(subject);
    side_bind_somewhere(subject, bound, endpoint);
    tn_close(bound);
    usleep(50000);
    side_connect_to(subject, connected, endpoint);
    do {
        CONFORM(tn_monitor_recv(monitor, &event, SIDE_WAIT) == 0,
                "nobody listens at %s, and no event says that the attempt failed", endpoint);
        CONFORM(event.kind != TN_EVENT_CONNECTED && event.kind != TN_EVENT_HANDSHAKE_SUCCEEDED,
                "nobody listens at %s, and yet it is connected", endpoint);
    } while (event.kind != TN_EVENT_CONNECT_RETRIED);
    CONFORM(event.error < 0, "the event of a refused attempt carries no error");
    tn_monitor_close(monitor);
    tn_close(connected);
    side_end_context(ctx);
}

void conform_run_cancelled(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *bound = side_new_socket(ctx, "router");
    char endpoint[SIDE_ENDPOINT];

    side_needs_listener(subject);
    side_bind_somewhere(subject, bound, endpoint);
    for (int i = 0; i < 100; i++) {
        tn_socket_t *connected = side_new_socket(ctx, "dealer");

        side_connect_to(subject, connected, endpoint);
        if (i % 3 == 1)
            usleep(500);
        if (i % 3 == 2)
            tn_send(connected, "x", 1, TN_DONTWAIT);
        tn_close(connected);
    }
    tn_close(bound);
    side_end_context(ctx);
}

void conform_run_many_connections(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *server = side_new_socket(ctx, "rep"), *client[CONNECTIONS];
    char endpoint[SIDE_ENDPOINT], text[16];

    side_needs_listener(subject);
    tn_set_int(server, "backlog", CONNECTIONS);
    side_bind_somewhere(subject, server, endpoint);
    for (int i = 0; i < CONNECTIONS; i++) {
        client[i] = side_new_socket(ctx, "req");
        side_connect_to(subject, client[i], endpoint);
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
    side_end_context(ctx);
}

void conform_run_reconnect(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *client = side_new_socket(ctx, "dealer");
    char endpoint[SIDE_ENDPOINT] = "", text[16];

    side_needs_listener(subject);
    side_needs_processes(subject);
    for (int round = 0; round < 3; round++) {
        tn_socket_t *server = side_new_socket(ctx, "dealer");

        if (round == 0) {
            side_bind_somewhere(subject, server, endpoint);
            side_connect_to(subject, client, endpoint);
        } else {
            int code = -EADDRINUSE;

            for (int i = 0; i < 100 && code == -EADDRINUSE; i++, usleep(20000))
                code = side_bind_at(subject, server, endpoint);
            CONFORM(code == 0, "%s", tn_last_error());
        }
        CONFORM(tn_wait_peers(server, 1, SIDE_WAIT) == 1,
                "the client does not come back to %s in round %d", endpoint, round);
        CONFORM(tn_send(server, "hello", 5, 0) == 0 && tn_recv(client, text, sizeof text, 0) == 5,
                "no message gets through in round %d: %s", round, tn_last_error());
        tn_close(server);
    }
    tn_close(client);
    side_end_context(ctx);
}

/* A peer in a process of its own, which is killed while it sends. */
static pid_t start_peer(const struct subject *subject, const char *endpoint, size_t size)
{
    pid_t pid = fork();

    if (pid == 0) {
        tn_ctx_t *ctx = side_new_context(subject);
        tn_socket_t *push = side_new_socket(ctx, "push");
        char *body = calloc(1, size);

        side_connect_to(subject, push, endpoint);
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

void conform_run_killed_peer(const struct subject *subject)
{
    static const size_t sizes[] = {10, 100000, 16 << 20};
    tn_ctx_t *ctx;
    tn_socket_t *pull;
    char endpoint[SIDE_ENDPOINT];
    pid_t peers[8];
    tn_msg_t msg;

    side_needs_listener(subject);
    side_needs_processes(subject);
    signal(SIGPIPE, count_broken_pipe);
    /* The address is chosen before there is a thread that a fork would lose. */
    ctx = side_new_context(subject);
    pull = side_new_socket(ctx, "pull");
    side_bind_somewhere(subject, pull, endpoint);
    tn_close(pull);
    side_end_context(ctx);
    for (int i = 0; i < 8; i++)
        peers[i] = start_peer(subject, endpoint, sizes[i % 3]);

    ctx = side_new_context(subject);
    pull = side_new_socket(ctx, "pull");
    tn_set_int(pull, "maxmsgsize", -1);
    CONFORM(side_bind_at(subject, pull, endpoint) == 0, "%s", tn_last_error());
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
    side_end_context(ctx);
}

void conform_run_killed_reader(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *push = side_new_socket(ctx, "push");
    char endpoint[SIDE_ENDPOINT];
    static char body[100000];
    pid_t pid;

    side_needs_listener(subject);
    side_needs_processes(subject);
    signal(SIGPIPE, count_broken_pipe);
    side_bind_somewhere(subject, push, endpoint);
    tn_close(push);
    side_end_context(ctx);
    pid = fork();
    if (pid == 0) {
        ctx = side_new_context(subject);
        push = side_new_socket(ctx, "pull");
        side_connect_to(subject, push, endpoint);
        tn_recv(push, body, sizeof body, 0);
        for (;;)
            pause();
    }
    CONFORM(pid > 0, "no child process: %s", strerror(errno));
    ctx = side_new_context(subject);
    push = side_new_socket(ctx, "push");
    CONFORM(side_bind_at(subject, push, endpoint) == 0, "%s", tn_last_error());
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
    side_end_context(ctx);
}
