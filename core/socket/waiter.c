#include "socket/waiter.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/futex.h"
#include "base/hot_local.h"
#include "base/list.h"
#include "base/memory.h"

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tni_waiter *pool; /* records without a thread */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static TNI_HOT_THREAD_LOCAL struct tni_waiter *mine;

/* What is lent, and its size. */
struct tni_lent {
    size_t size;
    alignas(max_align_t) uint8_t memory[];
};

enum { KEPT = 2 };

static void free_kept(struct tni_waiter *waiter)
{
    for (int i = 0; i < KEPT; i++) {
        tni_free(waiter->kept[i]);
        waiter->kept[i] = NULL;
    }
    tni_free(waiter->scratch);
    waiter->scratch = NULL;
}

static void give_back(void *record)
{
    struct tni_waiter *waiter = record;

    mine = NULL;
    free_kept(waiter);
    pthread_mutex_lock(&pool_lock);
    waiter->next_free = pool;
    pool = waiter;
    pthread_mutex_unlock(&pool_lock);
}

static void make_key(void)
{
    pthread_key_create(&key, give_back);
}

/* Records in the pool may have lost their descriptor. */
static struct tni_waiter *from_pool(void)
{
    struct tni_waiter *waiter;

    pthread_mutex_lock(&pool_lock);
    waiter = pool;
    if (waiter)
        pool = waiter->next_free;
    pthread_mutex_unlock(&pool_lock);
    if (waiter)
        return waiter;
    waiter = tni_calloc(1, sizeof *waiter);
    if (!waiter)
        return NULL;
    waiter->wakefd = -1;
    if (TNI_MAY_BE_CANCELLED)
        sem_init(&waiter->woken, 0, 0);
    return waiter;
}

static struct tni_waiter *record_of_thread(void)
{
    if (mine)
        return mine;
    pthread_once(&key_once, make_key);
    mine = from_pool();
    if (mine)
        pthread_setspecific(key, mine);
    return mine;
}

struct tni_waiter *tni_waiter_mine(void)
{
    struct tni_waiter *waiter = record_of_thread();

    if (!waiter) {
        tni_fail(-ENOMEM, "waiting: out of memory");
        return NULL;
    }
    if (waiter->wakefd < 0)
        waiter->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waiter->wakefd < 0)
        waiter->wakefd = -errno;
    return waiter;
}

uint8_t *tni_scratch(void)
{
    struct tni_waiter *waiter = record_of_thread();

    if (!waiter)
        return NULL;
    if (!waiter->scratch)
        waiter->scratch = tni_malloc(TNI_SCRATCH);
    return waiter->scratch;
}

static struct tni_lent *take_kept(struct tni_waiter *waiter, size_t size)
{
    struct tni_lent *lent;

    for (int i = 0; i < KEPT; i++) {
        lent = waiter->kept[i];
        if (!lent || lent->size < size)
            continue;
        waiter->kept[i] = NULL;
        return lent;
    }
    return NULL;
}

void *tni_waiter_lend(size_t size)
{
    struct tni_waiter *waiter = record_of_thread();
    struct tni_lent *lent = waiter ? take_kept(waiter, size) : NULL;

    if (!lent) {
        lent = tni_malloc(sizeof *lent + size);
        if (!lent)
            return NULL;
        lent->size = size;
    }
    memset(lent->memory, 0, size);
    return lent->memory;
}

/* A smaller one that was kept gives way. */
void tni_waiter_take_back(void *memory)
{
    struct tni_lent *lent = memory ? tni_container(memory, struct tni_lent, memory) : NULL;

    for (int i = 0; lent && mine && i < KEPT; i++) {
        struct tni_lent *kept = mine->kept[i];
        if (kept && kept->size >= lent->size)
            continue;
        mine->kept[i] = lent;
        lent = kept;
    }
    tni_free(lent);
}

static void close_record(struct tni_waiter *waiter)
{
    if (waiter->wakefd >= 0)
        close(waiter->wakefd);
    waiter->wakefd = -1;
    free_kept(waiter);
}

void tni_waiters_trim(void)
{
    pthread_mutex_lock(&pool_lock);
    for (struct tni_waiter *waiter = pool; waiter; waiter = waiter->next_free)
        close_record(waiter);
    pthread_mutex_unlock(&pool_lock);
    if (mine)
        close_record(mine);
}

/* A semaphore, because no futex of ours can be slept on by a thread that may be cancelled: the system call is
 * no cancellation point, and the asynchronous type comes too late now and then. */
int tni_waiter_sleep(struct tni_waiter *waiter, uint64_t limit)
{
    struct timespec until;

    if (!TNI_MAY_BE_CANCELLED)
        return tni_futex_wait(&waiter->asleep, TNI_ON_SEMAPHORE, limit);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(limit / 1000);
    until.tv_nsec += (long)(limit % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return sem_clockwait(&waiter->woken, CLOCK_MONOTONIC, &until) == 0 ? 0 : -errno;
}

static void wake_descriptor(struct tni_waiter *waiter)
{
    static const uint64_t one = 1;
    TNI_UNCANCELLED;

    if (write(waiter->wakefd, &one, sizeof one) < 0) {
        /* Full: it is readable already. */
    }
}

void tni_waiter_wake(struct tni_waiter *waiter)
{
    if (atomic_load(&waiter->asleep) == TNI_AWAKE)
        return;
    switch (atomic_exchange(&waiter->asleep, TNI_AWAKE)) {
    case TNI_AWAKE:
        return;
    case TNI_ON_SEMAPHORE:
        if (TNI_MAY_BE_CANCELLED)
            sem_post(&waiter->woken);
        else
            tni_futex_wake(&waiter->asleep);
        return;
    default:
        break;
    }
    wake_descriptor(waiter);
}
