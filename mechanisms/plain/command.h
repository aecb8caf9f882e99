/*
 * command.h: the bodies of PLAIN's commands (RFC 24).
 *
 * Pure functions: views borrow the bytes that were parsed, builders write into the caller's buffer and
 * return a size, or -EMSGSIZE.
 */
#ifndef PLAIN_COMMAND_H
#define PLAIN_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum plain_command {
    PLAIN_UNKNOWN,
    PLAIN_HELLO,
    PLAIN_WELCOME,
    PLAIN_INITIATE,
    PLAIN_READY,
    PLAIN_ERROR,
};

enum { PLAIN_TEXT_MAX = 255 };

struct plain_text {
    const uint8_t *bytes;
    size_t size;
};

/** What comes after the name: all of `data` belongs to the command. */
struct plain_view {
    enum plain_command command;
    const uint8_t *data;
    size_t size;
};

/** Splits a body. -EPROTO: no whole name. */
int plain_parse(const uint8_t *body, size_t size, struct plain_view *out_view);

/** User name and password. -EPROTO: cut off, or bytes behind them. */
int plain_parse_hello(const struct plain_view *view, struct plain_text *out_user,
                      struct plain_text *out_password);

/** The reason of an ERROR. -EPROTO: cut off, or bytes behind it. */
int plain_parse_error(const struct plain_view *view, struct plain_text *out_reason);

/** The status that a reason stands for: 300, 400 or 500; 0: it is another text. */
int plain_status(const struct plain_text *reason);

/** WELCOME, INITIATE or READY with their data. */
ssize_t plain_build(uint8_t *out, size_t capacity, enum plain_command command, const void *data,
                    size_t size);
/** Both are at most PLAIN_TEXT_MAX bytes. */
ssize_t plain_build_hello(uint8_t *out, size_t capacity, const struct plain_text *user,
                          const struct plain_text *password);
/** In the form of libzmq, which its clients need; plain_parse reads both. */
ssize_t plain_build_error(uint8_t *out, size_t capacity, int status);

#endif
