/*
 * expect.h: what is hardly ever done, told to the compiler.
 *
 * What lies between the read that ends a wait and the write that answers it runs on a processor that has just
 * woken up: each line of code comes from afar, each branch that is taken is a surprise. There the usual way
 * has to be straight, and what is hardly ever done out of it. For functions on that way alone,
 * and not where size is all that counts.
 */
#ifndef TNI_EXPECT_H
#define TNI_EXPECT_H

#ifdef __OPTIMIZE_SIZE__
#define TNI_IS_SMALL 1
#define TNI_RARELY(condition) (condition)
#define TNI_APART
#define TNI_RARE
#else
/** Whether a second, quicker way to do the same is to be left out. */
#define TNI_IS_SMALL 0
#define TNI_RARELY(condition) __builtin_expect(!!(condition), 0)
/** A function of what is done now and then: not a part of those that call it. */
#define TNI_APART __attribute__((noinline))
/** A function of what hardly ever happens: its code lies elsewhere, and so does the way to it. */
#define TNI_RARE __attribute__((noinline, cold))
#endif

#endif
