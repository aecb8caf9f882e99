#include "base/blocks.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hot_local.h"
#include "base/poison.h"
#include "base/processor.h"

enum {
    SMALLEST_SHIFT = 13, /* of TNI_BLOCK_LEAST */
    LARGEST_SHIFT = 24,
    STEPS = 8, /* sizes for each doubling */
    CLASSES = (LARGEST_SHIFT - SMALLEST_SHIFT) * STEPS + 1,
    AT_HAND = 16, /* blocks of one size that a thread keeps, */
    AT_HAND_BYTES = 1024 * 1024, /* if that is not more than so many bytes */
    BATCH = AT_HAND / 2, /* what moves between a thread and the store at once */
    STORED_BYTES = 128 * 1024 * 1024,
    SWEPT_BYTES = 16 * 1024 * 1024, /* at a time: about a millisecond */
    TURN_MS = 500, /* what was not needed for as long is not needed */
    TRIES = 200,
};

/* Lies in the first of its blocks. */
struct batch {
    struct batch *next;
    unsigned count; /* of `blocks`, in which this one is the first */
    void *blocks[BATCH];
};

struct shelf {
    struct batch *top; /* the one used last */
    unsigned count, low; /* batches; the least of them since the turn began */
};

static struct {
    atomic_flag lock;
    struct shelf shelves[CLASSES];
    atomic_size_t bytes;
} store = {.lock = ATOMIC_FLAG_INIT};

/* What one thread has at hand. Its lock is the thread's but for the moments of a sweep. */
struct hand {
    alignas(64) atomic_flag lock;
    bool was_used; /* in this turn */
    struct {
        unsigned count;
        void *blocks[AT_HAND];
    } of[CLASSES];
    atomic_llong used; /* bytes taken less those given back; the thread's to write */
    struct hand *next; /* of all */
    atomic_bool is_free; /* no thread's */
};

static atomic_bool is_any_kept; /* since the last sweep that left nothing */
static atomic_llong used_without_hand;
static _Atomic(struct hand *) hands; /* never freed, used again by later threads */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static TNI_HOT_THREAD_LOCAL struct hand *mine;

/* ------------------------------------------------------------------ sizes */

static bool is_kept(size_t size)
{
    return size >= TNI_BLOCK_LEAST && size <= (size_t)1 << LARGEST_SHIFT;
}

/* The least class whose blocks have that size. */
static unsigned class_of(size_t size)
{
    unsigned shift = (unsigned)(sizeof(long) * CHAR_BIT - 1) - (unsigned)__builtin_clzl(size);
    size_t step = ((size_t)1 << shift) / STEPS;
    size_t above = size - ((size_t)1 << shift);

    return (shift - SMALLEST_SHIFT) * STEPS + (unsigned)((above + step - 1) / step);
}

static size_t size_of(unsigned class)
{
    size_t whole = (size_t)1 << (SMALLEST_SHIFT + class / STEPS);

    return whole + class % STEPS * (whole / STEPS);
}

/* How many of them a thread keeps, always even. */
static unsigned most_at_hand(unsigned class)
{
    size_t count = AT_HAND_BYTES / size_of(class) & ~(size_t)1;

    return count > AT_HAND ? AT_HAND : count < 2 ? 2 : (unsigned)count;
}

size_t tni_block_room(size_t size)
{
    return is_kept(size) ? size_of(class_of(size)) : size;
}

/* ------------------------------------------------------------------ the system */

static size_t page_size(void)
{
    static _Atomic size_t size;

    if (!atomic_load_explicit(&size, memory_order_relaxed))
        atomic_store_explicit(&size, (size_t)sysconf(_SC_PAGESIZE), memory_order_relaxed);
    return atomic_load_explicit(&size, memory_order_relaxed);
}

/* The allocator may keep the addresses; the pages go back now. */
static void release(void *block, unsigned class)
{
    size_t page = page_size(), size = size_of(class);
    uintptr_t from = ((uintptr_t)block + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)block + size) & ~(page - 1);

    TNI_UNPOISON(block, size);
    if (end > from)
        madvise((void *)from, end - from, MADV_DONTNEED);
    tni_free(block);
}

