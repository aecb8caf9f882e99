#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "session/inbound.h"
#include "zmtp/command.h"

static int deliver_request(struct tni_session *session, const struct tni_command_view *view,
                           uint32_t needed)
{
    tn_msg_t msg;
    int rc;

    if (!(session->config->pattern->flags & needed))
        return 0;
    rc = tni_limit_request(session, view->size);
    if (rc < 0)
        return rc;
    tn_msg_borrow(&msg, view->data, view->size);
    msg.flags = tni_command_flags(view->kind);
    return tni_chain_write(tni_session_in(session), &msg);
}

static int on_ping(struct tni_session *session, const struct tni_command_view *view)
{
    uint8_t body[TNI_PING_SIZE_MAX];
    struct tni_ping ping;
    ssize_t size;
    uint64_t now = tni_clock_ms();
    int rc = tni_command_parse_ping(view, &ping);

    if (rc < 0)
        return tni_fail(rc, "the peer sent a malformed PING");
    rc = tni_limit_ping(session, now);
    if (rc < 0)
        return rc;
    /* One answer waits at most: a flood of questions costs no memory. */
    size = tni_heartbeat_on_ping(&session->heartbeat, &ping, now, body, sizeof body);
    if (size < 0 || tni_buffer_left(&session->commands) > sizeof body)
        return size < 0 ? (int)size : 0;
    return tni_session_command(session, body, (size_t)size);
}

static int on_error(const struct tni_command_view *view)
{
    const char *reason = "";
    size_t size = 0;

    tni_command_parse_error(view, &reason, &size);
    return tni_fail(-EPROTO, "the peer sent ERROR: %.*s", (int)size, reason);
}

int tni_inbound_command(struct tni_session *session, const uint8_t *body, size_t size)
{
    struct tni_command_view view;
    int rc = tni_command_parse(body, size, &view);

    if (rc < 0)
        return tni_fail(rc, "the peer sent a malformed command");
    switch (view.kind) {
    case TNI_COMMAND_SUBSCRIBE:
    case TNI_COMMAND_CANCEL:
        return deliver_request(session, &view, TN_PATTERN_TAKES_SUBSCRIPTIONS);
    case TNI_COMMAND_JOIN:
    case TNI_COMMAND_LEAVE:
        return deliver_request(session, &view, TN_PATTERN_TAKES_GROUPS);
    case TNI_COMMAND_PING:
        return on_ping(session, &view);
    case TNI_COMMAND_ERROR:
        return on_error(&view);
    default:
        return 0; /* RFC 37: unknown ones are ignored */
    }
}
