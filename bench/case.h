/*
 * case.h: what is measured, as a table of cases.
 *
 * A case says how one library is run: what this side (`near`) and the far side do, each in a process
 * of its own, and what comes out, one value or several. Cases stand in one file per family, which adds
 * them to the table; nothing else knows a family. Written by the main thread, before the first run.
 */
#ifndef TENON_BENCH_CASE_H
#define TENON_BENCH_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "peer.h"

enum { BENCH_CASES_MAX = 200, BENCH_VALUES_MAX = 5, BENCH_FARS_MAX = 32 };

struct bench_run;

/** What --quick makes of a case: fewer rounds, one round, or nothing unless it is asked for by name. */
enum bench_quick { BENCH_QUICK_ROUNDS, BENCH_QUICK_ONCE, BENCH_QUICK_NOT };

/** What a value is; `name` is NULL where the case has one value. */
struct bench_value {
    const char *name, *unit;
    bool is_more_better;
};

struct bench_case {
    char name[48];
    struct bench_value values[BENCH_VALUES_MAX];
    /** What the libraries need; NULL: nothing but the roles and the transport. */
    bool (*fits)(const struct bench_peer *peer);
    unsigned roles; /* bits */
    enum bench_transport transport;
    size_t size; /* bytes of a message */
    size_t peers; /* connections, subscribers, subscriptions, threads: as the family likes */
    size_t fixed_count; /* messages a round, 0: as many as take the time that a round has */
    size_t fars; /* processes of the far side, over inproc threads; at most BENCH_FARS_MAX */
    bool is_bare; /* the near side makes its own context */
    bool is_secure; /* the sockets of bench_bind and bench_connect use CURVE */
    int spin_us; /* sockets of ours ask for so long before they sleep */
    bool has_modes; /* libzmq is fast or slow in it, as its wake-ups happen to fall */
    const struct bench_peer
        *limit; /* the bare sockets that all are compared with; NULL: bench_raw */
    enum bench_quick quick;
    /** Each returns 0, or -1 after a message. `near` stores the values. */
    int (*near)(struct bench_run *run);
    int (*far)(struct bench_run *run);
};

struct bench_table {
    struct bench_case cases[BENCH_CASES_MAX];
    size_t count;
};

/** Copies `one` to the end of the table under the name that the format gives. */
__attribute__((format(printf, 3, 4))) void
bench_case_add(struct bench_table *table, const struct bench_case *one, const char *format, ...);

bool bench_case_fits(const struct bench_case *one, const struct bench_peer *peer);

/** "tcp", "ipc", "inproc". */
const char *bench_transport_name(enum bench_transport transport);
/** An endpoint to bind at, of which the library finds the rest. */
const char *bench_wildcard(enum bench_transport transport);

/* The families. */
void bench_add_streams(struct bench_table *table);
void bench_add_fan_in(struct bench_table *table);
void bench_add_io_threads(struct bench_table *table);
void bench_add_fan_out(struct bench_table *table);
void bench_add_connections(struct bench_table *table);
void bench_add_idle(struct bench_table *table);
void bench_add_subscriptions(struct bench_table *table);
void bench_add_proxy(struct bench_table *table);
void bench_add_burst(struct bench_table *table);
void bench_add_first(struct bench_table *table);
void bench_add_curve(struct bench_table *table);
void bench_add_tls(struct bench_table *table);

#endif
