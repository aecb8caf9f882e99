/*
 * stream.h: the two sides of one way, for the families that vary them. PULL is the near side; `count`
 * messages are shared between the far sides.
 */
#ifndef TENON_BENCH_STREAM_H
#define TENON_BENCH_STREAM_H

#include "run.h"

int bench_one_way_near(struct bench_run *run);
int bench_one_way_far(struct bench_run *run);

#endif
