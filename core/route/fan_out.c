#include "route/fan_out.h"

#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/clock.h"
#include "base/copy.h"
#include "message/body.h"
#include "pipe/pipe.h"
#include "zmtp/frame.h"

/* From this size on a counted body is shared; below, copying its bytes into a pipe costs less than
 * counting the users of a body that several threads then release. */
#define SHARE_FROM 1024

enum {
    RUN_ROOM = 64 * 1024,
    GATHERED_MAX = 4 * 1024, /* a longer message goes out by itself */
    PAUSE_NS = 50 * 1000, /* a message after that long is not one of a stream */
    REFER_FROM = 1024, /* a run of as many bytes is cheaper to refer to than to copy */
    ROOM_MAX = 4096, /* messages */
};

void tni_fan_out_init(struct tni_fan_out *fan, _Atomic(uint64_t) *dropped)
{
    tni_link_init(&fan->idle);
    tni_link_init(&fan->marked);
    tni_link_init(&fan->lagging);
    fan->is_sending = fan->is_kept = fan->is_stale = fan->is_repeated = false;
    fan->dropped = dropped;
    fan->run = NULL;
    fan->begin = fan->end = fan->bytes = 0;
    atomic_init(&fan->gathered, 0);
    fan->last_ns = 0;
    fan->give = NULL;
}

static unsigned gathered(const struct tni_fan_out *fan)
{
    return atomic_load_explicit(&fan->gathered, memory_order_relaxed);
}

void tni_fan_out_shrink(struct tni_fan_out *fan)
{
    if (gathered(fan) > 0)
        return;
    tni_body_unref(fan->run);
    fan->run = NULL;
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
    fan->is_stale = true;
    tni_list_append(&fan->idle, &node->link);
}

