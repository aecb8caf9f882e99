/*
 * chain_reach.c: the look at what was committed, for the short way of the consumer (chain_short.h).
 */
#include "base/clock.h"
#include "base/expect.h"
#include "base/processor.h"
#include "pipe/chunk.h"

/* A look at a chain that is written to in this moment takes the lines of the cache that the producer writes:
 * each of the two then waits for the other's, for longer than a message takes. So a consumer that keeps step, and
 * finds a few messages at a time, lets the producer get ahead, and has many for one look. One that finds none
 * goes to sleep instead, and one that waited in vain does not wait again soon. */
enum {
    MANY = 64, /* messages a look: worth it */
    LOOKS = 3, /* in a row that brought fewer, but some */
    AHEAD_NS = 2000,
    WORTH = 8, /* messages that come meanwhile; else */
    IN_VAIN = 256, /* looks without */
};

static TNI_APART void let_get_ahead(void)
{
    uint64_t until = tni_clock_ns() + AHEAD_NS;

    while (tni_clock_ns() < until)
        tni_pause();
}

static void look(struct tni_chain *chain)
{
    uint64_t before = chain->r.limit_messages, more;
    bool is_late = chain->r.looks_in_step >= LOOKS;

    if (TNI_RARELY(is_late))
        let_get_ahead();
    tni_chain_snapshot(chain);
    more = chain->r.limit_messages - before;
    if (is_late && more < WORTH)
        chain->r.looks_in_step = -IN_VAIN;
    else if (more > 0 && more < MANY)
        chain->r.looks_in_step++;
    else if (chain->r.looks_in_step > 0)
        chain->r.looks_in_step = 0;
}

/* No attachment lies between `keep` and `sent`: those that do are not to be ended on the short way. */
static bool keeps_nothing(const struct tni_chain *chain)
{
    const struct tni_cursor *keep = &chain->r.keep, *at = &chain->r.sent;

    if (keep->chunk == at->chunk)
        return keep->attachment == at->attachment;
    return keep->chunk->next == at->chunk && at->attachment == 0 &&
           keep->attachment == atomic_load_explicit(&keep->chunk->published, memory_order_acquire);
}

static TNI_APART bool reach_on(struct tni_chain *chain)
{
    struct tni_cursor *at = &chain->r.sent;
    uint64_t stop;

    tni_cursor_step_over(at);
    stop = at->position + tni_cursor_run(at, chain->r.limit);
    if (stop == at->position || !keeps_nothing(chain))
        return false;
    if (at->chunk != chain->r.keep.chunk)
        tni_chain_keep(chain, at);
    chain->r.stop = stop;
    chain->r.known = atomic_load_explicit(&at->chunk->published, memory_order_acquire);
    return true;
}

bool tni_chain_reach(struct tni_chain *chain)
{
    struct tni_cursor *at = &chain->r.sent;
    struct tni_chunk *chunk = at->chunk;
    uint64_t end;

    if (TNI_RARELY(chain->slot))
        return false;
    if (at->position == chain->r.limit) {
        if (TNI_IS_SMALL)
            tni_chain_snapshot(chain);
        else
            look(chain);
    }
    end = atomic_load_explicit(&chunk->end, memory_order_acquire);
    /* Most often frames alone are left in the chunk, and all that came before is done. */
    if (TNI_RARELY(TNI_IS_SMALL || at->position == end || chunk != chain->r.keep.chunk ||
                   at->attachment != chain->r.keep.attachment ||
                   at->attachment != atomic_load_explicit(&chunk->published, memory_order_acquire)))
        return reach_on(chain);
    chain->r.stop = end < chain->r.limit ? end : chain->r.limit;
    chain->r.known = at->attachment;
    return chain->r.stop != at->position;
}
