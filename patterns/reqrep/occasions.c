#include "occasions.h"

#include <tenon/tenon.h>

void tni_occasions_init(struct tni_occasions *occasions, const tn_host_t *host, tn_sock_t *sock)
{
    int i;

    for (i = 0; i < TNI_OCCASIONS; i++)
        tn_msg_clear(&occasions->msg[i]);
    tni_notices_init(&occasions->notices, host, sock);
}

void tni_occasions_fini(struct tni_occasions *occasions)
{
    int i;

    for (i = 0; i < TNI_OCCASIONS; i++)
        occasions->notices.host->msg_close(&occasions->msg[i]);
    tni_notices_fini(&occasions->notices);
}

int tni_occasions_set(struct tni_occasions *occasions, enum tni_occasion occasion,
                      const tn_value_t *value)
{
    const tn_host_t *host = occasions->notices.host;
    tn_msg_t msg;
    int rc = host->msg_init_copy(&msg, value->data, value->size);

    if (rc)
        return rc;
    host->msg_close(&occasions->msg[occasion]);
    occasions->msg[occasion] = msg;
    return 0;
}

void tni_occasions_greet(struct tni_occasions *occasions, tn_pipe_t *pipe)
{
    const tn_host_t *host = occasions->notices.host;
    tn_msg_t hello;

    if (tn_msg_length(&occasions->msg[TNI_HELLO]) == 0)
        return;
    tn_msg_clear(&hello);
    if (host->msg_copy(&hello, &occasions->msg[TNI_HELLO]) != 0 ||
        host->pipe_write(pipe, &hello) != 0)
        host->sock_drop(occasions->notices.sock, TN_DROP_HWM, 1);
    host->msg_close(&hello);
}

void tni_occasions_lost(struct tni_occasions *occasions, tn_pipe_t *pipe, const tn_msg_t *id,
                        uint32_t number)
{
    const tn_host_t *host = occasions->notices.host;
    tn_msg_t *msg = &occasions->msg[host->pipe_is_outgoing(pipe) ? TNI_HICCUP : TNI_DISCONNECT];

    if (tn_msg_length(msg) > 0)
        tni_notices_add(&occasions->notices, pipe, id, msg, number);
}
