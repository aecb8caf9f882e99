/*
 * slot.c: a chain that conflates: its producer leaves the newest message in a slot, its consumer fetches
 * it from there into the chain, whose only user it then is.
 */
#include "message/message.h"
#include "pipe/chunk.h"

int tni_slot_write(struct tni_chain *chain, tn_msg_t *msg)
{
    struct tni_slot *slot = chain->slot;
    int rc = 0;
    tn_msg_t old;

    if (msg->flags & TN_MSG_MORE) {
        tn_msg_close(msg);
        return 0;
    }
    rc = tni_msg_own(msg);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&slot->lock);
    old = slot->message;
    slot->message = *msg;
    slot->is_full = true;
    pthread_mutex_unlock(&slot->lock);
    tn_msg_clear(msg);
    tn_msg_close(&old);
    return 0;
}

void tni_slot_take(struct tni_chain *chain)
{
    struct tni_slot *slot = chain->slot;

    pthread_mutex_lock(&slot->lock);
    if (slot->is_full) {
        /* Without memory it stays where it is and is asked for again. */
        slot->is_full = tni_chain_write_frame(chain, &slot->message) < 0;
        if (!slot->is_full)
            tn_msg_close(&slot->message);
    }
    pthread_mutex_unlock(&slot->lock);
}