static void release_batch(struct batch *batch, unsigned class)
{
    for (unsigned i = batch->count; i-- > 1;)
        release(batch->blocks[i], class);
    release(batch, class);
}

static void release_batches(struct batch *batch, unsigned class)
{
    while (batch) {
        struct batch *next = batch->next;
        release_batch(batch, class);
        batch = next;
    }
}

/* ------------------------------------------------------------------ the store */

/* Held for a few instructions; a holder that was interrupted is not waited for. */
static bool lock_store(void)
{
    for (int i = 0; i < TRIES; i++)
        if (!atomic_flag_test_and_set_explicit(&store.lock, memory_order_acquire))
            return true;
    return false;
}

static void unlock_store(void)
{
    atomic_flag_clear_explicit(&store.lock, memory_order_release);
}

/* What the store refuses goes back to the system. */
static void put_away(void **blocks, unsigned count, unsigned class)
{
    size_t bytes = count * size_of(class);
    struct batch *batch = blocks[0];
    bool is_taken = false;

    TNI_UNPOISON(batch, sizeof *batch);
    batch->count = count;
    batch->next = NULL;
    memcpy(batch->blocks, blocks, count * sizeof *blocks);
    if (lock_store()) {
        struct shelf *shelf = &store.shelves[class];
        if (atomic_load_explicit(&store.bytes, memory_order_relaxed) + bytes <= STORED_BYTES) {
            batch->next = shelf->top;
            shelf->top = batch;
            shelf->count++;
            atomic_fetch_add_explicit(&store.bytes, bytes, memory_order_relaxed);
            is_taken = true;
        }
        unlock_store();
    }
    if (!is_taken)
        release_batch(batch, class);
}

static void fetch(struct hand *hand, unsigned class)
{
    struct shelf *shelf = &store.shelves[class];
    struct batch *batch;

    if (!atomic_load_explicit(&store.bytes, memory_order_relaxed) || !lock_store())
        return;
    batch = shelf->top;
    if (batch) {
        shelf->top = batch->next;
        if (--shelf->count < shelf->low)
            shelf->low = shelf->count;
        atomic_fetch_sub_explicit(&store.bytes, batch->count * size_of(class),
                                  memory_order_relaxed);
    }
    unlock_store();
    if (!batch)
        return;
    hand->of[class].count = batch->count;
    memcpy(hand->of[class].blocks, batch->blocks, batch->count * sizeof *batch->blocks);
    for (unsigned i = 0; i < batch->count; i++) /* another processor had them */
        tni_will_write(batch->blocks[i]);
    TNI_POISON(batch, sizeof *batch);
}

/* ------------------------------------------------------------------ a thread's own */

static bool try_hand(struct hand *hand)
{
    return !atomic_flag_test_and_set_explicit(&hand->lock, memory_order_acquire);
}

static void leave_hand(struct hand *hand)
{
    atomic_flag_clear_explicit(&hand->lock, memory_order_release);
}

static void empty_hand(struct hand *hand)
{
    for (unsigned class = 0; class < CLASSES; class ++) {
        while (hand->of[class].count)
            release(hand->of[class].blocks[--hand->of[class].count], class);
    }
}

static void give_up(void *record)
{
    struct hand *hand = record;

    mine = NULL;
    if (try_hand(hand)) { /* else a sweep is at it */
        empty_hand(hand);
        leave_hand(hand);
    }
    atomic_store(&hand->is_free, true);
}

static void make_key(void)
{
    pthread_key_create(&key, give_up);
}

static struct hand *new_hand(void)
{
    struct hand *hand = tni_calloc_aligned(sizeof *hand);

    if (!hand)
        return NULL;
    atomic_flag_clear(&hand->lock);
    hand->next = atomic_load(&hands);
    while (!atomic_compare_exchange_weak(&hands, &hand->next, hand))
        continue;
    return hand;
}

