/*
 * loop.h: how an I/O thread sleeps: on one descriptor and until one deadline.
 *
 * loop_libevent.c is the one place that knows libevent; loop_poll.c stands in where TENON_LIBEVENT is OFF. All calls on the I/O thread, except new and free, which come
 * before it starts and after it has ended.
 */
#ifndef TNI_LOOP_H
#define TNI_LOOP_H

#include <stdint.h>

struct tni_loop;

/** `fd` is what wakes it. 0, -ENOMEM, -EMFILE, -ENFILE. */
int tni_loop_new(int fd, struct tni_loop **out_loop);
void tni_loop_free(struct tni_loop *loop);

/** Sleeps until the descriptor is readable or `deadline` (ms of the monotonic clock, UINT64_MAX:
 *  none) has come. */
void tni_loop_sleep(struct tni_loop *loop, uint64_t deadline);

#endif
