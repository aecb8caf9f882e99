/*
 * notices.h: messages that a socket gives itself: that a peer came or went.
 *
 * They take the place of a message that the peer would have sent, and are received before those of the
 * pipes: a peer's coming is noted before anything of it was read, its going after everything was. A
 * notice outlives its pipe. First in, first out, at most TNI_NOTICES_MAX: a program that never reads
 * does not let its peers fill the memory. Under the socket's lock.
 */
#ifndef TNI_NOTICES_H
#define TNI_NOTICES_H

#include <stdbool.h>

#include <tenon/pattern.h>

enum { TNI_NOTICES_MAX = 65536 };

struct tni_notice;

struct tni_notices {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tni_notice *first;
    struct tni_notice **last; /* where the next one is linked in */
    size_t count;
    bool is_open; /* the first one's id was given, its body was not */
};

void tni_notices_init(struct tni_notices *notices, const tn_host_t *host, tn_sock_t *sock);
void tni_notices_fini(struct tni_notices *notices);

/** A message of `pipe`: an id frame, unless `id` is NULL, and a copy of `body`; its routing number is
 *  `number`. One too many, or without memory, is counted as dropped. */
void tni_notices_add(struct tni_notices *notices, tn_pipe_t *pipe, const tn_msg_t *id,
                     tn_msg_t *body, uint32_t number);
/** The next frame, whose body the caller takes. There must be one. */
void tni_notices_get(struct tni_notices *notices, tn_msg_t *out_msg);

static inline bool tni_notices_wait(const struct tni_notices *notices)
{
    return notices->first != NULL;
}

#endif
