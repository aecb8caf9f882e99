#include "base/uri.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { SHOWN = 160 };

static const char separator[] = "://";

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_scheme_char(char c)
{
    return is_alnum(c) || c == '.' || c == '+' || c == '-';
}

static bool is_key_char(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/** The byte that %XX at `at` stands for, or -1. */
static int escaped_byte(const char *at, size_t left)
{
    int high, low;

    if (left < 3 || (high = hex_digit(at[1])) < 0 || (low = hex_digit(at[2])) < 0)
        return -1;
    return high << 4 | low;
}

/** Options may hold secrets: the sentence shows what comes before them. */
static int malformed(const char *text, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int malformed(const char *text, const char *at, const char *format, ...)
{
    size_t shown = strcspn(text, "?");
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return tni_fail(-EINVAL, "the endpoint '%.*s%s' is malformed at character %zu: %s",
                    (int)(shown < SHOWN ? shown : SHOWN), text,
                    shown > SHOWN || text[shown] ? "..." : "", (size_t)(at - text) + 1, what);
}

static int check_length_and_bytes(const char *text, size_t *out_size)
{
    size_t size;

    if (!text)
        return tni_fail(-EINVAL, "the endpoint is NULL; it is written scheme://address");
    size = strnlen(text, TNI_URI_MAX + 1);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return tni_fail(-EINVAL,
                            "the endpoint has a control character (0x%02x) at character %zu",
                            (unsigned)(unsigned char)text[i], i + 1);
    if (size > TNI_URI_MAX)
        return tni_fail(-EINVAL, "the endpoint '%.40s...' is longer than %d bytes", text,
                        TNI_URI_MAX);
    *out_size = size;
    return 0;
}

/** Copies the scheme in lower case, and returns its length. */
static ssize_t parse_scheme(const char *text, char out[TNI_URI_SCHEME_MAX + 1])
{
    size_t size = 0;

    while (is_scheme_char(text[size])) {
        char c = text[size];

        if (size == TNI_URI_SCHEME_MAX)
            return malformed(text, text + size, "the scheme is longer than %d characters",
                             TNI_URI_SCHEME_MAX);
        out[size++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[size] = '\0';
    if (size == 0)
        return malformed(text, text,
                         "it does not begin with a scheme; write scheme://address, "
                         "such as tcp://127.0.0.1:5555");
    if (!is_alnum(text[0]))
        return malformed(text, text, "the scheme does not begin with a letter or a digit");
    if (strncmp(text + size, separator, sizeof separator - 1) != 0)
        return malformed(text, text + size,
                         "'://' does not follow the scheme; write scheme://address, such as "
                         "tcp://127.0.0.1:5555");
    return (ssize_t)size;
}

static int check_key(const char *text, const struct tni_slice *item, size_t key_size)
{
    if (item->size == 0)
        return malformed(text, item->data, "an option is empty; write ?key=value&key=value");
    if (key_size == 0)
        return malformed(text, item->data, "an option has no name before '='");
    for (size_t i = 0; i < key_size; i++)
        if (!is_key_char(item->data[i]))
            return malformed(text, item->data + i,
                             "the name of an option has other characters than letters, digits, "
                             "'_', '.' and '-'; a '?' that belongs to the address is written %%3F");
    if (key_size > TNI_URI_KEY_MAX)
        return malformed(text, item->data, "the name of an option is longer than %d characters",
                         TNI_URI_KEY_MAX);
    if (key_size == item->size)
        return malformed(text, item->data + key_size,
                         "the option '%.*s' has no value; write %.*s=value", (int)key_size,
                         item->data, (int)key_size, item->data);
    return 0;
}

static int check_value(const char *text, const struct tni_slice *item, size_t key_size)
{
    for (size_t i = key_size + 1; i < item->size; i++) {
        int byte;

        if (item->data[i] != '%')
            continue;
        byte = escaped_byte(item->data + i, item->size - i);
        if (byte < 0)
            return malformed(text, item->data + i,
                             "in the value of '%.*s', two hexadecimal digits do not follow '%%'; "
                             "a percent sign is written %%25",
                             (int)key_size, item->data);
        if (byte == 0)
            return malformed(text, item->data + i, "the value of '%.*s' has a zero byte",
                             (int)key_size, item->data);
    }
    return 0;
}

/** The item of the options that begins at `*cursor`, and past its '&'. */
static struct tni_slice next_item(struct tni_slice options, size_t *cursor)
{
    struct tni_slice item = {options.data + *cursor, 0};
    const char *end = memchr(item.data, '&', options.size - *cursor);

    item.size = end ? (size_t)(end - item.data) : options.size - *cursor;
    *cursor += item.size + 1;
    return item;
}

static size_t key_length(struct tni_slice item)
{
    const char *equals = memchr(item.data, '=', item.size);

    return equals ? (size_t)(equals - item.data) : item.size;
}

static bool is_given_before(struct tni_slice options, struct tni_slice item, size_t key_size)
{
    size_t cursor = 0;

    while (options.data + cursor < item.data) {
        struct tni_slice other = next_item(options, &cursor);

        if (key_length(other) == key_size && memcmp(other.data, item.data, key_size) == 0)
            return true;
    }
    return false;
}

static int check_options(const char *text, struct tni_slice options)
{
    size_t cursor = 0;
    unsigned count = 0;

    /* Not `<`: an '&' at the end announces one more item, which is empty. */
    while (cursor <= options.size) {
        struct tni_slice item = next_item(options, &cursor);
        size_t key_size = key_length(item);
        int rc = check_key(text, &item, key_size);

        if (rc == 0)
            rc = check_value(text, &item, key_size);
        if (rc < 0)
            return rc;
        if (++count > TNI_URI_OPTIONS_MAX)
            return malformed(text, item.data, "there are more than %d options",
                             TNI_URI_OPTIONS_MAX);
        if (is_given_before(options, item, key_size))
            return malformed(text, item.data, "the option '%.*s' is given twice", (int)key_size,
                             item.data);
    }
    return 0;
}

int tni_uri_parse(const char *text, struct tni_uri *out_uri)
{
    size_t size = 0;
    const char *mark;
    ssize_t scheme;
    int rc;

    memset(out_uri, 0, sizeof *out_uri);
    rc = check_length_and_bytes(text, &size);
    if (rc < 0)
        return rc;
    scheme = parse_scheme(text, out_uri->scheme);
    if (scheme < 0)
        return (int)scheme;
    out_uri->whole = text;
    out_uri->address.data = text + scheme + sizeof separator - 1;
    mark = strchr(out_uri->address.data, '?');
    out_uri->address.size = mark ? (size_t)(mark - out_uri->address.data)
                                 : (size_t)(text + size - out_uri->address.data);
    if (out_uri->address.size == 0)
        return malformed(text, out_uri->address.data, "no address follows '://'");
    if (!mark) {
        out_uri->options.data = text + size;
        return 0;
    }
    out_uri->options.data = mark + 1;
    out_uri->options.size = (size_t)(text + size - out_uri->options.data);
    return check_options(text, out_uri->options);
}

ssize_t tni_uri_address(const struct tni_uri *uri, char *out, size_t capacity)
{
    const struct tni_slice *address = &uri->address;
    size_t size = 0;

    for (size_t i = 0; i < address->size; i++) {
        bool is_mark =
            address->data[i] == '%' && escaped_byte(address->data + i, address->size - i) == '?';

        if (size + 1 >= capacity)
            return -EMSGSIZE;
        out[size++] = is_mark ? '?' : address->data[i];
        if (is_mark)
            i += 2;
    }
    if (size >= capacity)
        return -EMSGSIZE;
    out[size] = '\0';
    return (ssize_t)size;
}

bool tni_uri_next_option(const struct tni_uri *uri, size_t *cursor, struct tni_uri_option *out)
{
    struct tni_slice item;

    if (uri->options.size == 0 || *cursor >= uri->options.size)
        return false;
    item = next_item(uri->options, cursor);
    out->key.data = item.data;
    out->key.size = key_length(item);
    out->value.data = item.data + out->key.size + 1;
    out->value.size = item.size - out->key.size - 1;
    return true;
}

ssize_t tni_uri_value(struct tni_slice value, char *out, size_t capacity)
{
    size_t size = 0;

    for (size_t i = 0; i < value.size; i++) {
        int byte = value.data[i] == '%' ? escaped_byte(value.data + i, value.size - i) : -1;

        if (size + 1 >= capacity)
            return -EMSGSIZE;
        if (byte >= 0)
            i += 2;
        out[size++] = byte >= 0 ? (char)byte : value.data[i];
    }
    if (size >= capacity)
        return -EMSGSIZE;
    out[size] = '\0';
    return (ssize_t)size;
}

bool tni_slice_is(struct tni_slice slice, const char *text)
{
    return strlen(text) == slice.size && memcmp(slice.data, text, slice.size) == 0;
}
