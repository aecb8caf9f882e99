#include "inbox.h"

#include <errno.h>
#include <string.h>

struct tni_inbox_item {
    struct tni_inbox_item *next;
    tn_pipe_t *pipe;
    tn_msg_t msg;
};

void tni_inbox_init(struct tni_inbox *inbox, const tn_host_t *host)
{
    inbox->host = host;
    inbox->first = NULL;
    inbox->last = &inbox->first;
}

void tni_inbox_fini(struct tni_inbox *inbox)
{
    tn_msg_t msg;
    tn_pipe_t *pipe;

    while (tni_inbox_get(inbox, &msg, &pipe) == 0)
        inbox->host->msg_close(&msg);
}

int tni_inbox_put(struct tni_inbox *inbox, tn_msg_t *msg, tn_pipe_t *pipe)
{
    struct tni_inbox_item *item = inbox->host->alloc(sizeof(*item));

    if (!item)
        return -ENOMEM;
    if (inbox->host->msg_own(msg) != 0) {
        inbox->host->free(item);
        return -ENOMEM;
    }
    item->next = NULL;
    item->pipe = pipe;
    item->msg = *msg;
    tn_msg_clear(msg);
    *inbox->last = item;
    inbox->last = &item->next;
    return 0;
}

int tni_inbox_put_request(struct tni_inbox *inbox, uint8_t first_byte, const uint8_t *topic,
                          size_t size, tn_pipe_t *pipe)
{
    tn_msg_t msg;
    uint8_t *body;
    int rc = inbox->host->msg_init_size(&msg, size + 1);

    if (rc)
        return rc;
    /* The body was made here and is not shared yet. */
    body = (uint8_t *)(uintptr_t)tn_msg_bytes(&msg);
    body[0] = first_byte;
    if (size)
        memcpy(body + 1, topic, size);
    rc = tni_inbox_put(inbox, &msg, pipe);
    if (rc)
        inbox->host->msg_close(&msg);
    return rc;
}

int tni_inbox_get(struct tni_inbox *inbox, tn_msg_t *out_msg, tn_pipe_t **out_pipe)
{
    struct tni_inbox_item *item = inbox->first;

    if (!item)
        return -EAGAIN;
    *out_msg = item->msg;
    *out_pipe = item->pipe;
    inbox->first = item->next;
    if (!inbox->first)
        inbox->last = &inbox->first;
    inbox->host->free(item);
    return 0;
}

void tni_inbox_forget(struct tni_inbox *inbox, tn_pipe_t *pipe)
{
    struct tni_inbox_item *item;

    for (item = inbox->first; item; item = item->next) {
        if (item->pipe == pipe)
            item->pipe = NULL;
    }
}
