/* The rules of tenon/pattern.h. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <tenon/pattern.h>

#include "rules.h"
#include "rules_host.h"

enum { CANARY = 0x5ca1ab1e, TABLE_1_0 = offsetof(tn_pattern_ops_t, delimited_to) };

/* Behind the state of each socket. */
struct tail {
    uint32_t canary;
    bool is_sending, is_receiving; /* in the middle of a message */
};

static const tn_pattern_ops_t *real;
static size_t tail_at, pipe_tail_at;

static struct tail *tail_of(void *state)
{
    return (struct tail *)((char *)state + tail_at);
}

/* What follows the state of a socket and of a pipe is the kit's. */
static void check_states(const char *op, void *state, void *pipe_state)
{
    uint32_t canary = CANARY;

    if (tail_of(state)->canary != CANARY)
        rules_break("%s wrote beyond the %u bytes of socket_state", op, real->socket_state);
    if (pipe_state) {
        memcpy(&canary, (char *)pipe_state + pipe_tail_at, sizeof canary);
        if (canary != CANARY)
            rules_break("%s wrote beyond the %u bytes of pipe_state", op, real->pipe_state);
    }
}

static int watched_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct rules_op op = rules_begin("open");
    int rc;

    tail_of(state)->canary = CANARY;
    rc = real->open(state, sock, rules_host_in_front_of(host));
    rules_end(&op);
    rules_check_code("open", rc);
    check_states("open", state, NULL);
    return rc;
}

static void watched_close(void *state)
{
    struct rules_op op = rules_begin("close");

    real->close(state);
    rules_end(&op);
    check_states("close", state, NULL);
}

static int watched_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct rules_op op = rules_begin("attach");
    uint32_t canary = CANARY;
    int rc;

    memcpy((char *)pipe_state + pipe_tail_at, &canary, sizeof canary);
    rules_host_attached(pipe);
    rc = real->attach(state, pipe, pipe_state);
    rules_end(&op);
    rules_check_code("attach", rc);
    check_states("attach", state, pipe_state);
    if (rc < 0)
        rules_host_detached(pipe);
    return rc;
}

static void watched_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct rules_op op = rules_begin("detach");

    real->detach(state, pipe, pipe_state);
    rules_end(&op);
    check_states("detach", state, pipe_state);
    rules_host_detached(pipe);
}

static int watched_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct rules_op op = rules_begin("connected");
    int rc = real->connected(state, pipe, pipe_state);

    rules_end(&op);
    rules_check_code("connected", rc);
    check_states("connected", state, pipe_state);
    return rc;
}

#define WATCHED_EVENT(name)                                                                        \
    static void watched_##name(void *state, tn_pipe_t *pipe, void *pipe_state)                     \
    {                                                                                              \
        struct rules_op op = rules_begin(#name);                                                   \
                                                                                                   \
        real->name(state, pipe, pipe_state);                                                       \
        rules_end(&op);                                                                            \
        check_states(#name, state, pipe_state);                                                    \
    }

WATCHED_EVENT(disconnected)
WATCHED_EVENT(readable)
WATCHED_EVENT(writable)

static int watched_send(void *state, tn_msg_t *msg)
{
    struct tail *tail = tail_of(state);
    bool has_more = msg->flags & TN_MSG_MORE;
    struct rules_op op = rules_begin("send");
    int rc = real->send(state, msg);

    rules_end(&op);
    rules_check_code("send", rc);
    check_states("send", state, NULL);
    if (rc > 1)
        rules_break("send returned %d; it returns 0, 1 or a negative code", rc);
    if (rc == -EAGAIN && tail->is_sending)
        rules_break(
            "send returned -EAGAIN in the middle of a message; a message is all or nothing: "
            "that is allowed at its first frame only");
    if (rc >= 0)
        tail->is_sending = rc == 0 && has_more;
    else if (rc != -EAGAIN)
        tail->is_sending = false;
    return rc;
}

static int watched_recv(void *state, tn_msg_t *out_msg)
{
    struct tail *tail = tail_of(state);
    struct rules_op op = rules_begin("recv");
    int rc = real->recv(state, out_msg);

    rules_end(&op);
    rules_check_code("recv", rc);
    check_states("recv", state, NULL);
    if (rc > 0)
        rules_break("recv returned %d; it returns 0 or a negative code", rc);
    if (rc == -EAGAIN && tail->is_receiving)
        rules_break("recv returned -EAGAIN in the middle of a message; its frames come without one "
                    "between them");
    if (rc == 0)
        tail->is_receiving = out_msg->flags & TN_MSG_MORE;
    return rc;
}

static unsigned watched_poll(void *state)
{
    struct rules_op op = rules_begin("poll");
    unsigned events = real->poll(state);

    rules_end(&op);
    check_states("poll", state, NULL);
    return events;
}

const tn_module_t *rules_watch_pattern(const tn_module_t *module, const tn_feature_t *feature)
{
    static tn_pattern_ops_t ops;

    real = feature->ops;
    if (real->size < TABLE_1_0) /* the core will refuse it, and say so */
        return module;
    memset(&ops, 0, sizeof ops);
    memcpy(&ops, real, real->size < sizeof ops ? real->size : sizeof ops);
    ops.size = sizeof ops;
    tail_at = (real->socket_state + 15u) & ~(size_t)15;
    pipe_tail_at = real->pipe_state;
    ops.socket_state = (uint32_t)(tail_at + sizeof(struct tail));
    ops.pipe_state = (uint32_t)(pipe_tail_at + sizeof(uint32_t));
    /* What the core may do without asking would not be seen. */
    ops.flags &= ~(uint32_t)(TN_PATTERN_BALANCES | TN_PATTERN_TAKES_TURNS);
    ops.delimited_to = NULL;
    ops.delimited_from = NULL;
    ops.delimited_done = NULL;
#define WATCH(op)                                                                                  \
    if (ops.op)                                                                                    \
    ops.op = watched_##op
    WATCH(open);
    WATCH(close);
    WATCH(attach);
    WATCH(detach);
    WATCH(connected);
    WATCH(disconnected);
    WATCH(readable);
    WATCH(writable);
    WATCH(send);
    WATCH(recv);
    WATCH(poll);
#undef WATCH
    return rules_host_know(module, rules_put_in(module, feature, &ops));
}
