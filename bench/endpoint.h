/*
 * endpoint.h: endpoints for libraries that know no wildcard.
 */
#ifndef TENON_BENCH_ENDPOINT_H
#define TENON_BENCH_ENDPOINT_H

/** Replaces the `*` of a tcp wildcard by a port that is free just now, of an ipc one by a path in the
 *  directory for temporary files; copies what has none. `out_endpoint[BENCH_ENDPOINT_MAX]`. */
int bench_endpoint_fill(const char *wildcard, char *out_endpoint);

/** Removes the file of an ipc endpoint. */
void bench_endpoint_remove(const char *endpoint);

#endif
