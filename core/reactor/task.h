/*
 * task.h: something that a thread will be asked to do: an item with a function.
 *
 * A task lies in a reactor's inbox or in an I/O thread's run queue. What it was announced for comes as
 * bits; the function runs under the reactor's lock, or on the I/O thread.
 */
#ifndef TNI_TASK_H
#define TNI_TASK_H

#include "base/mpsc.h"

struct tni_task {
    struct tni_mpsc_item item;
    void (*run)(struct tni_task *task, unsigned bits);
};

static inline void tni_task_init(struct tni_task *task, void (*run)(struct tni_task *, unsigned))
{
    tni_mpsc_item_init(&task->item);
    task->run = run;
}

/** Runs everything that is queued; returns whether there was anything. */
static inline bool tni_tasks_run(struct tni_mpsc *queue)
{
    struct tni_mpsc_item *item = tni_mpsc_take_all(queue);
    bool any = item != NULL;

    while (item) {
        struct tni_mpsc_item *next = item->next;
        struct tni_task *task = (struct tni_task *)(void *)item;
        task->run(task, tni_mpsc_collect(item));
        item = next;
    }
    return any;
}

#endif
