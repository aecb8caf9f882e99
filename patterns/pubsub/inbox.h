/*
 * inbox.h: what an XPUB's peers asked for or sent, until the program reads it.
 *
 * Subscriptions take effect when they arrive, not when the program reads of them, so what it is told
 * waits here. First in, first out. Under the socket's lock.
 */
#ifndef TNI_INBOX_H
#define TNI_INBOX_H

#include <stdbool.h>

#include <tenon/pattern.h>

struct tni_inbox_item;

struct tni_inbox {
    const tn_host_t *host;
    struct tni_inbox_item *first;
    struct tni_inbox_item **last; /* where the next one is linked in */
    struct tni_inbox_item **begun; /* where the unfinished message was */
    bool is_in_message;
    bool skips; /* the rest of a message for which there was no memory */
};

void tni_inbox_init(struct tni_inbox *inbox, const tn_host_t *host);
void tni_inbox_fini(struct tni_inbox *inbox);
/** One frame. Takes the body of `msg` on success. -ENOMEM: the whole message is dropped, the frames that
 *  follow silently. */
int tni_inbox_put(struct tni_inbox *inbox, tn_msg_t *msg, tn_pipe_t *pipe);
/** The message 01 or 00 and a topic. -ENOMEM. */
int tni_inbox_put_request(struct tni_inbox *inbox, uint8_t first_byte, const uint8_t *topic,
                          size_t size, tn_pipe_t *pipe);
/** `*out_pipe`: where it came from, NULL when that pipe has gone. -EAGAIN. */
int tni_inbox_get(struct tni_inbox *inbox, tn_msg_t *out_msg, tn_pipe_t **out_pipe);
/** The pipe goes; what it sent stays, whole messages of it. */
void tni_inbox_forget(struct tni_inbox *inbox, tn_pipe_t *pipe);

static inline int tni_inbox_is_empty(const struct tni_inbox *inbox)
{
    return inbox->first == NULL;
}

#endif
