/*
 * run.h: one run of one case with one library, and what its two sides may use.
 *
 * The near side and each far side are processes forked for the run, so that memory and CPU time are
 * theirs alone and nothing of one library is left when the next is measured; over inproc the far sides
 * are threads of the near one. A pair of sockets joins near and far.
 */
#ifndef TENON_BENCH_RUN_H
#define TENON_BENCH_RUN_H

#include "case.h"

struct bench_run {
    const struct bench_case *what;
    const struct bench_peer *peer;
    size_t count; /* messages or round trips, altogether */
    void *context; /* of the library, in this process; a side that leaves threads in it sets NULL */
    size_t index; /* far side: which */
    int near; /* far side: its end of the link to the near side */
    int fars[BENCH_FARS_MAX]; /* near side */
    double values[BENCH_VALUES_MAX]; /* near side: the results, */
    double seconds; /* and how long the messages took, for finding a count */
};

struct bench_outcome {
    double values[BENCH_VALUES_MAX];
    double seconds;
    double cpu; /* seconds of CPU time of all processes of the run */
};

/** 0, or -1 after a message. */
int bench_run(const struct bench_peer *peer, const struct bench_case *what, size_t count,
              struct bench_outcome *out_outcome);

/** Bytes to the other side and from it, all of them. 0, or -1 when the other side is gone. */
int bench_tell(int other, const void *data, size_t size);
int bench_hear(int other, void *out_data, size_t size);

/** Near side: binds, and tells each far side the endpoint. A socket, or NULL. */
void *bench_bind(struct bench_run *run, enum bench_role role);
/** Far side: waits for the endpoint, `out_endpoint[BENCH_ENDPOINT_MAX]`. */
int bench_hear_endpoint(struct bench_run *run, char *out_endpoint);
/** Far side: a socket connected to the near side, or NULL. */
void *bench_connect(struct bench_run *run, enum bench_role role);

/** Near side: lets the far sides end, which wait for it with the second. */
int bench_release(struct bench_run *run);
int bench_await_release(struct bench_run *run);

double bench_now(void); /* seconds */
double bench_cpu(void); /* seconds of this process */
double bench_memory(void); /* bytes of this process that are in memory */

#endif