static struct hand *find_hand(void)
{
    struct hand *hand;

    pthread_once(&key_once, make_key);
    for (hand = atomic_load(&hands); hand; hand = hand->next)
        if (atomic_exchange(&hand->is_free, false))
            break;
    if (!hand)
        hand = new_hand();
    mine = hand;
    if (hand)
        pthread_setspecific(key, hand);
    return hand;
}

/* Locked; NULL: go without. */
static struct hand *my_hand(void)
{
    struct hand *hand = mine ? mine : find_hand();

    return hand && try_hand(hand) ? hand : NULL;
}

/* Each thread has a count of its own, which may be below 0: none waits for another's. */
static void count(size_t size, int sign)
{
    struct hand *hand = mine;
    long long bytes = sign * (long long)tni_block_room(size);

    if (size < TNI_BLOCK_LEAST)
        return;
    if (hand)
        atomic_store_explicit(&hand->used,
                              atomic_load_explicit(&hand->used, memory_order_relaxed) + bytes,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&used_without_hand, bytes, memory_order_relaxed);
}

size_t tni_blocks_used(void)
{
    long long bytes = atomic_load_explicit(&used_without_hand, memory_order_relaxed);

    for (struct hand *hand = atomic_load(&hands); hand; hand = hand->next)
        bytes += atomic_load_explicit(&hand->used, memory_order_relaxed);
    return bytes > 0 ? (size_t)bytes : 0;
}

static void *take_kept(unsigned class)
{
    struct hand *hand = my_hand();
    void *block = NULL;

    if (!hand)
        return NULL;
    hand->was_used = true;
    if (!hand->of[class].count)
        fetch(hand, class);
    if (hand->of[class].count)
        block = hand->of[class].blocks[--hand->of[class].count];
    leave_hand(hand);
    return block;
}

void *tni_large_block_take(size_t size)
{
    unsigned class;
    void *block;

    if (!is_kept(size)) {
        block = tni_malloc(size);
        if (block)
            count(size, 1);
        return block;
    }
    if (tni_memory_is_refused())
        return NULL;
    class = class_of(size);
    block = take_kept(class);
    if (block)
        TNI_UNPOISON(block, size_of(class));
    else
        block = tni_malloc_allowed(size_of(class));
    if (block)
        count(size, 1);
    return block;
}

/* The older half of what is at hand makes room: the newest is in the cache. */
static void put_half_away(struct hand *hand, unsigned class)
{
    unsigned half = most_at_hand(class) / 2;
    void **blocks = hand->of[class].blocks;

    put_away(blocks, half, class);
    hand->of[class].count -= half;
    memmove(blocks, blocks + half, hand->of[class].count * sizeof *blocks);
}

void tni_large_block_give(void *block, size_t size)
{
    struct hand *hand;
    unsigned class;

    if (block)
        count(size, -1);
    if (!block || !is_kept(size)) {
        tni_free(block);
        return;
    }
    class = class_of(size);
    hand = my_hand();
    if (!hand) {
        release(block, class);
        return;
    }
    hand->was_used = true;
    if (hand->of[class].count == most_at_hand(class))
        put_half_away(hand, class);
    TNI_POISON(block, size_of(class));
    hand->of[class].blocks[hand->of[class].count++] = block;
    leave_hand(hand);
    if (!atomic_load_explicit(&is_any_kept, memory_order_relaxed))
        atomic_store(&is_any_kept, true);
}

/* Beyond what is kept the allocator moves pages instead of bytes. */
void *tni_block_resize(void *block, size_t size, size_t larger)
{
    void *moved;

    if (!is_kept(size) && !is_kept(larger)) {
        moved = tni_realloc(block, larger);
        if (moved) {
            count(size, -1);
            count(larger, 1);
        }
        return moved;
    }
    if (is_kept(size) && is_kept(larger) && class_of(size) == class_of(larger))
        return tni_memory_is_refused() ? NULL : block;
    moved = tni_block_take(larger);
    if (!moved)
        return NULL;
    memcpy(moved, block, size < larger ? size : larger);
    tni_block_give(block, size);
    return moved;
}

