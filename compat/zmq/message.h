/*
 * message.h: a zmq_msg_t seen as the native message that it is.
 */
#ifndef TNZ_MESSAGE_H
#define TNZ_MESSAGE_H

#include "dropin.h"

/** `mark` of a message whose body has, or had, other users, or is never freed. */
enum { TNZ_SHARED = 1 };

static inline tn_msg_t *tnz_msg(zmq_msg_t *msg)
{
    return (tn_msg_t *)(void *)msg;
}

static inline const tn_msg_t *tnz_const_msg(const zmq_msg_t *msg)
{
    return (const tn_msg_t *)(const void *)msg;
}

/** Whether the message was made and not closed since. */
static inline bool tnz_msg_is_valid(const zmq_msg_t *msg)
{
    unsigned type = msg ? tnz_const_msg(msg)->type : 0;

    return type == TN_MSG_SHORT || type == TN_MSG_COUNTED;
}

#endif
