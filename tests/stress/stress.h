/*
 * stress.h: what the programs that stress sockets share.
 *
 * A program is a list of scenarios; without arguments all run, otherwise those that are named. A check
 * that fails aborts the process with the library's sentence. Sockets have no time-outs: what hangs is
 * the watchdog's. Any thread, except stress_main.
 */
#ifndef TENON_STRESS_H
#define TENON_STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

#include "watchdog.h"

enum { STRESS_ENDPOINT = 256, STRESS_THREADS = 32 };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            stress_fail(__FILE__, __LINE__, #condition);                                           \
    } while (0)
/** A call that gives no error; its result. */
#define CHECK_OK(call) stress_check_ok((long)(call), #call, __FILE__, __LINE__)

_Noreturn void stress_fail(const char *file, int line, const char *what);
long stress_check_ok(long code, const char *call, const char *file, int line);

struct stress_scenario {
    const char *name;
    void (*run)(void);
};

/** `--long` multiplies the rounds, other arguments choose scenarios. */
int stress_main(int argc, char **argv, const struct stress_scenario *scenarios, size_t count);
/** `base` rounds, or more. */
long stress_rounds(long base);

/** The transports, and how many there are. */
extern const char *const stress_transports[];
enum { STRESS_TRANSPORTS = 3 };

tn_ctx_t *stress_ctx(int io_threads);
void stress_ctx_end(tn_ctx_t *ctx);
tn_socket_t *stress_socket(tn_ctx_t *ctx, const char *pattern);
/** Both marks. */
void stress_marks(tn_socket_t *socket, int mark);
/** Binds at a transport's wildcard; the real endpoint goes to `out_endpoint[STRESS_ENDPOINT]`. */
void stress_bind(tn_socket_t *socket, const char *transport, char *out_endpoint);
void stress_join(tn_socket_t *binder, tn_socket_t *connecter, const char *transport);

/** Threads that run `body(arg + i * size)` for i below `count`; begun together, then joined. */
struct stress_crew {
    pthread_t threads[STRESS_THREADS];
    int count;
};

void stress_crew_start(struct stress_crew *crew, int count, void *(*body)(void *), void *args,
                       size_t size);
void stress_crew_join(struct stress_crew *crew);

#endif
