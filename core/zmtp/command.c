#include "zmtp/command.h"

#include <errno.h>
#include <string.h>

#include <tenon/message.h>

static const struct {
    const char *name;
    uint8_t size;
} names[] = {
    [TNI_COMMAND_UNKNOWN] = {"", 0},      [TNI_COMMAND_PING] = {"PING", 4},
    [TNI_COMMAND_PONG] = {"PONG", 4},     [TNI_COMMAND_SUBSCRIBE] = {"SUBSCRIBE", 9},
    [TNI_COMMAND_CANCEL] = {"CANCEL", 6}, [TNI_COMMAND_JOIN] = {"JOIN", 4},
    [TNI_COMMAND_LEAVE] = {"LEAVE", 5},   [TNI_COMMAND_READY] = {"READY", 5},
    [TNI_COMMAND_ERROR] = {"ERROR", 5},
};

static const struct {
    enum tni_command kind;
    uint8_t flag;
} requests[] = {
    {TNI_COMMAND_SUBSCRIBE, TN_MSG_SUBSCRIBE},
    {TNI_COMMAND_CANCEL, TN_MSG_CANCEL},
    {TNI_COMMAND_JOIN, TN_MSG_JOIN},
    {TNI_COMMAND_LEAVE, TN_MSG_LEAVE},
};

enum { KINDS = sizeof names / sizeof names[0], TTL_SIZE = 2, REASON_MAX = 255 };

static enum tni_command classify(const char *name, size_t size)
{
    for (int kind = TNI_COMMAND_PING; kind < KINDS; kind++)
        if (names[kind].size == size && memcmp(names[kind].name, name, size) == 0)
            return (enum tni_command)kind;
    return TNI_COMMAND_UNKNOWN;
}

int tni_command_parse(const uint8_t *body, size_t size, struct tni_command_view *out_view)
{
    size_t name_size;

    if (size == 0 || body[0] == 0 || body[0] > size - 1)
        return -EPROTO;
    name_size = body[0];
    out_view->name = (const char *)body + 1;
    out_view->name_size = name_size;
    out_view->kind = classify(out_view->name, name_size);
    out_view->data = body + 1 + name_size;
    out_view->size = size - 1 - name_size;
    return 0;
}

const char *tni_command_name(enum tni_command kind)
{
    return (unsigned)kind < KINDS ? names[kind].name : "";
}

enum tni_command tni_command_of_flags(uint8_t msg_flags)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (msg_flags & requests[i].flag)
            return requests[i].kind;
    return TNI_COMMAND_UNKNOWN;
}

uint8_t tni_command_flags(enum tni_command kind)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (requests[i].kind == kind)
            return requests[i].flag;
    return 0;
}

int tni_command_parse_ping(const struct tni_command_view *view, struct tni_ping *out_ping)
{
    if (view->size < TTL_SIZE || view->size > TTL_SIZE + TNI_PING_CONTEXT_MAX)
        return -EPROTO;
    out_ping->ttl = (uint16_t)(view->data[0] << 8 | view->data[1]);
    out_ping->context = view->data + TTL_SIZE;
    out_ping->context_size = (uint8_t)(view->size - TTL_SIZE);
    return 0;
}

int tni_command_parse_pong(const struct tni_command_view *view, struct tni_ping *out_pong)
{
    if (view->size > TNI_PING_CONTEXT_MAX)
        return -EPROTO;
    out_pong->ttl = 0;
    out_pong->context = view->data;
    out_pong->context_size = (uint8_t)view->size;
    return 0;
}

int tni_command_parse_error(const struct tni_command_view *view, const char **out_reason,
                            size_t *out_size)
{
    if (view->size == 0 || view->data[0] > view->size - 1)
        return -EPROTO;
    *out_reason = (const char *)view->data + 1;
    *out_size = view->data[0];
    return 0;
}

int tni_command_error_status(const char *reason, size_t size)
{
    if (size != 3 || reason[0] < '3' || reason[0] > '5' || memcmp(reason + 1, "00", 2) != 0)
        return 0;
    return (reason[0] - '0') * 100;
}

size_t tni_command_start(uint8_t *out, enum tni_command kind)
{
    uint8_t size = (unsigned)kind < KINDS ? names[kind].size : 0;

    out[0] = size;
    memcpy(out + 1, tni_command_name(kind), size);
    return 1 + (size_t)size;
}

/** Name, `middle` and `data` in one body. */
static ssize_t build(uint8_t *out, size_t capacity, enum tni_command kind, const void *middle,
                     size_t middle_size, const void *data, size_t size)
{
    uint8_t start[TNI_COMMAND_NAME_MAX];
    size_t start_size = tni_command_start(start, kind);

    if (capacity < start_size + middle_size || capacity - start_size - middle_size < size)
        return -EMSGSIZE;
    memcpy(out, start, start_size);
    if (middle_size > 0)
        memcpy(out + start_size, middle, middle_size);
    if (size > 0)
        memcpy(out + start_size + middle_size, data, size);
    return (ssize_t)(start_size + middle_size + size);
}

ssize_t tni_command_build(uint8_t *out, size_t capacity, enum tni_command kind, const void *data,
                          size_t size)
{
    return build(out, capacity, kind, NULL, 0, data, size);
}

ssize_t tni_command_build_ping(uint8_t *out, size_t capacity, uint16_t ttl, const void *context,
                               size_t context_size)
{
    const uint8_t field[TTL_SIZE] = {(uint8_t)(ttl >> 8), (uint8_t)ttl};

    if (context_size > TNI_PING_CONTEXT_MAX)
        return -EINVAL;
    return build(out, capacity, TNI_COMMAND_PING, field, TTL_SIZE, context, context_size);
}

ssize_t tni_command_build_pong(uint8_t *out, size_t capacity, const void *context,
                               size_t context_size)
{
    if (context_size > TNI_PING_CONTEXT_MAX)
        return -EINVAL;
    return build(out, capacity, TNI_COMMAND_PONG, NULL, 0, context, context_size);
}

ssize_t tni_command_build_error(uint8_t *out, size_t capacity, const char *reason)
{
    uint8_t size = (uint8_t)strnlen(reason, REASON_MAX);

    return build(out, capacity, TNI_COMMAND_ERROR, &size, 1, reason, size);
}
