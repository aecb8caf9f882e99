#include "monitor_event.h"

#include <stdio.h>
#include <string.h>

void tnz_event_init(struct tnz_event *event, uint64_t number, uint64_t value)
{
    memset(event, 0, sizeof *event);
    event->number = number;
    event->values[0] = value;
    event->value_count = 1;
}

/* ------------------------------------------------------------------ translation */

static void put(char field[TNZ_URI_SIZE], const char *text)
{
    snprintf(field, TNZ_URI_SIZE, "%s", text);
}

static void bound(struct tnz_event *event, const char *local)
{
    event->is_bound = true;
    put(event->local, local);
}

static void unconnected(struct tnz_event *event, const tn_event_t *native)
{
    put(event->remote, native->endpoint);
}

static void connected(struct tnz_event *event, const tn_event_t *native)
{
    event->is_bound = native->is_accepted;
    if (native->is_accepted) {
        put(event->local, native->local[0] ? native->local : native->endpoint);
        put(event->remote, native->remote);
    } else {
        put(event->local, native->local);
        put(event->remote, native->endpoint);
    }
}

static uint64_t error_of(const tn_event_t *native)
{
    return (uint64_t)tnz_errno(native->error);
}

/* A descriptor, or what an int of -1 is there. */
static uint64_t fd_of(const tn_event_t *native)
{
    return (uint32_t)native->fd;
}

/* tn_fault. */
static const uint32_t protocol_errors[] = {
    [TN_FAULT_UNEXPECTED] = ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
    [TN_FAULT_SEQUENCE] = ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE,
    [TN_FAULT_KEY_EXCHANGE] = ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE,
    [TN_FAULT_COMMAND] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
    [TN_FAULT_MESSAGE] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE,
    [TN_FAULT_HELLO] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO,
    [TN_FAULT_INITIATE] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE,
    [TN_FAULT_ERROR] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR,
    [TN_FAULT_READY] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY,
    [TN_FAULT_WELCOME] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME,
    [TN_FAULT_METADATA] = ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA,
    [TN_FAULT_CRYPTOGRAPHIC] = ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
    [TN_FAULT_MECHANISM] = ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
    [TN_FAULT_ANSWER] = ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED,
    [TN_FAULT_ANSWER_MALFORMED] = ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY,
    [TN_FAULT_ANSWER_ID] = ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID,
    [TN_FAULT_ANSWER_VERSION] = ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION,
    [TN_FAULT_ANSWER_STATUS] = ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE,
    [TN_FAULT_ANSWER_METADATA] = ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA,
};

/* The peer was refused, and nobody said so: there is no authenticator. */
static bool has_nobody_to_ask(const tn_event_t *native)
{
    return native->error == -EACCES && native->is_accepted;
}

/* libzmq has no event for a peer that breaks the protocol in other ways, or does not fit, or refuses us
 * without a status: it tells of the lost connection alone. */
static bool is_silent(int code)
{
    return code == -EPROTO || code == -TN_ENOCOMPAT || code == -EMSGSIZE || code == -EACCES ||
           code == -ECONNREFUSED;
}

/* The failure, and the lost connection that it leads to. To libzmq a raw connection is one whose handshake
 * is never done. */
static unsigned lost(const tn_event_t *native, bool is_raw, struct tnz_event *out_events)
{
    struct tnz_event *event = out_events;
    int64_t fault = native->value;

    if (fault > 0 && (size_t)fault < sizeof protocol_errors / sizeof protocol_errors[0])
        tnz_event_init(event++, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, protocol_errors[fault]);
    else if (fault > 0)
        tnz_event_init(event++, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, (uint64_t)fault);
    else if (native->kind == TN_EVENT_HANDSHAKE_FAILED && has_nobody_to_ask(native))
        tnz_event_init(event++, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EFAULT);
    else if (is_raw || (native->kind == TN_EVENT_HANDSHAKE_FAILED && !is_silent(native->error)))
        tnz_event_init(event++, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, error_of(native));
    tnz_event_init(event++, ZMQ_EVENT_DISCONNECTED, fd_of(native));
    for (struct tnz_event *each = out_events; each < event; each++)
        connected(each, native);
    return (unsigned)(event - out_events);
}

/* libzmq closes the descriptor first, which has a name yet only where the address is a path. */
static unsigned bind_failed(const tn_event_t *native, struct tnz_event *out_events)
{
    const char *address = strstr(native->endpoint, "://");

    tnz_event_init(&out_events[0], ZMQ_EVENT_CLOSED, fd_of(native));
    bound(&out_events[0], strncmp(native->endpoint, "ipc:", 4) == 0 ? native->endpoint : "");
    tnz_event_init(&out_events[1], ZMQ_EVENT_BIND_FAILED, error_of(native));
    bound(&out_events[1], address ? address + 3 : native->endpoint);
    return 2;
}

