/*
 * spare.h: bodies that a chain's consumer has done with, on their way back to its producer.
 *
 * A large body that is made by one thread and freed by another costs the allocator dearly; one that
 * comes back costs nothing. A few at a time, no larger than is worth keeping; others are freed. The
 * producer takes, under its lock; anybody gives.
 */
#ifndef TNI_SPARE_H
#define TNI_SPARE_H

#include <stdatomic.h>
#include <stddef.h>

struct tn_body;

struct tni_spares {
    _Atomic(struct tn_body *) returned; /* newest first */
    atomic_uint count; /* of them */
    struct tn_body *taken; /* the producer's */
};

/** A body for `size` bytes, one that came back or a new one. NULL: no memory. */
struct tn_body *tni_spare_take(struct tni_spares *spares, size_t size);
/** Takes a reference to `body`: keeps the body if nobody else uses it and it is worth it. */
void tni_spare_give(struct tni_spares *spares, struct tn_body *body);
/** Frees what is left. Both ends must be gone. */
void tni_spares_fini(struct tni_spares *spares);

#endif
