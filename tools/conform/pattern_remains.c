/* What a pattern leaves behind, what it does without memory, over lost connections, and at the end. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "count.h"
#include "pattern_cases.h"
#include "rules_host.h"
#include "talk.h"

/* Everything that a socket goes through, in short; without a companion, alone. Once it is open, its n-th
 * allocation fails; 0: none. Returns whether one did. */
static bool live_once(const struct subject *subject, const char *companion, long n)
{
    int count = companion ? 3 : 0;
    bool has_failed;

    struct talker ours, theirs[3];
    tn_ctx_t *ctx = side_new_context(subject);

    talk_open(&ours, subject, ctx, subject->feature->name);
    tn_bind(ours.socket, "inproc://conform");
    for (int i = 0; i < count; i++)
        talk_open(&theirs[i], subject, ctx, companion);
    rules_host_fail_at(n);
    for (int i = 0; i < count; i++)
        tn_connect(theirs[i].socket, "inproc://conform");
    for (int i = 0; i < 10 * count; i++) {
        talk_send(&theirs[i % 3]);
        talk_recv(&ours, 0);
        talk_send(&ours);
        talk_recv(&theirs[i % 3], 0);
    }
    if (count) {
        talk_begin(&theirs[0]);
        talk_begin(&ours);
        talk_close(&theirs[0]);
        talk_settle(&ours, 1);
    }
    talk_close(&ours);
    for (int i = 1; i < count; i++)
        talk_close(&theirs[i]);
    has_failed = rules_host_fail_at(0);
    side_end_context(ctx);
    return has_failed;
}

void conform_run_pattern_leaks(const struct subject *subject)
{
    enum { WARM = 30, MORE = 100 };
    const char *companion;
    int descriptors, threads;
    size_t memory;
    long before;

    companion = talk_has_messages(subject) ? talk_find_companion(subject) : NULL;
    for (int i = 0; i < WARM; i++)
        live_once(subject, companion, 0);
    descriptors = count_descriptors();
    threads = count_threads();
    memory = mallinfo2().uordblks;
    before = rules_host_left();
    for (int i = 0; i < MORE; i++)
        live_once(subject, companion, 0);
    CONFORM(rules_host_left() <= before, "%ld allocations of host->alloc are left by %d sockets",
            rules_host_left() - before, MORE);
    CONFORM(count_descriptors() <= descriptors, "%d descriptors are left by %d sockets",
            count_descriptors() - descriptors, MORE);
    for (int i = 0; i < 100 && count_threads() > threads; i++)
        usleep(20000); /* a joined thread may still be in sight */
    CONFORM(count_threads() <= threads, "%d threads are left by %d sockets",
            count_threads() - threads, MORE);
    CONFORM(mallinfo2().uordblks < memory + (size_t)MORE * 512, "%zu bytes are left by %d sockets",
            mallinfo2().uordblks - memory, MORE);
}

/* Whether the n-th allocation of tn_socket is one, and failed. */
static bool open_without(const struct subject *subject, long n)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket;
    bool has_failed;

    rules_host_fail_at(n);
    socket = tn_socket(ctx, subject->feature->name);
    has_failed = rules_host_fail_at(0);
    CONFORM(socket || (has_failed && tn_last_code() == -ENOMEM),
            "when allocation %ld fails tn_socket gives %d, not -ENOMEM", n, tn_last_code());
    if (socket)
        tn_close(socket);
    side_end_context(ctx);
    return has_failed;
}

static void expect_nothing_left(long before)
{
    CONFORM(rules_host_left() <= before, "%ld allocations are left after one that failed",
            rules_host_left() - before);
}

void conform_run_pattern_memory(const struct subject *subject)
{
    enum { MOST = 300 };
    const char *companion = talk_companion(subject);
    long before = rules_host_left(), n, failures = 0;
    struct talk talk;

    for (n = 1; n < MOST && open_without(subject, n); n++) {
        expect_nothing_left(before);
        failures++;
    }
    for (n = 1; n < MOST && live_once(subject, companion, n); n++) {
        expect_nothing_left(before);
        failures++;
    }
    expect_nothing_left(before);
    talk_begin_pair(subject, &talk);
    talk_expect(&talk, "after allocations have failed");
    talk_end_pair(&talk);
    conform_note("%ld allocations in a socket's life", failures);
}

void conform_run_lost_connections(const struct subject *subject)
{
    enum { ROUNDS = 5 };
    const char *companion;
    struct talk talk;
    bool is_halfway;
    int forth, back;

    talk_begin_pair(subject, &talk);
    companion = talk.companion;
    forth = talk.forth;
    back = talk.back;
    talk_end_pair(&talk);
    memset(&talk, 0, sizeof talk);
    talk.ctx = side_new_context(subject);
    talk.companion = companion;
    talk.forth = forth;
    talk.back = back;
    talk_open(&talk.talker[0], subject, talk.ctx, subject->feature->name);
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = sizeof talk.endpoint;

        talk_open(&talk.talker[1], subject, talk.ctx, companion);
        if (round == 0) {
            CONFORM(tn_bind(talk.talker[1].socket, "tcp://127.0.0.1:*") == 0, "%s",
                    tn_last_error());
            CONFORM(tn_get_str(talk.talker[1].socket, "last_endpoint", talk.endpoint, &size) == 0,
                    "%s", tn_last_error());
            talk_connect(&talk.talker[0], talk.endpoint);
        } else {
            for (int i = 0; i < 100 && tn_bind(talk.talker[1].socket, talk.endpoint) < 0; i++)
                usleep(20000);
        }
        CONFORM(tn_wait_peers(talk.talker[1].socket, 1, SIDE_WAIT) == 1,
                "its connect does not come back in round %d", round);
        tn_wait_peers(talk.talker[0].socket, 1, SIDE_WAIT);
        if (round == 0)
            talk_expect(&talk, "over tcp");
        for (int i = 0; i < 10; i++) {
            talk_send(&talk.talker[0]);
            talk_send(&talk.talker[1]);
            talk_recv(&talk.talker[0], 10);
            talk_recv(&talk.talker[1], 10);
        }
        is_halfway = talk_begin(&talk.talker[round % 2]) == 0;
        talk_close(&talk.talker[1]);
        if (is_halfway && round % 2 == 0)
            talk_finish(&talk.talker[0]);
    }
    talk_close(&talk.talker[0]);
    side_end_context(talk.ctx);
}

static void *receive(void *arg)
{
    char byte;

    tn_set_int(arg, "rcvtimeo", -1);
    return (void *)(intptr_t)tn_recv(arg, &byte, 1, 0);
}

void conform_run_pattern_shutdown(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, subject->feature->name);
    pthread_t thread;
    void *result;

    CONFORM(pthread_create(&thread, NULL, receive, socket) == 0, "the kit has no thread");
    usleep(50000);
    CONFORM(tn_ctx_shutdown(ctx) == 0, "%s", tn_last_error());
    pthread_join(thread, &result);
    CONFORM((intptr_t)result == -TN_ETERM || (intptr_t)result == -TN_EFSM ||
                (intptr_t)result == -ENOTSUP,
            "a tn_recv that waits returns %ld when the context is shut down, not -TN_ETERM",
            (long)(intptr_t)result);
    tn_close(socket);
    side_end_context(ctx);
}
