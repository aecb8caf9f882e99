/*
 * list.h: an intrusive, doubly linked ring.
 *
 * A head is a link that stands for no item. A link outside any list points to itself. No lock of its
 * own: the owner's.
 */
#ifndef TNI_LIST_H
#define TNI_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tni_link {
    struct tni_link *next;
    struct tni_link *prev;
};

#define tni_container(pointer, type, member)                                                       \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define tni_list_each(link, head)                                                                  \
    for (struct tni_link *link = (head)->next; (link) != (head); (link) = (link)->next)

/** As above; the body may remove `link`. */
#define tni_list_each_safe(link, head)                                                             \
    for (struct tni_link *link = (head)->next, *link##_next = link->next; (link) != (head);        \
         (link) = link##_next, link##_next = (link)->next)

static inline void tni_link_init(struct tni_link *link)
{
    link->next = link;
    link->prev = link;
}

static inline bool tni_list_is_empty(const struct tni_link *head)
{
    return head->next == head;
}

static inline bool tni_link_is_linked(const struct tni_link *link)
{
    return link->next != link;
}

static inline void tni_list_append(struct tni_link *head, struct tni_link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void tni_link_remove(struct tni_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    tni_link_init(link);
}

#endif
