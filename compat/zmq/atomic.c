#include <stdatomic.h>
#include <stdlib.h>

#include "dropin.h"

void *zmq_atomic_counter_new(void)
{
    atomic_int *counter = malloc(sizeof *counter);

    if (counter)
        atomic_init(counter, 0);
    else
        errno = ENOMEM;
    return counter;
}

void zmq_atomic_counter_set(void *counter, int value)
{
    atomic_store((atomic_int *)counter, value);
}

/* The value before. */
int zmq_atomic_counter_inc(void *counter)
{
    return atomic_fetch_add((atomic_int *)counter, 1);
}

/* Whether the counter is not 0 now. */
int zmq_atomic_counter_dec(void *counter)
{
    return atomic_fetch_sub((atomic_int *)counter, 1) != 1;
}

int zmq_atomic_counter_value(void *counter)
{
    return atomic_load((atomic_int *)counter);
}

void zmq_atomic_counter_destroy(void **counter)
{
    if (!counter)
        return;
    free(*counter);
    *counter = NULL;
}
