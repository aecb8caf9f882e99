/*
 * command.h: the bodies of command frames (RFC 23, 37, 48): a name, then data that depends on it.
 *
 * Pure; views borrow the bytes that were parsed. Builders write a body into the caller's buffer and
 * return its size, or -EMSGSIZE; they write no frame header (frame.h). A name that is not known here
 * is no error: a peer after its handshake may send any, and they are ignored.
 */
#ifndef TNI_COMMAND_H
#define TNI_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum tni_command {
    TNI_COMMAND_UNKNOWN = 0,
    TNI_COMMAND_PING,
    TNI_COMMAND_PONG,
    TNI_COMMAND_SUBSCRIBE,
    TNI_COMMAND_CANCEL,
    TNI_COMMAND_JOIN,
    TNI_COMMAND_LEAVE,
    TNI_COMMAND_READY,
    TNI_COMMAND_ERROR,
};

enum {
    TNI_COMMAND_NAME_MAX = 10, /* of those that we send, with the length before it */
    TNI_PING_CONTEXT_MAX = 16,
    TNI_PING_SIZE_MAX = 5 + 2 + TNI_PING_CONTEXT_MAX,
};

struct tni_command_view {
    enum tni_command kind;
    const char *name; /* of an unknown command it may hold any bytes */
    size_t name_size;
    const uint8_t *data; /* SUBSCRIBE, CANCEL: the topic. JOIN, LEAVE: the group. READY: metadata */
    size_t size;
};

struct tni_ping {
    uint16_t ttl; /* in tenths of a second; 0: none */
    uint8_t context_size;
    const uint8_t *context;
};

/** Splits a command body. -EPROTO: no name, or one longer than the body. */
int tni_command_parse(const uint8_t *body, size_t size, struct tni_command_view *out_view);

/** The request that the flags of a message name (TN_MSG_SUBSCRIBE, ...), and the flags of a request;
 *  UNKNOWN and 0 for others. */
enum tni_command tni_command_of_flags(uint8_t msg_flags);
uint8_t tni_command_flags(enum tni_command kind);

/** "PING", "SUBSCRIBE", ...; "" for UNKNOWN. */
const char *tni_command_name(enum tni_command kind);

/** -EPROTO: shorter than its TTL, or a context above 16 bytes. */
int tni_command_parse_ping(const struct tni_command_view *view, struct tni_ping *out_ping);
/** The context alone; `ttl` is 0. -EPROTO: above 16 bytes. */
int tni_command_parse_pong(const struct tni_command_view *view, struct tni_ping *out_pong);
/** The reason of an ERROR command, any bytes, not ended by a NUL. -EPROTO: truncated. */
int tni_command_parse_error(const struct tni_command_view *view, const char **out_reason,
                            size_t *out_size);

/** The status that a reason stands for (RFC 27): 300, 400 or 500; 0: it is another text. */
int tni_command_error_status(const char *reason, size_t size);

/** The name's length and the name, which is all that comes before a topic, a group or metadata. For
 *  bodies too large to copy. Writes up to TNI_COMMAND_NAME_MAX bytes. */
size_t tni_command_start(uint8_t *out, enum tni_command kind);

/** A whole body: SUBSCRIBE, CANCEL, JOIN, LEAVE or READY with its data. */
ssize_t tni_command_build(uint8_t *out, size_t capacity, enum tni_command kind, const void *data,
                          size_t size);
/** A context above 16 bytes: -EINVAL. */
ssize_t tni_command_build_ping(uint8_t *out, size_t capacity, uint16_t ttl, const void *context,
                               size_t context_size);
ssize_t tni_command_build_pong(uint8_t *out, size_t capacity, const void *context,
                               size_t context_size);
/** The reason is cut at 255 bytes. */
ssize_t tni_command_build_error(uint8_t *out, size_t capacity, const char *reason);

#endif
