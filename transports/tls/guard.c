#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

enum {
    LANES = 16, /* counts of those at work, so that threads do not share a cache line */
    WAIT_MS = 1000, /* for them, when the process exits: one may have been interrupted for good */
    OURS = 77, /* a reason that nobody else uses: our errors stand above it */
};

static struct {
    _Alignas(64) atomic_int count;
} at_work[LANES];
static atomic_bool is_exiting;
static atomic_uint next_lane;
static _Thread_local unsigned own_lane; /* 0: none yet */

/* ------------------------------------------------------------------ the end of the process */

/* Runs before OpenSSL's own handler, which was registered earlier: I/O threads of a program that exits
 * without ending its contexts must not meet a library that has been cleaned up. */
static void on_exit_wait(void)
{
    const struct timespec step = {.tv_nsec = 1000000};

    atomic_store(&is_exiting, true);
    for (int lane = 0, ms = 0; lane < LANES && ms < WAIT_MS;) {
        if (atomic_load(&at_work[lane].count) == 0) {
            lane++;
            continue;
        }
        nanosleep(&step, NULL);
        ms++;
    }
}

static void init_once(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
    atexit(on_exit_wait);
}

void tni_guard_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init_once);
}

/* ------------------------------------------------------------------ the error queue */

static unsigned long marker(void)
{
    return ERR_PACK(ERR_LIB_USER, 0, OURS);
}

bool tni_guard_enter(struct tni_guard *guard)
{
    guard->saved_errno = errno;
    if (own_lane == 0)
        own_lane = 1 + atomic_fetch_add_explicit(&next_lane, 1, memory_order_relaxed) % LANES;
    guard->lane = own_lane - 1;
    /* seq_cst: pairs with the exit's store of is_exiting before it reads the count. */
    atomic_fetch_add(&at_work[guard->lane].count, 1);
    if (atomic_load(&is_exiting)) {
        atomic_fetch_sub(&at_work[guard->lane].count, 1);
        return false;
    }
    guard->had_errors = ERR_peek_error() != 0;
    if (guard->had_errors) {
        ERR_set_mark();
        ERR_raise(ERR_LIB_USER, OURS);
    }
    return true;
}

void tni_guard_leave(const struct tni_guard *guard)
{
    if (guard->had_errors)
        ERR_pop_to_mark();
    else if (ERR_peek_error() != 0)
        ERR_clear_error();
    atomic_fetch_sub(&at_work[guard->lane].count, 1);
    errno = guard->saved_errno;
}

bool tni_guard_has_error(const struct tni_guard *guard)
{
    return ERR_peek_last_error() != (guard->had_errors ? marker() : 0);
}

unsigned long tni_guard_reason(const struct tni_guard *guard, char *out, size_t size)
{
    const char *data = NULL, *reason;
    int flags = 0;
    unsigned long code;

    out[0] = '\0';
    if (!tni_guard_has_error(guard))
        return 0;
    code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    reason = ERR_SYSTEM_ERROR(code) ? strerrordesc_np(ERR_GET_REASON(code))
                                    : ERR_reason_error_string(code);
    snprintf(out, size, "%s%s%s", reason ? reason : "unknown error",
             (flags & ERR_TXT_STRING) && data && *data ? ": " : "",
             (flags & ERR_TXT_STRING) && data ? data : "");
    return code;
}

void tni_guard_clear(const struct tni_guard *guard)
{
    if (!guard->had_errors) {
        ERR_clear_error();
        return;
    }
    ERR_pop_to_mark();
    ERR_set_mark();
    ERR_raise(ERR_LIB_USER, OURS);
}
