#include "route/fan_out.h"

#include <errno.h>

#include <tenon/tenon.h>

#include "pipe/pipe.h"

/* From this size on a counted body is shared; below, copying its bytes into a pipe costs less than
 * counting the users of a body that several threads then release. */
#define SHARE_FROM 1024

void tni_fan_out_init(struct tni_fan_out *fan, _Atomic(uint64_t) *dropped)
{
    tni_link_init(&fan->idle);
    tni_link_init(&fan->marked);
    fan->is_sending = false;
    fan->dropped = dropped;
}

void tni_fan_out_node_init(struct tni_fan_out_node *node, struct tn_pipe *pipe)
{
    tni_link_init(&node->link);
    node->pipe = pipe;
    node->is_member = false;
}

void tni_fan_out_add(struct tni_fan_out *fan, struct tni_fan_out_node *node)
{
    if (node->is_member)
        return;
    node->is_member = true;
    tni_list_append(&fan->idle, &node->link);
}

void tni_fan_out_remove(struct tni_fan_out *fan, struct tni_fan_out_node *node)
{
    (void)fan;
    if (!node->is_member)
        return;
    node->is_member = false;
    tni_link_remove(&node->link);
}

static void move(struct tni_link *to, struct tni_link *link)
{
    tni_link_remove(link);
    tni_list_append(to, link);
}

static void move_all(struct tni_link *to, struct tni_link *from)
{
    if (tni_list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    tni_link_init(from);
}

void tni_fan_out_match(struct tni_fan_out *fan, struct tni_fan_out_node *node)
{
    if (!fan->is_sending && node->is_member)
        move(&fan->marked, &node->link);
}

void tni_fan_out_match_all(struct tni_fan_out *fan)
{
    if (!fan->is_sending)
        move_all(&fan->marked, &fan->idle);
}

void tni_fan_out_invert(struct tni_fan_out *fan)
{
    struct tni_link kept;

    if (fan->is_sending)
        return;
    tni_link_init(&kept);
    move_all(&kept, &fan->marked);
    move_all(&fan->marked, &fan->idle);
    move_all(&fan->idle, &kept);
}

bool tni_fan_out_can_send(struct tni_fan_out *fan)
{
    if (fan->is_sending)
        return true;
    tni_list_each (link, &fan->marked) {
        if (!tni_pipe_can_write(tni_container(link, struct tni_fan_out_node, link)->pipe)) {
            move_all(&fan->idle, &fan->marked);
            return false;
        }
    }
    return true;
}

/* `rc` is what the pipe answered; a pipe that did not take the frame misses the whole message. */
static void settle(struct tni_fan_out *fan, struct tni_fan_out_node *node, int rc)
{
    if (rc == 0)
        return;
    if (fan->is_sending)
        tni_pipe_rollback(node->pipe);
    atomic_fetch_add_explicit(&fan->dropped[rc == -EAGAIN ? TN_DROP_HWM : TN_DROP_PEER_LOST], 1,
                              memory_order_relaxed);
    tni_pipe_note_drop(node->pipe);
    move(&fan->idle, &node->link);
}

static void send_bytes(struct tni_fan_out *fan, const tn_msg_t *msg)
{
    tni_list_each_safe (link, &fan->marked) {
        struct tni_fan_out_node *node = tni_container(link, struct tni_fan_out_node, link);
        tn_msg_t view;

        tn_msg_borrow(&view, tn_msg_bytes(msg), tn_msg_length(msg));
        view.flags = msg->flags;
        settle(fan, node, tni_pipe_write(node->pipe, &view));
    }
}

static void send_shared(struct tni_fan_out *fan, tn_msg_t *msg)
{
    tni_list_each_safe (link, &fan->marked) {
        struct tni_fan_out_node *node = tni_container(link, struct tni_fan_out_node, link);
        tn_msg_t share;
        int rc;

        if (link_next == &fan->marked) {
            settle(fan, node, tni_pipe_write(node->pipe, msg));
            return;
        }
        tn_msg_clear(&share);
        rc = tn_msg_copy(&share, msg);
        if (rc == 0)
            rc = tni_pipe_write(node->pipe, &share);
        settle(fan, node, rc);
        tn_msg_close(&share);
    }
}

int tni_fan_out_send(struct tni_fan_out *fan, tn_msg_t *msg)
{
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;

    if (msg->type == TN_MSG_COUNTED && tn_msg_length(msg) >= SHARE_FROM)
        send_shared(fan, msg);
    else
        send_bytes(fan, msg);
    tn_msg_close(msg);
    tn_msg_clear(msg);
    fan->is_sending = has_more;
    if (!has_more)
        move_all(&fan->idle, &fan->marked);
    return 0;
}
