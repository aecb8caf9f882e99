#include "run.h"

#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

/** The far side: it connects and sends, or answers. */
struct far {
    const struct bench_peer *peer;
    void *context;
    enum bench_test test;
    char endpoint[BENCH_ENDPOINT_MAX];
    size_t size, count;
    pthread_t thread;
    pid_t pid;
    int failed;
};

const char *bench_test_name(enum bench_test test)
{
    return test == BENCH_ONE_WAY ? "one-way" : "round-trip";
}

const char *bench_transport_name(enum bench_transport transport)
{
    static const char *const names[] = {"tcp", "ipc", "inproc"};

    return names[transport];
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int far_push(const struct far *far, void *socket, uint8_t *buffer)
{
    for (size_t i = 0; i < far->count; i++) {
        if (far->peer->send(socket, buffer, far->size))
            return -1;
    }
    return 0;
}

static int far_reply(const struct far *far, void *socket, uint8_t *buffer)
{
    for (size_t i = 0; i < far->count; i++) {
        ssize_t size = far->peer->recv(socket, buffer, far->size);
        if (size < 0 || far->peer->send(socket, buffer, (size_t)size))
            return -1;
    }
    return 0;
}

static int far_work(const struct far *far)
{
    enum bench_role role = far->test == BENCH_ONE_WAY ? BENCH_PUSH : BENCH_REP;
    void *socket = far->peer->open(far->context, role);
    uint8_t *buffer = calloc(1, far->size + 1);
    int code = -1;

    if (socket && buffer && far->peer->connect(socket, far->endpoint) == 0)
        code = role == BENCH_PUSH ? far_push(far, socket, buffer) : far_reply(far, socket, buffer);
    if (socket)
        far->peer->close(socket);
    free(buffer);
    return code;
}

static void *far_thread(void *argument)
{
    struct far *far = argument;

    far->failed = far_work(far);
    return NULL;
}

int bench_child(int count, char **arguments)
{
    struct far far = {0};
    int code;

    if (count != 5)
        return EXIT_FAILURE;
    far.peer = bench_peer_find(arguments[0]);
    if (!far.peer || far.peer->load())
        return EXIT_FAILURE;
    far.test = strcmp(arguments[1], "one-way") == 0 ? BENCH_ONE_WAY : BENCH_ROUND_TRIP;
    snprintf(far.endpoint, sizeof(far.endpoint), "%s", arguments[2]);
    far.size = strtoul(arguments[3], NULL, 10);
    far.count = strtoul(arguments[4], NULL, 10);
    far.context = far.peer->context_new();
    if (!far.context)
        return EXIT_FAILURE;
    code = far_work(&far);
    far.peer->context_end(far.context);
    return code ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int far_spawn(struct far *far)
{
    char program[] = "/proc/self/exe", mark[] = "--child", name[32], test[32], size[32], count[32];
    char *arguments[] = {program, mark, name, test, far->endpoint, size, count, NULL};
    int code;

    snprintf(name, sizeof(name), "%s", far->peer->name);
    snprintf(test, sizeof(test), "%s", bench_test_name(far->test));
    snprintf(size, sizeof(size), "%zu", far->size);
    snprintf(count, sizeof(count), "%zu", far->count);
    code = posix_spawn(&far->pid, program, NULL, NULL, arguments, environ);
    if (code)
        fprintf(stderr, "the second process cannot be started: %s\n", strerror(code));
    return code ? -1 : 0;
}

static int far_start(struct far *far, enum bench_transport transport)
{
    if (transport != BENCH_INPROC)
        return far_spawn(far);
    return pthread_create(&far->thread, NULL, far_thread, far) ? -1 : 0;
}

static int far_join(struct far *far, enum bench_transport transport)
{
    int status = 0;

    if (transport == BENCH_INPROC) {
        pthread_join(far->thread, NULL);
        return far->failed;
    }
    if (waitpid(far->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "the second process failed\n");
        return -1;
    }
    return 0;
}

static int near_pull(const struct far *far, void *socket, double *out_value, double *out_seconds)
{
    uint8_t *buffer = malloc(far->size + 1);
    double start = 0;
    int code = buffer ? 0 : -1;

    for (size_t i = 0; i < far->count && code == 0; i++) {
        ssize_t size = far->peer->recv(socket, buffer, far->size);
        if (size != (ssize_t)far->size)
            code = -1;
        if (i == 0)
            start = now_seconds();
    }
    *out_seconds = now_seconds() - start;
    *out_value = (double)(far->count - 1) / *out_seconds;
    free(buffer);
    return code;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int round_trips(const struct far *far, void *socket, uint8_t *buffer, double *times)
{
    double before = now_seconds();

    for (size_t i = 0; i < far->count; i++) {
        double after;
        if (far->peer->send(socket, buffer, far->size) ||
            far->peer->recv(socket, buffer, far->size) != (ssize_t)far->size)
            return -1;
        after = now_seconds();
        times[i] = after - before;
        before = after;
    }
    return 0;
}

static int near_request(const struct far *far, void *socket, double *out_value, double *out_seconds)
{
    double *times = calloc(far->count, sizeof(*times));
    uint8_t *buffer = calloc(1, far->size + 1);
    int code = times && buffer ? round_trips(far, socket, buffer, times) : -1;

    *out_seconds = 0;
    for (size_t i = 0; i < far->count && code == 0; i++)
        *out_seconds += times[i];
    if (code == 0) {
        /* The first one waited for the connection. */
        *out_seconds -= times[0];
        qsort(times, far->count, sizeof(*times), compare);
        *out_value = times[far->count / 2] * 1e6;
    }
    free(times);
    free(buffer);
    return code;
}

static int run_in(struct far *far, enum bench_transport transport, double *out_value,
                  double *out_seconds)
{
    static const char *const wildcards[] = {"tcp://127.0.0.1:*", "ipc://*", "inproc://bench"};
    bool one_way = far->test == BENCH_ONE_WAY;
    void *socket = far->peer->open(far->context, one_way ? BENCH_PULL : BENCH_REQ);
    int code = -1;

    if (!socket)
        return -1;
    if (far->peer->bind(socket, wildcards[transport], far->endpoint) == 0 &&
        far_start(far, transport) == 0) {
        code = one_way ? near_pull(far, socket, out_value, out_seconds)
                       : near_request(far, socket, out_value, out_seconds);
        if (far_join(far, transport))
            code = -1;
    }
    far->peer->close(socket);
    return code;
}

int bench_run(const struct bench_peer *peer, const struct bench_cell *cell, size_t count,
              double *out_value, double *out_seconds)
{
    struct far far = {.peer = peer, .test = cell->test, .size = cell->size, .count = count};
    int code;

    far.context = peer->context_new();
    if (!far.context)
        return -1;
    code = run_in(&far, cell->transport, out_value, out_seconds);
    peer->context_end(far.context);
    return code;
}
