#include "message/message.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message/group.h"
#include "message/spare.h"

static int no_memory(size_t size)
{
    return tni_fail(-ENOMEM, "no memory for a message body of %zu bytes", size);
}

static int bad_message(const char *function)
{
    return tni_fail(-EINVAL, "%s: the message or its data is NULL", function);
}

void tn_msg_init(tn_msg_t *msg)
{
    if (msg)
        tn_msg_clear(msg);
}

int tn_msg_init_size(tn_msg_t *msg, size_t size)
{
    struct tn_body *body;

    if (!msg)
        return bad_message("tn_msg_init_size");
    tn_msg_clear(msg);
    if (size <= TN_MSG_INLINE) {
        msg->size = (uint8_t)size;
        return 0;
    }
    body = tni_body_new(size);
    if (!body)
        return no_memory(size);
    tni_msg_take_body(msg, body, body->data, size);
    return 0;
}

int tn_msg_init_copy(tn_msg_t *msg, const void *data, size_t size)
{
    int status;

    if (!msg || (!data && size > 0))
        return bad_message("tn_msg_init_copy");
    status = tn_msg_init_size(msg, size);
    if (status == 0 && size > 0)
        memcpy(tn_msg_data(msg), data, size);
    return status;
}

int tn_msg_init_data(tn_msg_t *msg, void *data, size_t size, tn_free_fn free_fn, void *hint)
{
    struct tn_body *body;

    if (!msg || (!data && size > 0))
        return bad_message("tn_msg_init_data");
    tn_msg_clear(msg);
    body = tni_body_wrap(data, size, free_fn, hint);
    if (!body)
        return no_memory(size);
    /* Never NULL, so that an empty body may be handed to memcpy(). */
    tni_msg_take_body(msg, body, data ? data : body->own_bytes, size);
    return 0;
}

void tn_msg_close(tn_msg_t *msg)
{
    if (!msg)
        return;
    if (msg->type == TN_MSG_COUNTED)
        tni_body_unref(msg->u.ref.owner);
    if (msg->peer && msg->type != TN_MSG_BORROWED)
        tni_peer_give(msg->peer);
    tni_group_unref(msg->group);
    tn_msg_clear(msg);
}

void tn_msg_move(tn_msg_t *to, tn_msg_t *from)
{
    tn_msg_t moved;

    if (!to || !from || to == from)
        return;
    moved = *from;
    tn_msg_clear(from);
    tn_msg_close(to);
    *to = moved;
}

int tn_msg_copy(tn_msg_t *to, tn_msg_t *from)
{
    tn_msg_t copy;
    int status;

    if (!to || !from)
        return bad_message("tn_msg_copy");
    if (to == from)
        return 0;
    status = tni_msg_own(from);
    if (status < 0)
        return status;
    copy = *from;
    if (copy.type == TN_MSG_COUNTED)
        tni_body_ref(copy.u.ref.owner);
    if (copy.peer)
        tni_peer_take(copy.peer);
    if (copy.group)
        tni_group_ref(copy.group);
    tn_msg_close(to);
    *to = copy;
    return 0;
}

void *tn_msg_data(tn_msg_t *msg)
{
    if (!msg)
        return NULL;
    return msg->type == TN_MSG_SHORT ? msg->u.bytes : (void *)(uintptr_t)msg->u.ref.data;
}

size_t tn_msg_size(const tn_msg_t *msg)
{
    return msg ? tn_msg_length(msg) : 0;
}

bool tn_msg_more(const tn_msg_t *msg)
{
    return msg && (msg->flags & TN_MSG_MORE) != 0;
}

void tn_msg_set_more(tn_msg_t *msg, bool more)
{
    if (!msg)
        return;
    if (more)
        msg->flags |= TN_MSG_MORE;
    else
        msg->flags &= (uint8_t)~TN_MSG_MORE;
}

uint32_t tn_msg_routing_id(const tn_msg_t *msg)
{
    return msg ? msg->routing_id : 0;
}

int tn_msg_set_routing_id(tn_msg_t *msg, uint32_t routing_id)
{
    if (!msg || routing_id == 0)
        return tni_fail(-EINVAL, "tn_msg_set_routing_id: %s",
                        msg ? "no peer has the routing id 0" : "the message is NULL");
    msg->routing_id = routing_id;
    return 0;
}

const char *tn_msg_group(const tn_msg_t *msg)
{
    return msg && msg->group ? msg->group : "";
}

int tn_msg_set_group(tn_msg_t *msg, const char *group)
{
    size_t size;
    char *text;

    if (!msg || !group)
        return bad_message("tn_msg_set_group");
    size = strlen(group);
    if (size > TN_GROUP_MAX)
        return tni_fail(-EINVAL, "a group of %zu bytes is too long: %d are allowed", size,
                        TN_GROUP_MAX);
    text = tni_group_new(group, size);
    if (!text)
        return -ENOMEM;
    tni_group_unref(msg->group);
    msg->group = text;
    return 0;
}

const char *tn_msg_property(const tn_msg_t *msg, const char *name)
{
    return msg && msg->peer && name ? tni_peer_info_property(msg->peer, name) : NULL;
}

uint64_t tn_msg_connection(const tn_msg_t *msg)
{
    return msg && msg->peer ? msg->peer->connection : 0;
}

int tn_msg_fd(const tn_msg_t *msg)
{
    return msg && msg->peer ? msg->peer->fd : -1;
}

/* What the message borrowed until now it counts from here on. */
static void keep_peer(tn_msg_t *msg)
{
    if (msg->peer)
        tni_peer_take(msg->peer);
}

int tni_msg_own(tn_msg_t *msg)
{
    const uint8_t *data = msg->u.ref.data;
    size_t size = (size_t)msg->u.ref.size;
    struct tn_body *body;

    if (msg->type != TN_MSG_BORROWED)
        return 0;
    if (size <= TN_MSG_INLINE) {
        msg->type = TN_MSG_SHORT;
        msg->size = (uint8_t)size;
        if (size > 0)
            memmove(msg->u.bytes, data, size);
        keep_peer(msg);
        return 0;
    }
    if (msg->u.ref.owner) {
        tni_body_ref(msg->u.ref.owner);
        msg->type = TN_MSG_COUNTED;
        keep_peer(msg);
        return 0;
    }
    body = tni_body_new(size);
    if (!body)
        return no_memory(size);
    memcpy(body->data, data, size);
    msg->type = TN_MSG_COUNTED;
    msg->u.ref.data = body->data;
    msg->u.ref.owner = body;
    keep_peer(msg);
    return 0;
}

void tni_msg_take_body(tn_msg_t *msg, struct tn_body *body, const uint8_t *data, size_t size)
{
    tn_msg_clear(msg);
    msg->type = TN_MSG_COUNTED;
    msg->u.ref.data = data;
    msg->u.ref.size = size;
    msg->u.ref.owner = body;
}

void tni_msg_set_peer(tn_msg_t *msg, struct tn_peer_info *peer)
{
    struct tn_peer_info *old = msg->peer;

    msg->peer = peer;
    if (peer)
        tni_peer_take(peer);
    if (old)
        tni_peer_give(old);
}

void tni_msg_share_group(tn_msg_t *msg, char *group)
{
    tni_group_unref(msg->group);
    msg->group = group ? tni_group_ref(group) : NULL;
}
