/*
 * report.h: the results as a table on standard output, and as JSON.
 */
#ifndef TENON_BENCH_REPORT_H
#define TENON_BENCH_REPORT_H

#include <stdio.h>

#include "measure.h"

void report_head(const struct bench_peer *const *peers, size_t peer_count);
/** A line for each library and value. */
void report_result(const struct bench_result *result);

/** Writes all results. 0 or -1 after a message. */
int report_json(const char *path, const struct bench_result *results, size_t count);

/** "one-way/tcp/64", "connections/tcp/1000/connect". */
void report_name(const struct bench_result *result, size_t value, char *out_name, size_t room);

#endif
