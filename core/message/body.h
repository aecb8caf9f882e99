/*
 * body.h: the counted body of a message, and the graveyard of bodies that wait for their owner's call.
 *
 * A body is either allocated together with its header or belongs to the program, whose free function
 * is then called exactly once. References may be taken and given back on any thread, without a lock;
 * the bytes are written only while there is one reference.
 * A free function is the program's code: it must not run under a lock of ours. Whoever takes such a
 * lock opens the thread's graveyard first and closes it after the last lock is released; bodies with a
 * free function that end in between are collected, and freed at the close. Bodies without one are
 * freed at once.
 */
#ifndef TNI_BODY_H
#define TNI_BODY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

struct tn_body {
    atomic_uint refs;
    size_t size;
    uint8_t *data; /* own_bytes, or the program's memory */
    tn_free_fn free_fn;
    void *hint;
    struct tn_body *next; /* in a graveyard */
    alignas(16) uint8_t own_bytes[];
};

/** Returns a new body of `size` bytes, not set, with one reference; NULL: no memory. */
struct tn_body *tni_body_new(size_t size);

/** Returns a new body around the program's memory; `free_fn` may be NULL. NULL: no memory, and
 *  `free_fn` will not be called. */
struct tn_body *tni_body_wrap(void *data, size_t size, tn_free_fn free_fn, void *hint);

/** Changes the size of a body from tni_body_new() that has one reference; its bytes may move. -ENOMEM:
 *  it is as it was. */
int tni_body_grow(struct tn_body **body, size_t size);

static inline struct tn_body *tni_body_ref(struct tn_body *body)
{
    /* relaxed: whoever refs holds a reference already, nothing is published by it. */
    atomic_fetch_add_explicit(&body->refs, 1, memory_order_relaxed);
    return body;
}

/** Gives a reference back; NULL is allowed. */
void tni_body_unref(struct tn_body *body);

/** Nested calls count; the outermost close runs the free functions. */
void tni_graveyard_open(void);
void tni_graveyard_close(void);

#endif
