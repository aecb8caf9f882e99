#include "notices.h"

#include <errno.h>

#include <tenon/tenon.h>

struct tni_notice {
    struct tni_notice *next;
    tn_msg_t id;
    tn_msg_t body;
    bool has_id;
};

void tni_notices_init(struct tni_notices *notices, const tn_host_t *host, tn_sock_t *sock)
{
    notices->host = host;
    notices->sock = sock;
    notices->first = NULL;
    notices->last = &notices->first;
    notices->count = 0;
    notices->is_open = false;
}

static void drop(struct tni_notices *notices, struct tni_notice *notice)
{
    notices->host->msg_close(&notice->id);
    notices->host->msg_close(&notice->body);
    notices->host->free(notice);
}

void tni_notices_fini(struct tni_notices *notices)
{
    while (notices->first) {
        struct tni_notice *notice = notices->first;

        notices->first = notice->next;
        drop(notices, notice);
    }
}

/* The frame as if the peer had sent it, with what is known of the peer. */
static int make_frame(const tn_host_t *host, tn_pipe_t *pipe, const tn_msg_t *from, tn_msg_t *to)
{
    tn_msg_t frame;
    int rc;

    tn_msg_borrow(&frame, tn_msg_bytes(from), tn_msg_length(from));
    frame.peer = host->pipe_peer(pipe);
    rc = host->msg_own(&frame);
    if (rc == 0)
        *to = frame;
    return rc;
}

static int fill(const tn_host_t *host, struct tni_notice *notice, tn_pipe_t *pipe,
                const tn_msg_t *id, const tn_msg_t *body)
{
    int rc = make_frame(host, pipe, body, &notice->body);

    if (rc || !id)
        return rc;
    notice->has_id = true;
    rc = make_frame(host, pipe, id, &notice->id);
    notice->id.flags = TN_MSG_MORE;
    return rc;
}

void tni_notices_add(struct tni_notices *notices, tn_pipe_t *pipe, const tn_msg_t *id,
                     tn_msg_t *body, uint32_t number)
{
    const tn_host_t *host = notices->host;
    struct tni_notice *notice = NULL;

    if (notices->count < TNI_NOTICES_MAX)
        notice = host->alloc(sizeof(*notice));
    if (!notice) {
        host->sock_drop(notices->sock, TN_DROP_UNREAD, 1);
        return;
    }
    tn_msg_clear(&notice->id);
    tn_msg_clear(&notice->body);
    if (fill(host, notice, pipe, id, body) != 0) {
        drop(notices, notice);
        host->sock_drop(notices->sock, TN_DROP_UNREAD, 1);
        return;
    }
    notice->body.routing_id = number;
    *notices->last = notice;
    notices->last = &notice->next;
    notices->count++;
}

void tni_notices_get(struct tni_notices *notices, tn_msg_t *out_msg)
{
    struct tni_notice *notice = notices->first;

    if (notice->has_id && !notices->is_open) {
        notices->is_open = true;
        *out_msg = notice->id;
        tn_msg_clear(&notice->id);
        return;
    }
    notices->is_open = false;
    *out_msg = notice->body;
    tn_msg_clear(&notice->body);
    notices->first = notice->next;
    if (!notices->first)
        notices->last = &notices->first;
    notices->count--;
    drop(notices, notice);
}
