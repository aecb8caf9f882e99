#include "message/body.h"

#include <errno.h>
#include <stdbool.h>

#include "base/blocks.h"
#include "base/hot_local.h"
#include "message/spare.h"

enum { STEP = 64 };

static TNI_HOT_THREAD_LOCAL struct {
    unsigned depth;
    bool is_burying; /* inside the loop of bury_all: what ends meanwhile joins its list */
    struct tn_body *first;
    struct tn_body **last;
} graveyard;

/* Of its block, which has room for bodies that are a little larger. */
static size_t whole_size(size_t size)
{
    return sizeof(struct tn_body) + ((size + STEP - 1) & ~(size_t)(STEP - 1));
}

struct tn_body *tni_body_new(size_t size)
{
    struct tn_body *body;

    if (size > SIZE_MAX / 2)
        return NULL;
    if (tni_spare_fits(sizeof *body + size))
        body = tni_memory_is_refused() ? NULL : tni_spare_take();
    else
        body = tni_block_take(whole_size(size));
    if (!body)
        return NULL;
    atomic_init(&body->refs, 1);
    body->size = size;
    body->data = body->own_bytes;
    body->free_fn = NULL;
    body->hint = NULL;
    body->next = NULL;
    return body;
}

/* A body around the program's memory is its header alone. */
static void body_free(struct tn_body *body)
{
    size_t own = body->data == body->own_bytes ? body->size : 0;

    tni_spare_give(body, whole_size(own));
}

struct tn_body *tni_body_wrap(void *data, size_t size, tn_free_fn free_fn, void *hint)
{
    struct tn_body *body = tni_body_new(0);

    if (!body)
        return NULL;
    body->size = size;
    body->data = data;
    body->free_fn = free_fn;
    body->hint = hint;
    return body;
}

int tni_body_grow(struct tn_body **body, size_t size)
{
    struct tn_body *grown;

    if (size > SIZE_MAX / 2)
        return -ENOMEM;
    grown = tni_block_resize(*body, whole_size((*body)->size), whole_size(size));
    if (!grown)
        return -ENOMEM;
    grown->size = size;
    grown->data = grown->own_bytes;
    *body = grown;
    return 0;
}

static void bury(struct tn_body *body)
{
    body->free_fn(body->data, body->hint);
    body_free(body);
}

/* A loop and not a recursion, however long a chain of messages the program's functions end. */
static void bury_all(void)
{
    graveyard.is_burying = true;
    while (graveyard.first) {
        struct tn_body *body = graveyard.first;

        graveyard.first = body->next;
        bury(body);
    }
    graveyard.is_burying = false;
}

static void collect(struct tn_body *body)
{
    body->next = NULL;
    if (graveyard.first)
        *graveyard.last = body;
    else
        graveyard.first = body;
    graveyard.last = &body->next;
}

void tni_body_unref(struct tn_body *body)
{
    /* acq_rel: the last user sees what the others did with the bytes; a sole user needs no write. */
    if (!body || (atomic_load_explicit(&body->refs, memory_order_acquire) != 1 &&
                  atomic_fetch_sub_explicit(&body->refs, 1, memory_order_acq_rel) != 1))
        return;
    if (!body->free_fn) {
        body_free(body);
        return;
    }
    collect(body);
    if (graveyard.depth == 0 && !graveyard.is_burying)
        bury_all();
}

void tni_graveyard_open(void)
{
    graveyard.depth++;
}

void tni_graveyard_close(void)
{
    if (--graveyard.depth == 0 && graveyard.first && !graveyard.is_burying)
        bury_all();
}
