#include "pipe/spare.h"

#include <stdbool.h>

#include "message/body.h"

enum { KEPT = 4, SMALLEST = 8 * 1024, LARGEST = 128 * 1024 };

static bool is_worth_keeping(const struct tn_body *body)
{
    /* acquire: what the last other user read is read before it is written anew. */
    return !body->free_fn && body->data == body->own_bytes && body->size >= SMALLEST &&
           body->size <= LARGEST && atomic_load_explicit(&body->refs, memory_order_acquire) == 1;
}

void tni_spare_give(struct tni_spares *spares, struct tn_body *body)
{
    struct tn_body *head;

    if (!is_worth_keeping(body) ||
        atomic_load_explicit(&spares->count, memory_order_relaxed) >= KEPT) {
        tni_body_unref(body);
        return;
    }
    atomic_fetch_add_explicit(&spares->count, 1, memory_order_relaxed);
    head = atomic_load_explicit(&spares->returned, memory_order_relaxed);
    do
        body->next = head;
    while (!atomic_compare_exchange_weak_explicit(&spares->returned, &head, body,
                                                  memory_order_release, memory_order_relaxed));
}

static struct tn_body *pop(struct tni_spares *spares)
{
    struct tn_body *body = spares->taken;

    if (!body && atomic_load_explicit(&spares->returned, memory_order_relaxed)) {
        /* All at once: a list that is never taken from one by one has no ABA problem. */
        body = atomic_exchange_explicit(&spares->returned, NULL, memory_order_acquire);
        atomic_store_explicit(&spares->count, 0, memory_order_relaxed);
    }
    if (body) {
        spares->taken = body->next;
        body->next = NULL;
    }
    return body;
}

struct tn_body *tni_spare_take(struct tni_spares *spares, size_t size)
{
    struct tn_body *body;

    if (size < SMALLEST || size > LARGEST)
        return tni_body_new(size);
    body = pop(spares);
    if (body && (body->size < size || body->size > 2 * size)) {
        tni_body_unref(body); /* the sizes have changed */
        body = NULL;
    }
    return body ? body : tni_body_new(size);
}

void tni_spares_fini(struct tni_spares *spares)
{
    struct tn_body *body;

    while ((body = pop(spares)))
        tni_body_unref(body);
}
