/*
 * sweep.h: an I/O thread gives memory back that is kept for use again (base/blocks.h).
 *
 * It begins when a connection of the thread has had traffic, and ends when nothing is kept. Embedded in
 * the thread. Any thread begins; the rest happens on the I/O thread.
 */
#ifndef TNI_SWEEP_H
#define TNI_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "reactor/task.h"
#include "reactor/timers.h"

struct tni_iothread;

struct tni_sweep {
    struct tni_iothread *thread;
    struct tni_timer timer;
    struct tni_task task;
    atomic_bool is_on;
    bool is_possible; /* its timer has a place */
};

void tni_sweep_init(struct tni_sweep *sweep, struct tni_iothread *thread);
void tni_sweep_fini(struct tni_sweep *sweep);
/** Sweeps until nothing is kept. Does nothing if that has begun. */
void tni_sweep_begin(struct tni_sweep *sweep);

#endif
