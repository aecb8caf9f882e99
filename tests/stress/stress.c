#include "stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 20 };

const char *const stress_transports[STRESS_TRANSPORTS] = {"inproc", "tcp", "ipc"};

static bool is_long;
static const char *running = "";

void stress_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: scenario '%s': not so: %s (%s)\n", file, line, running, what,
            tn_last_error());
    abort();
}

long stress_check_ok(long code, const char *call, const char *file, int line)
{
    if (code < 0) {
        fprintf(stderr, "%s:%d: scenario '%s': %s: %s: %s\n", file, line, running, call,
                tn_strerror((int)code), tn_last_error());
        abort();
    }
    return code;
}

long stress_rounds(long base)
{
    return is_long ? base * LONG : base;
}

static bool is_chosen(int argc, char **argv, const char *name)
{
    bool any = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            continue;
        any = true;
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return !any;
}

int stress_main(int argc, char **argv, const struct stress_scenario *scenarios, size_t count)
{
    for (int i = 1; i < argc; i++)
        is_long = is_long || strcmp(argv[i], "--long") == 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_chosen(argc, argv, scenarios[i].name))
            continue;
        running = scenarios[i].name;
        watchdog_begin(running);
        scenarios[i].run();
        printf("%s\n", running);
        fflush(stdout);
    }
    return 0;
}

tn_ctx_t *stress_ctx(int io_threads)
{
    tn_ctx_t *ctx = tn_ctx_new();

    CHECK(ctx);
    CHECK_OK(tn_ctx_set_int(ctx, "io_threads", io_threads));
    return ctx;
}

void stress_ctx_end(tn_ctx_t *ctx)
{
    watchdog_doing("ends", "its context");
    CHECK_OK(tn_ctx_term(ctx, -1));
    watchdog_doing(NULL, NULL);
}

tn_socket_t *stress_socket(tn_ctx_t *ctx, const char *pattern)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    CHECK(socket);
    return socket;
}

void stress_marks(tn_socket_t *socket, int mark)
{
    CHECK_OK(tn_set_int(socket, "sndhwm", mark));
    CHECK_OK(tn_set_int(socket, "rcvhwm", mark));
}

void stress_bind(tn_socket_t *socket, const char *transport, char *out_endpoint)
{
    static atomic_int serial;
    size_t size = STRESS_ENDPOINT;
    char endpoint[64];

    if (strcmp(transport, "inproc") == 0)
        snprintf(endpoint, sizeof endpoint, "inproc://stress%d", atomic_fetch_add(&serial, 1));
    else
        snprintf(endpoint, sizeof endpoint, "%s",
                 strcmp(transport, "tcp") == 0 ? "tcp://127.0.0.1:*" : "ipc://*");
    CHECK_OK(tn_bind(socket, endpoint));
    CHECK_OK(tn_get_str(socket, "last_endpoint", out_endpoint, &size));
}

void stress_join(tn_socket_t *binder, tn_socket_t *connecter, const char *transport)
{
    char endpoint[STRESS_ENDPOINT];

    stress_bind(binder, transport, endpoint);
    CHECK_OK(tn_connect(connecter, endpoint));
}

void stress_crew_start(struct stress_crew *crew, int count, void *(*body)(void *), void *args,
                       size_t size)
{
    CHECK(count <= STRESS_THREADS);
    crew->count = count;
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&crew->threads[i], NULL, body, (char *)args + (size_t)i * size) == 0);
}

void stress_crew_join(struct stress_crew *crew)
{
    for (int i = 0; i < crew->count; i++)
        CHECK(pthread_join(crew->threads[i], NULL) == 0);
}
