#include "inbox.h"

#include <errno.h>
#include <string.h>

/* Very many requests may come at once, and most topics are short: those are kept in few bytes. */
struct tni_inbox_item {
    struct tni_inbox_item *next;
    tn_pipe_t *pipe;
    uint8_t short_size; /* of the bytes; 0: they are a message object */
    uint8_t bytes[];
};

void tni_inbox_init(struct tni_inbox *inbox, const tn_host_t *host)
{
    inbox->host = host;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    inbox->is_in_message = false;
    inbox->skips = false;
}

void tni_inbox_fini(struct tni_inbox *inbox)
{
    tn_msg_t msg;
    tn_pipe_t *pipe;

    while (tni_inbox_get(inbox, &msg, &pipe) == 0)
        inbox->host->msg_close(&msg);
}

static void append(struct tni_inbox *inbox, struct tni_inbox_item *item, tn_pipe_t *pipe)
{
    item->next = NULL;
    item->pipe = pipe;
    *inbox->last = item;
    inbox->last = &item->next;
}

static void to_message(const struct tni_inbox_item *item, tn_msg_t *out_msg)
{
    if (!item->short_size) {
        memcpy(out_msg, item->bytes, sizeof(*out_msg));
        return;
    }
    tn_msg_clear(out_msg);
    memcpy(out_msg->u.bytes, item->bytes, item->short_size);
    out_msg->size = item->short_size;
}

/* Takes an unfinished message back. */
static void undo(struct tni_inbox *inbox)
{
    struct tni_inbox_item *item = *inbox->begun;

    while (item) {
        struct tni_inbox_item *next = item->next;
        tn_msg_t msg;

        to_message(item, &msg);
        inbox->host->msg_close(&msg);
        inbox->host->free(item);
        item = next;
    }
    *inbox->begun = NULL;
    inbox->last = inbox->begun;
    inbox->is_in_message = false;
}

static int put_frame(struct tni_inbox *inbox, tn_msg_t *msg, tn_pipe_t *pipe)
{
    struct tni_inbox_item *item = inbox->host->alloc(sizeof(*item) + sizeof(*msg));

    if (!item)
        return -ENOMEM;
    if (inbox->host->msg_own(msg) != 0) {
        inbox->host->free(item);
        return -ENOMEM;
    }
    item->short_size = 0;
    memcpy(item->bytes, msg, sizeof(*msg));
    tn_msg_clear(msg);
    append(inbox, item, pipe);
    return 0;
}

int tni_inbox_put(struct tni_inbox *inbox, tn_msg_t *msg, tn_pipe_t *pipe)
{
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc = 0;

    if (!inbox->is_in_message)
        inbox->begun = inbox->last;
    if (inbox->skips) {
        inbox->skips = has_more;
        return 0;
    }
    inbox->is_in_message = has_more;
    rc = put_frame(inbox, msg, pipe);
    if (rc) {
        undo(inbox);
        inbox->skips = has_more;
    }
    return rc;
}

static int put_short(struct tni_inbox *inbox, uint8_t first_byte, const uint8_t *topic, size_t size,
                     tn_pipe_t *pipe)
{
    struct tni_inbox_item *item = inbox->host->alloc(sizeof(*item) + 1 + size);

    if (!item)
        return -ENOMEM;
    item->short_size = (uint8_t)(1 + size);
    item->bytes[0] = first_byte;
    if (size)
        memcpy(item->bytes + 1, topic, size);
    append(inbox, item, pipe);
    return 0;
}

int tni_inbox_put_request(struct tni_inbox *inbox, uint8_t first_byte, const uint8_t *topic,
                          size_t size, tn_pipe_t *pipe)
{
    tn_msg_t msg;
    uint8_t *body;
    int rc;

    if (size < TN_MSG_INLINE)
        return put_short(inbox, first_byte, topic, size, pipe);
    rc = inbox->host->msg_init_size(&msg, size + 1);
    if (rc)
        return rc;
    /* The body was made here and is not shared yet. */
    body = (uint8_t *)(uintptr_t)tn_msg_bytes(&msg);
    body[0] = first_byte;
    memcpy(body + 1, topic, size);
    rc = put_frame(inbox, &msg, pipe);
    if (rc)
        inbox->host->msg_close(&msg);
    return rc;
}

int tni_inbox_get(struct tni_inbox *inbox, tn_msg_t *out_msg, tn_pipe_t **out_pipe)
{
    struct tni_inbox_item *item = inbox->first;

    if (!item)
        return -EAGAIN;
    to_message(item, out_msg);
    *out_pipe = item->pipe;
    inbox->first = item->next;
    if (!inbox->first)
        inbox->last = &inbox->first;
    if (inbox->begun == &item->next)
        inbox->begun = &inbox->first;
    inbox->host->free(item);
    return 0;
}

void tni_inbox_forget(struct tni_inbox *inbox, tn_pipe_t *pipe)
{
    struct tni_inbox_item *item;

    if (inbox->is_in_message) /* messages come whole: it was the pipe's own */
        undo(inbox);
    inbox->skips = false;
    for (item = inbox->first; item; item = item->next) {
        if (item->pipe == pipe)
            item->pipe = NULL;
    }
}