/* ------------------------------------------------------------------ giving back */

/* Takes what is at the bottom, used longest ago, and leaves `kept` batches. */
static struct batch *take_bottom(unsigned class, unsigned kept)
{
    struct shelf *shelf = &store.shelves[class];
    struct batch *first, **place = &shelf->top;
    unsigned taken = shelf->count - kept;

    for (unsigned i = 0; i < kept; i++)
        place = &(*place)->next;
    first = *place;
    *place = NULL;
    for (struct batch *batch = first; batch; batch = batch->next)
        atomic_fetch_sub_explicit(&store.bytes, batch->count * size_of(class),
                                  memory_order_relaxed);
    shelf->count = kept;
    shelf->low = shelf->low > taken ? shelf->low - taken : 0;
    return first;
}

/* Of what was not needed, so much that nobody has to wait for it. Returns how many bytes. */
static size_t sweep_shelf(unsigned class, size_t most, bool is_new_turn)
{
    size_t batch_bytes = most_at_hand(class) / 2 * size_of(class);
    struct batch *unneeded = NULL;
    struct shelf *shelf = &store.shelves[class];
    unsigned count;

    if (!lock_store())
        return 0;
    count = most / batch_bytes < shelf->low ? (unsigned)(most / batch_bytes) : shelf->low;
    if (count)
        unneeded = take_bottom(class, shelf->count - count);
    if (is_new_turn)
        shelf->low = shelf->count;
    unlock_store();
    release_batches(unneeded, class);
    return count * batch_bytes;
}

static void sweep_store(bool is_new_turn)
{
    size_t left = SWEPT_BYTES;

    for (unsigned class = 0; class < CLASSES; class ++)
        left -= sweep_shelf(class, left, is_new_turn);
}

/* Returns whether anything is left in any. */
static bool sweep_hands(bool all)
{
    bool is_left = false;

    for (struct hand *hand = atomic_load(&hands); hand; hand = hand->next) {
        if (!try_hand(hand)) {
            is_left = true;
            continue;
        }
        if (!hand->was_used || all)
            empty_hand(hand);
        else
            is_left = true;
        hand->was_used = false;
        leave_hand(hand);
    }
    return is_left;
}

bool tni_blocks_sweep(void)
{
    static atomic_uint_fast64_t last_sweep, last_turn;
    uint64_t now = tni_clock_ms(), before = atomic_load(&last_sweep), turn;
    bool is_new_turn, is_left = true;

    if (now - before < TNI_BLOCKS_SWEEP_MS / 2 ||
        !atomic_compare_exchange_strong(&last_sweep, &before, now))
        return true;
    turn = atomic_load(&last_turn);
    is_new_turn = now - turn >= TURN_MS;
    if (is_new_turn) {
        atomic_store(&last_turn, now);
        atomic_store(&is_any_kept, false); /* whoever gives one from here on says so again */
        is_left = sweep_hands(false);
    }
    sweep_store(is_new_turn);
    if (!is_left && !atomic_load(&store.bytes))
        return atomic_load(&is_any_kept);
    atomic_store(&is_any_kept, true);
    return true;
}

void tni_blocks_trim(void)
{
    sweep_hands(true);
    for (unsigned class = 0; class < CLASSES; class ++) {
        struct batch *all;
        if (!lock_store())
            return;
        all = take_bottom(class, 0);
        unlock_store();
        release_batches(all, class);
    }
}

bool tni_blocks_are_kept(void)
{
    return atomic_load_explicit(&is_any_kept, memory_order_relaxed);
}

size_t tni_blocks_kept(void)
{
    size_t bytes = atomic_load(&store.bytes);

    for (struct hand *hand = atomic_load(&hands); hand; hand = hand->next) {
        while (!try_hand(hand))
            sched_yield();
        for (unsigned class = 0; class < CLASSES; class ++)
            bytes += hand->of[class].count * size_of(class);
        leave_hand(hand);
    }
    return bytes;
}
