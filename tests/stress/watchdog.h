/*
 * watchdog.h: ends a stress test that hangs, and says what each thread waited for.
 *
 * A thread names what it is about to do; the names are kept in a table that the watchdog, a thread of
 * its own, prints before it aborts the process. Any thread; no more than WATCHDOG_THREADS at a time.
 */
#ifndef TENON_STRESS_WATCHDOG_H
#define TENON_STRESS_WATCHDOG_H

enum { WATCHDOG_THREADS = 128, WATCHDOG_SECONDS = 60 };

/** Starts it; the scenario that runs has WATCHDOG_SECONDS from here, or from the next begin. */
void watchdog_begin(const char *scenario);
/** What the calling thread does from now on: literals, kept by address; NULL: the thread ends. */
void watchdog_doing(const char *what, const char *where);

#endif
