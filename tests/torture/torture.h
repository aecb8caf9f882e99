/*
 * torture.h: what the programs share that take memory or descriptors away.
 *
 * A scenario is a script of calls in one struct life. Each call goes through a check: it succeeds, or
 * it gives an error that the shortage explains; the scenario then stops where it is. Afterwards, with
 * everything there again, what was connected must still get a message through, and all of it must end.
 * Main thread.
 */
#ifndef TENON_TORTURE_H
#define TENON_TORTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <tenon/tenon.h>

enum { TORTURE_ENDPOINT = 256, TORTURE_POLLED = 12, TORTURE_NAME = 256 };

struct life {
    const char *transport; /* endpoint with a wildcard */
    const char *patterns[2];
    int io_threads;
    int wait_ms; /* longest wait in one call */
    /** What else socket `i` needs before it binds or connects; NULL: nothing. */
    bool (*dress)(struct life *life, int i);
    tn_ctx_t *ctx;
    tn_socket_t *sockets[2]; /* the first one binds */
    tn_socket_t *more[TORTURE_POLLED];
    tn_monitor_t *monitor;
    char endpoint[TORTURE_ENDPOINT];
    bool is_joined;
    bool has_handler; /* a thread that answers ZAP requests until the context ends */
    pthread_t handler;
};

struct scenario {
    const char *name;
    /** False: it stopped at an error. */
    bool (*run)(struct life *life);
};

/** Waits: one that may be in vain, and one that must not be, however slow the machine is. */
enum { TORTURE_WAIT_MS = 400, TORTURE_PATIENT_MS = 20000 };

/** Lists, each ended by a name that is NULL; after the last list NULL. */
extern const struct scenario *const torture_scenarios[];
/** What "secure" and its like need: files. Before the first scenario, and after the last. */
void torture_secure_begin(void);
void torture_secure_end(void);

/** What is short at this moment, for messages; NULL: nothing, and every error is a defect. */
void torture_shortage(const char *what, unsigned long value, const int *codes, size_t count);
/** Whether the call went well; false: it gave an error that the shortage explains. */
bool torture_check(long rc, const char *call, int line);
_Noreturn void torture_fail(const char *what, int line);

/** Whether the command line names it, or nothing. */
bool torture_is_chosen(int argc, char **argv, const char *name);
/** A scenario in one form, for messages. */
void torture_name(char name[TORTURE_NAME], const struct scenario *scenario,
                  const struct life *form);
/** What runs from here on. */
void torture_name_form(const struct scenario *scenario, const struct life *form);
/** `turn` differs from form to form. */
typedef void (*torture_run_fn)(const struct scenario *scenario, struct life form, unsigned turn);
/** Runs all of them in all their forms, or those that the command line names, each form in a process of
 *  its own, some at a time; prints each. What main() returns. */
int torture_all(int argc, char **argv, torture_run_fn run);
/** With everything there: a message gets through. */
void torture_recover(struct life *life);
/** With everything there: two new sockets of the same context get a message through. */
void torture_begin_anew(const struct life *life);
/** Closes what there is and ends the context. */
void torture_end(struct life *life);

#endif
