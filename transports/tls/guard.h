/*
 * guard.h: OpenSSL's error queue and errno stay the application's.
 *
 * An op runs on whichever thread serves, often the program's, which may use OpenSSL itself. Every entry
 * into the module that calls OpenSSL stands between tni_guard_enter and tni_guard_leave: what the program had in
 * its queue is neither lost nor taken for ours. After the process has begun to exit, when OpenSSL has
 * been or is about to be cleaned up, tni_guard_enter refuses. No lock; a pair belongs to one thread.
 */
#ifndef TENON_TLS_GUARD_H
#define TENON_TLS_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct tni_guard {
    int saved_errno;
    unsigned lane; /* which count of those at work it is in */
    bool had_errors; /* of the program */
};

/** Once per process, before anything else: from then on exit() waits for those at work. */
void tni_guard_init(void);

/** False: the process exits; OpenSSL must not be called, and tni_guard_leave neither. */
bool tni_guard_enter(struct tni_guard *guard);
void tni_guard_leave(const struct tni_guard *guard);

/** Whether OpenSSL has put an error into the queue since tni_guard_enter. */
bool tni_guard_has_error(const struct tni_guard *guard);

/** The reason of the newest of them as OpenSSL words it, with the details it gives; "" if there is
 *  none. Returns its number, as of ERR_peek_last_error, or 0. */
unsigned long tni_guard_reason(const struct tni_guard *guard, char *out, size_t size);

/** Forgets those errors. */
void tni_guard_clear(const struct tni_guard *guard);

#endif
