#include "dgram.h"

#include <errno.h>
#include <stdbool.h>

#include <tenon/tenon.h>

struct dgram {
    const tn_host_t *host;
    tn_pipe_t *pipe;
    bool has_address; /* of the message that is being sent */
};

static int dgram_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct dgram *dgram = state;

    (void)sock;
    dgram->host = host;
    return 0;
}

static void dgram_close(void *state)
{
    (void)state;
}

static int dgram_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dgram *dgram = state;

    (void)pipe_state;
    if (dgram->pipe)
        return dgram->host->set_error(dgram->host, -EBUSY,
                                      "a DGRAM socket has one bind: unbind that first");
    dgram->pipe = pipe;
    return 0;
}

static void dgram_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dgram *dgram = state;

    (void)pipe;
    (void)pipe_state;
    dgram->pipe = NULL;
}

/* An address whose body finds no pipe any more is forgotten with it. */
static int dgram_send(void *state, tn_msg_t *msg)
{
    struct dgram *dgram = state;
    const tn_host_t *host = dgram->host;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc;

    if (has_more == dgram->has_address)
        return host->set_error(host, -EINVAL,
                               "a DGRAM sends messages of two frames, an address and a body");
    rc = dgram->pipe ? host->pipe_write(dgram->pipe, msg) : -EAGAIN;
    if (rc == -EPIPE)
        rc = -EAGAIN;
    if (rc == -EAGAIN && !has_more) {
        host->msg_close(msg);
        rc = 0;
    }
    dgram->has_address = rc == 0 && has_more;
    return rc;
}

static int dgram_recv(void *state, tn_msg_t *out_msg)
{
    struct dgram *dgram = state;

    return dgram->pipe ? dgram->host->pipe_read(dgram->pipe, out_msg) : -EAGAIN;
}

static unsigned dgram_poll(void *state)
{
    struct dgram *dgram = state;
    const tn_host_t *host = dgram->host;

    if (!dgram->pipe)
        return 0;
    return (host->pipe_can_read(dgram->pipe) ? TN_POLLIN : 0u) |
           (dgram->has_address || host->pipe_can_write(dgram->pipe) ? TN_POLLOUT : 0u);
}

static const char *const peers[] = {"DGRAM", NULL};

const tn_pattern_ops_t tni_dgram_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_BINDS_DATAGRAMS |
             TN_PATTERN_ADDRESSES_DATAGRAMS,
    .wire_name = "DGRAM",
    .peers = peers,
    .socket_state = sizeof(struct dgram),
    .open = dgram_open,
    .close = dgram_close,
    .attach = dgram_attach,
    .detach = dgram_detach,
    .send = dgram_send,
    .recv = dgram_recv,
    .poll = dgram_poll,
};
