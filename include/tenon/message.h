/*
 * tenon/message.h: the message object.
 *
 * A tn_msg_t is one frame of a message: 64 bytes whose layout is frozen. Bodies of up to
 * TN_MSG_INLINE bytes lie inside it, longer ones are reference counted. An object belongs to one
 * thread at a time; the bodies it refers to may be shared. The functions that make and end messages
 * are in tenon.h (for programs) and in the host table (for modules); this header holds the layout and
 * the readers that both use.
 */
#ifndef TENON_MESSAGE_H
#define TENON_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bodies up to this many bytes lie inside the object. */
#define TN_MSG_INLINE 40

/** What `type` says about where the body is. */
enum tn_msg_type {
    TN_MSG_SHORT = 101, /* inside the object                                            */
    TN_MSG_COUNTED = 102, /* `ref.owner` counts the users of the body                     */
    TN_MSG_BORROWED = 103, /* somebody else's memory, valid for the running call only      */
};

/** Bits of `flags`. */
enum tn_msg_flag {
    TN_MSG_MORE = 1, /* another frame of the same message follows                     */
    TN_MSG_SUBSCRIBE = 8, /* the body is a topic that the sender wants                     */
    TN_MSG_CANCEL = 16, /* the body is a topic that the sender no longer wants           */
    TN_MSG_JOIN = 32, /* the body is a group that the sender joins                     */
    TN_MSG_LEAVE = 64, /* the body is a group that the sender leaves                    */
    TN_MSG_REQUEST = TN_MSG_SUBSCRIBE | TN_MSG_CANCEL | TN_MSG_JOIN | TN_MSG_LEAVE,
};

typedef struct tn_msg {
    union {
        uint8_t bytes[TN_MSG_INLINE];
        struct {
            const uint8_t *data;
            uint64_t size;
            struct tn_body *owner; /* NULL: borrowed bytes that nobody counts */
        } ref;
    } u;
    struct tn_peer_info *peer; /* the connection it came from, or NULL; counted, except that a
                                * TN_MSG_BORROWED message borrows it too */
    char *group; /* RADIO and DISH, counted, or NULL                         */
    uint32_t routing_id; /* SERVER and PEER, 0 when there is none                    */
    uint8_t size; /* of a TN_MSG_SHORT body                                   */
    uint8_t type;
    uint8_t flags;
    uint8_t mark; /* the program's own: moves and copies keep it, sending ends it */
} tn_msg_t;

/** The body. Valid until the message is changed, sent or closed. */
static inline const uint8_t *tn_msg_bytes(const tn_msg_t *msg)
{
    return msg->type == TN_MSG_SHORT ? msg->u.bytes : msg->u.ref.data;
}

/** Length of the body in bytes. */
static inline size_t tn_msg_length(const tn_msg_t *msg)
{
    return msg->type == TN_MSG_SHORT ? msg->size : (size_t)msg->u.ref.size;
}

/** An empty message, without a call into the library. */
static inline void tn_msg_clear(tn_msg_t *msg)
{
    msg->peer = NULL;
    msg->group = NULL;
    msg->routing_id = 0;
    msg->size = 0;
    msg->type = TN_MSG_SHORT;
    msg->flags = 0;
    msg->mark = 0;
}

/** Makes `msg` refer to bytes that stay the caller's. */
static inline void tn_msg_borrow(tn_msg_t *msg, const void *data, size_t size)
{
    tn_msg_clear(msg);
    msg->type = TN_MSG_BORROWED;
    msg->u.ref.data = (const uint8_t *)data;
    msg->u.ref.size = size;
    msg->u.ref.owner = NULL;
}

#ifdef __cplusplus
}
#endif
#endif