void tni_fan_out_remove(struct tni_fan_out *fan, struct tni_fan_out_node *node)
{
    if (!node->is_member)
        return;
    tni_fan_out_flush(fan);
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

/* Marks of a message that is through are no others'. */
static void forget_marks(struct tni_fan_out *fan)
{
    if (!fan->is_kept)
        return;
    tni_fan_out_flush(fan);
    move_all(&fan->idle, &fan->marked);
    fan->is_kept = false;
}

bool tni_fan_out_repeat(struct tni_fan_out *fan)
{
    if (!fan->is_kept || fan->is_stale)
        return false;
    fan->is_kept = false;
    fan->is_repeated = true;
    return true;
}

void tni_fan_out_match(struct tni_fan_out *fan, struct tni_fan_out_node *node)
{
    if (fan->is_sending || !node->is_member)
        return;
    forget_marks(fan);
    move(&fan->marked, &node->link);
}

void tni_fan_out_match_all(struct tni_fan_out *fan)
{
    if (fan->is_sending)
        return;
    forget_marks(fan);
    move_all(&fan->marked, &fan->idle);
}

void tni_fan_out_invert(struct tni_fan_out *fan)
{
    struct tni_link kept;

    if (fan->is_sending)
        return;
    forget_marks(fan);
    tni_link_init(&kept);
    move_all(&kept, &fan->marked);
    move_all(&fan->marked, &fan->idle);
    move_all(&fan->idle, &kept);
}

static bool has_room(const struct tni_fan_out *fan)
{
    return gathered(fan) > 0 && gathered(fan) < fan->room && tni_list_is_empty(&fan->lagging);
}

bool tni_fan_out_can_send(struct tni_fan_out *fan)
{
    if (fan->is_sending || (fan->is_repeated && has_room(fan)))
        return true;
    forget_marks(fan);
    tni_fan_out_flush(fan);
    tni_list_each (link, &fan->marked) {
        if (!tni_pipe_can_write(tni_container(link, struct tni_fan_out_node, link)->pipe)) {
            move_all(&fan->idle, &fan->marked);
            fan->is_repeated = false;
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ gathering */

static void drop(struct tni_fan_out *fan, struct tn_pipe *pipe, int reason, unsigned messages)
{
    atomic_fetch_add_explicit(&fan->dropped[reason], messages, memory_order_relaxed);
    tni_pipe_note_drops(pipe, messages);
}

static void give_run(struct tni_fan_out *fan, unsigned messages)
{
    struct tni_pipe_run run = {.data = fan->run->data + fan->begin,
                               .size = fan->end - fan->begin,
                               .bytes = fan->bytes,
                               .messages = messages};

    if (run.size >= REFER_FROM) {
        /* relaxed: as tni_body_ref; one step for all. */
        atomic_fetch_add_explicit(&fan->run->refs, fan->takers, memory_order_relaxed);
        run.body = fan->run;
    }
    tni_list_each (link, &fan->marked) {
        struct tn_pipe *pipe = tni_container(link, struct tni_fan_out_node, link)->pipe;
        if (tni_pipe_write_run(pipe, &run) == 0)
            continue;
        tni_body_unref(run.body);
        drop(fan, pipe, TN_DROP_PEER_LOST, messages);
    }
}

static void give(struct tni_fan_out *fan)
{
    unsigned messages = gathered(fan);

    fan->give = NULL;
    atomic_store_explicit(&fan->gathered, 0, memory_order_relaxed);
    give_run(fan, messages);
    tni_list_each (link, &fan->lagging)
        drop(fan, tni_container(link, struct tni_fan_out_node, link)->pipe, TN_DROP_HWM, messages);
    move_all(&fan->marked, &fan->lagging);
    fan->begin = fan->end;
    fan->bytes = 0;
}

static bool has_paused(struct tni_fan_out *fan)
{
    uint64_t now = tni_clock_ns(), before = fan->last_ns;

    fan->last_ns = now;
    return now > before + PAUSE_NS;
}

static bool has_several(const struct tni_link *list)
{
    return list->next != list->prev;
}

/* Finds out how much the marked pipes take. False: they are not such as get runs. */
static bool begin_gathering(struct tni_fan_out *fan)
{
    fan->room = ROOM_MAX;
    fan->takers = 0;
    tni_list_each_safe (link, &fan->marked) {
        struct tn_pipe *pipe = tni_container(link, struct tni_fan_out_node, link)->pipe;
        int room = tni_pipe_run_room(pipe, ROOM_MAX);
        if (room < 0) {
            move_all(&fan->marked, &fan->lagging);
            return false;
        }
        if (room == 0) {
            move(&fan->lagging, link);
            continue;
        }
        fan->takers++;
        if ((unsigned)room < fan->room)
            fan->room = (unsigned)room;
    }
    return true;
}

static bool make_room(struct tni_fan_out *fan, size_t size)
{
    if (fan->run && fan->end + TNI_FRAME_HEADER_MAX + size <= RUN_ROOM)
        return true;
    tni_fan_out_flush(fan);
    tni_body_unref(fan->run);
    fan->run = tni_body_new(RUN_ROOM);
    fan->begin = fan->end = 0;
    return fan->run;
}

/* Adds a message to the run. False: it must go out by itself. */
static bool gather(struct tni_fan_out *fan, const tn_msg_t *msg)
{
    size_t size = tn_msg_length(msg);

    if (!fan->is_repeated || (msg->flags & TN_MSG_MORE) || size > GATHERED_MAX)
        return false;
    if (gathered(fan) == fan->room)
        tni_fan_out_flush(fan);
    if (gathered(fan) == 0 && !has_several(&fan->marked))
        return false;
    if (!make_room(fan, size))
        return false;
    if (gathered(fan) == 0 && (has_paused(fan) || !begin_gathering(fan)))
        return false;
    fan->end += (size_t)tni_frame_encode(fan->run->data + fan->end, 0, size);
    tni_copy(fan->run->data + fan->end, tn_msg_bytes(msg), size);
    fan->end += size;
    fan->bytes += size;
    fan->give = give;
    atomic_store_explicit(&fan->gathered, gathered(fan) + 1, memory_order_relaxed);
    return true;
}

/* ------------------------------------------------------------------ sending */

/* `rc` is what the pipe answered; a pipe that did not take the frame misses the whole message. One that is
 * full is marked again after it: it costs the others nothing that the next message finds the marks as they
 * were. */
static void settle(struct tni_fan_out *fan, struct tni_fan_out_node *node, int rc)
{
    if (rc == 0)
        return;
    if (fan->is_sending)
        tni_pipe_rollback(node->pipe);
    drop(fan, node->pipe, rc == -EAGAIN ? TN_DROP_HWM : TN_DROP_PEER_LOST, 1);
    if (rc == -EAGAIN) {
        move(&fan->lagging, &node->link);
        return;
    }
    move(&fan->idle, &node->link);
    fan->is_stale = true;
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

    forget_marks(fan);
    if (!gather(fan, msg)) {
        tni_fan_out_flush(fan);
        fan->is_stale = fan->is_sending && fan->is_stale;
        if (msg->type == TN_MSG_COUNTED && tn_msg_length(msg) >= SHARE_FROM)
            send_shared(fan, msg);
        else
            send_bytes(fan, msg);
        if (!has_more)
            move_all(&fan->marked, &fan->lagging);
    }
    tn_msg_close(msg);
    tn_msg_clear(msg);
    fan->is_sending = has_more;
    fan->is_kept = !has_more;
    fan->is_repeated = false;
    return 0;
}