unsigned tnz_event_translate(const tn_event_t *native, bool is_raw, struct tnz_event *out_events)
{
    struct tnz_event *event = &out_events[0];

    switch (native->kind) {
    case TN_EVENT_LISTENING:
        tnz_event_init(event, ZMQ_EVENT_LISTENING, fd_of(native));
        bound(event, native->endpoint);
        return 1;
    case TN_EVENT_BIND_FAILED:
        return bind_failed(native, out_events);
    case TN_EVENT_ACCEPTED:
        tnz_event_init(event, ZMQ_EVENT_ACCEPTED, fd_of(native));
        connected(event, native);
        return 1;
    case TN_EVENT_ACCEPT_FAILED:
        tnz_event_init(event, ZMQ_EVENT_ACCEPT_FAILED, error_of(native));
        bound(event, native->endpoint);
        return 1;
    case TN_EVENT_CONNECT_DELAYED:
        tnz_event_init(event, ZMQ_EVENT_CONNECT_DELAYED, EINPROGRESS);
        unconnected(event, native);
        return 1;
    case TN_EVENT_CONNECT_FAILED:
        tnz_event_init(event, ZMQ_EVENT_CLOSED, fd_of(native));
        unconnected(event, native);
        return native->fd >= 0;
    case TN_EVENT_CONNECT_RETRIED:
        tnz_event_init(event, ZMQ_EVENT_CONNECT_RETRIED, (uint64_t)native->value);
        unconnected(event, native);
        return 1;
    case TN_EVENT_CONNECTED:
        tnz_event_init(event, ZMQ_EVENT_CONNECTED, fd_of(native));
        connected(event, native);
        return 1;
    case TN_EVENT_HANDSHAKE_SUCCEEDED:
        tnz_event_init(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        connected(event, native);
        return 1;
    case TN_EVENT_HANDSHAKE_FAILED:
    case TN_EVENT_DISCONNECTED:
        return lost(native, is_raw, out_events);
    case TN_EVENT_CLOSED:
        tnz_event_init(event, ZMQ_EVENT_CLOSED, fd_of(native));
        bound(event, native->endpoint);
        return 1;
    case TN_EVENT_CLOSE_FAILED:
        tnz_event_init(event, ZMQ_EVENT_CLOSE_FAILED, error_of(native));
        bound(event, native->endpoint);
        return 1;
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ messages */

enum { PARTS_MAX = 4 + TNZ_VALUES_MAX };

struct parts {
    tn_msg_t msgs[PARTS_MAX];
    size_t count;
    int rc;
};

static void add(struct parts *parts, const void *data, size_t size)
{
    tn_msg_t *msg = &parts->msgs[parts->count++];
    int rc = tn_msg_init_copy(msg, data, size);

    if (rc < 0) {
        tn_msg_init(msg);
        parts->rc = rc;
    }
}

static void add_version_1(struct parts *parts, const struct tnz_event *event)
{
    const char *name = event->is_bound ? event->local : event->remote;
    uint16_t number = (uint16_t)event->number;
    uint32_t value = (uint32_t)event->values[0];
    uint8_t head[sizeof number + sizeof value];

    memcpy(head, &number, sizeof number);
    memcpy(head + sizeof number, &value, sizeof value);
    add(parts, head, sizeof head);
    add(parts, name, strlen(name));
}

static void add_version_2(struct parts *parts, const struct tnz_event *event)
{
    uint64_t count = event->value_count;

    add(parts, &event->number, sizeof event->number);
    add(parts, &count, sizeof count);
    for (unsigned i = 0; i < event->value_count; i++)
        add(parts, &event->values[i], sizeof event->values[i]);
    add(parts, event->local, strlen(event->local));
    add(parts, event->remote, strlen(event->remote));
}

int tnz_event_send(const struct tnz_event *event, tn_socket_t *socket, int version)
{
    struct parts parts = {.count = 0};

    if (version == 1)
        add_version_1(&parts, event);
    else
        add_version_2(&parts, event);
    if (parts.rc == 0)
        parts.rc = tn_send_parts(socket, parts.msgs, parts.count, TN_DONTWAIT);
    for (size_t i = 0; parts.rc < 0 && i < parts.count; i++)
        tn_msg_close(&parts.msgs[i]);
    return parts.rc;
}
