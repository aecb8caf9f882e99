#include "monitor/monitor.h"

#include <string.h>

void tni_event_init(tn_event_t *event, uint32_t kind)
{
    memset(event, 0, sizeof *event);
    event->kind = kind;
    event->fd = -1;
}

void tni_event_text(char *field, size_t room, const char *text)
{
    size_t size = text ? strnlen(text, room - 1) : 0;

    if (size > 0)
        memcpy(field, text, size);
    field[size] = '\0';
}

const char *tn_event_name(uint32_t kind)
{
    static const struct {
        uint32_t kind;
        const char *name;
    } names[] = {
        {TN_EVENT_LISTENING, "listening"},
        {TN_EVENT_BIND_FAILED, "bind_failed"},
        {TN_EVENT_ACCEPTED, "accepted"},
        {TN_EVENT_ACCEPT_FAILED, "accept_failed"},
        {TN_EVENT_CONNECT_DELAYED, "connect_delayed"},
        {TN_EVENT_CONNECT_RETRIED, "connect_retried"},
        {TN_EVENT_CONNECTED, "connected"},
        {TN_EVENT_HANDSHAKE_SUCCEEDED, "handshake_succeeded"},
        {TN_EVENT_HANDSHAKE_FAILED, "handshake_failed"},
        {TN_EVENT_DISCONNECTED, "disconnected"},
        {TN_EVENT_CLOSED, "closed"},
        {TN_EVENT_CLOSE_FAILED, "close_failed"},
        {TN_EVENT_STOPPED, "stopped"},
        {TN_EVENT_OVERFLOW, "overflow"},
        {TN_EVENT_CONNECT_FAILED, "connect_failed"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].kind == kind)
            return names[i].name;
    }
    return "unknown";
}
