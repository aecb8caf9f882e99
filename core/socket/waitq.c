#include "socket/waitq.h"
#include "base/expect.h"

void tni_waitq_init(struct tni_waitq *queue)
{
    atomic_init(&queue->first, NULL);
    pthread_mutex_init(&queue->lock, NULL);
    tni_link_init(&queue->others);
    atomic_init(&queue->other_count, 0);
}

bool tni_waitq_is_empty(struct tni_waitq *queue)
{
    return !atomic_load(&queue->first) && !atomic_load(&queue->other_count);
}

void tni_waitq_join(struct tni_waitq *queue, struct tni_wait_link *place)
{
    struct tni_waiter *nobody = NULL;

    place->is_first = atomic_compare_exchange_strong(&queue->first, &nobody, place->waiter);
    if (place->is_first)
        return;
    pthread_mutex_lock(&queue->lock);
    tni_list_append(&queue->others, &place->link);
    pthread_mutex_unlock(&queue->lock);
    atomic_fetch_add(&queue->other_count, 1);
}

void tni_waitq_quit(struct tni_waitq *queue, struct tni_wait_link *place)
{
    if (place->is_first) {
        atomic_store_explicit(&queue->first, NULL, memory_order_release);
        return;
    }
    atomic_fetch_sub(&queue->other_count, 1);
    pthread_mutex_lock(&queue->lock);
    tni_link_remove(&place->link);
    pthread_mutex_unlock(&queue->lock);
}

static TNI_RARE void wake_others(struct tni_waitq *queue)
{
    pthread_mutex_lock(&queue->lock);
    tni_list_each (link, &queue->others)
        tni_waiter_wake(tni_container(link, struct tni_wait_link, link)->waiter);
    pthread_mutex_unlock(&queue->lock);
}

void tni_waitq_wake(struct tni_waitq *queue)
{
    struct tni_waiter *first = atomic_load(&queue->first);

    if (first)
        tni_waiter_wake(first);
    if (TNI_RARELY(atomic_load(&queue->other_count)))
        wake_others(queue);
}
