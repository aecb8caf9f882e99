#include "command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t size;
} names[] = {
    [PLAIN_UNKNOWN] = {"", 0},        [PLAIN_HELLO] = {"HELLO", 5},
    [PLAIN_WELCOME] = {"WELCOME", 7}, [PLAIN_INITIATE] = {"INITIATE", 8},
    [PLAIN_READY] = {"READY", 5},     [PLAIN_ERROR] = {"ERROR", 5},
};

enum { COMMANDS = sizeof names / sizeof names[0] };

/* libzmq's servers up to 4.3.4 at least: the length octet and the E have become one byte. Its clients
 * know this form alone: of the other they say that it was not due, and try again. */
static const char misspelt[] = "^RROR";
enum { MISSPELT = sizeof misspelt - 1 };

static bool is_misspelt_error(const uint8_t *body, size_t size)
{
    return size >= MISSPELT && memcmp(body, misspelt, MISSPELT) == 0;
}

int plain_parse(const uint8_t *body, size_t size, struct plain_view *out_view)
{
    size_t name_size;

    if (is_misspelt_error(body, size)) {
        *out_view = (struct plain_view){PLAIN_ERROR, body + MISSPELT, size - MISSPELT};
        return 0;
    }
    if (size == 0 || body[0] == 0 || body[0] > size - 1)
        return -EPROTO;
    name_size = body[0];
    out_view->command = PLAIN_UNKNOWN;
    for (int i = PLAIN_HELLO; i < COMMANDS; i++)
        if (names[i].size == name_size && memcmp(names[i].name, body + 1, name_size) == 0)
            out_view->command = (enum plain_command)i;
    out_view->data = body + 1 + name_size;
    out_view->size = size - 1 - name_size;
    return 0;
}

/* A length octet and as many bytes. */
static int take_text(const uint8_t **at, size_t *left, struct plain_text *out_text)
{
    if (*left == 0 || **at > *left - 1)
        return -EPROTO;
    out_text->size = **at;
    out_text->bytes = *at + 1;
    *at += 1 + out_text->size;
    *left -= 1 + out_text->size;
    return 0;
}

int plain_parse_hello(const struct plain_view *view, struct plain_text *out_user,
                      struct plain_text *out_password)
{
    const uint8_t *at = view->data;
    size_t left = view->size;

    if (take_text(&at, &left, out_user) < 0 || take_text(&at, &left, out_password) < 0)
        return -EPROTO;
    return left == 0 ? 0 : -EPROTO;
}

int plain_parse_error(const struct plain_view *view, struct plain_text *out_reason)
{
    const uint8_t *at = view->data;
    size_t left = view->size;

    return take_text(&at, &left, out_reason) < 0 || left ? -EPROTO : 0;
}

int plain_status(const struct plain_text *reason)
{
    if (reason->size != 3 || reason->bytes[0] < '3' || reason->bytes[0] > '5' ||
        memcmp(reason->bytes + 1, "00", 2) != 0)
        return 0;
    return (reason->bytes[0] - '0') * 100;
}

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
    if (size)
        memcpy(at, data, size);
    return at + size;
}

static uint8_t *put_name(uint8_t *at, enum plain_command command)
{
    *at++ = names[command].size;
    return put(at, names[command].name, names[command].size);
}

static uint8_t *put_text(uint8_t *at, const struct plain_text *text)
{
    *at++ = (uint8_t)text->size;
    return put(at, text->bytes, text->size);
}

ssize_t plain_build(uint8_t *out, size_t capacity, enum plain_command command, const void *data,
                    size_t size)
{
    size_t head = 1 + (size_t)names[command].size;

    if (capacity < head || capacity - head < size)
        return -EMSGSIZE;
    return put(put_name(out, command), data, size) - out;
}

ssize_t plain_build_hello(uint8_t *out, size_t capacity, const struct plain_text *user,
                          const struct plain_text *password)
{
    uint8_t *at;

    if (user->size > PLAIN_TEXT_MAX || password->size > PLAIN_TEXT_MAX ||
        capacity < 8 + user->size + password->size)
        return -EMSGSIZE;
    at = put_name(out, PLAIN_HELLO);
    at = put_text(at, user);
    return put_text(at, password) - out;
}

ssize_t plain_build_error(uint8_t *out, size_t capacity, int status)
{
    char text[4];
    struct plain_text reason = {.bytes = (const uint8_t *)text, .size = 3};

    if (capacity < MISSPELT + 1 + reason.size)
        return -EMSGSIZE;
    snprintf(text, sizeof text, "%d", status >= 100 && status <= 999 ? status : 500);
    return put_text(put(out, misspelt, MISSPELT), &reason) - out;
}
