#include "pipe/duplex.h"

#include "base/memory.h"

struct tni_duplex *tni_duplex_new(const uint64_t hwm[2], const bool conflate[2])
{
    struct tni_duplex *duplex = tni_calloc_aligned(sizeof *duplex);

    if (!duplex)
        return NULL;
    if (tni_chain_init(&duplex->way[0], hwm[0], conflate[0]) < 0)
        goto fail_first;
    if (tni_chain_init(&duplex->way[1], hwm[1], conflate[1]) < 0)
        goto fail_second;
    atomic_init(&duplex->gone, 3);
    return duplex;

fail_second:
    tni_chain_fini(&duplex->way[0]);
fail_first:
    tni_free(duplex);
    return NULL;
}

void tni_duplex_own(struct tni_duplex *duplex, unsigned s, const struct tni_side_ops *ops,
                    void *owner)
{
    duplex->side[s].ops = ops;
    duplex->side[s].item = ops->item ? ops->item(owner) : NULL;
    atomic_store(&duplex->side[s].owner, owner);
    atomic_fetch_and(&duplex->gone, ~(1u << s));
}

void tni_duplex_close(struct tni_duplex *duplex, unsigned s)
{
    struct tni_side sides[2];

    atomic_store(&duplex->side[s].is_closing, true);
    if (!tni_duplex_other_is_closing(duplex, s)) /* else nobody is left to hear it */
        tni_duplex_wake_other(duplex, s, TNI_WAKE_CLOSED);
    if (!(atomic_fetch_or(&duplex->gone, 1u << s) & 1u << !s))
        return;
    tni_chain_fini(&duplex->way[0]);
    tni_chain_fini(&duplex->way[1]);
    for (int i = 0; i < 2; i++) {
        sides[i].ops = duplex->side[i].ops;
        atomic_init(&sides[i].owner, atomic_load(&duplex->side[i].owner));
    }
    tni_free(duplex);
    for (int i = 0; i < 2; i++) {
        void *owner = atomic_load(&sides[i].owner);
        if (owner)
            sides[i].ops->unref(owner);
    }
}
