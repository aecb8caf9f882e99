#include "format.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

int format_parse_kind(const char *name, enum format_kind *out_kind)
{
    static const char *const names[] = {"text", "raw", "hex", "json"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out_kind = (enum format_kind)i;
            return 0;
        }
    }
    return -EINVAL;
}

int frames_append(struct frames *frames, const void *data, size_t size)
{
    struct frame *items = realloc(frames->items, (frames->count + 1) * sizeof(*items));
    uint8_t *copy;

    if (!items)
        return -ENOMEM;
    frames->items = items;
    copy = malloc(size ? size : 1);
    if (!copy)
        return -ENOMEM;
    if (size)
        memcpy(copy, data, size);
    items[frames->count].data = copy;
    items[frames->count].size = size;
    frames->count++;
    return 0;
}

void frames_fini(struct frames *frames)
{
    for (size_t i = 0; i < frames->count; i++)
        free(frames->items[i].data);
    free(frames->items);
    frames->items = NULL;
    frames->count = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex_byte(const char *text)
{
    int high = hex_digit(text[0]);
    int low = high < 0 ? -1 : hex_digit(text[1]);

    return low < 0 ? -1 : high * 16 + low;
}

/** Decodes one escape at `text` (after its backslash) and returns its length, 0 if there is none.
 */
static size_t unescape(const char *text, size_t size, uint8_t *out)
{
    static const char letters[] = "nrt0\\", values[] = "\n\r\t\0\\";
    const char *letter;

    if (size >= 3 && text[0] == 'x' && hex_byte(text + 1) >= 0) {
        *out = (uint8_t)hex_byte(text + 1);
        return 3;
    }
    letter = size ? memchr(letters, text[0], sizeof(letters) - 1) : NULL;
    if (!letter)
        return 0;
    *out = (uint8_t)values[letter - letters];
    return 1;
}

static size_t decode_text(const char *text, size_t size, uint8_t *out)
{
    size_t length = 0;

    for (size_t i = 0; i < size;) {
        size_t used = text[i] == '\\' ? unescape(text + i + 1, size - i - 1, out + length) : 0;
        if (!used)
            out[length] = (uint8_t)text[i];
        length++;
        i += used + 1;
    }
    return length;
}

/** Returns the length, or -1 when the digits are wrong. Blanks between bytes are allowed. */
static ssize_t decode_hex(const char *text, size_t size, uint8_t *out)
{
    size_t length = 0;

    for (size_t i = 0; i < size;) {
        if (isspace((unsigned char)text[i])) {
            i++;
            continue;
        }
        if (i + 1 >= size || hex_byte(text + i) < 0)
            return -1;
        out[length++] = (uint8_t)hex_byte(text + i);
        i += 2;
    }
    return (ssize_t)length;
}

static int decode_frame(const struct format *format, const char *text, size_t size,
                        struct frames *frames, const char **out_reason)
{
    uint8_t *body = malloc(size ? size : 1);
    ssize_t length;
    int code;

    if (!body)
        return -ENOMEM;
    if (format->kind == FORMAT_HEX)
        length = decode_hex(text, size, body);
    else
        length = (ssize_t)decode_text(text, size, body);
    if (length < 0) {
        *out_reason = "not an even number of hexadecimal digits";
        code = -EINVAL;
    } else {
        code = frames_append(frames, body, (size_t)length);
    }
    free(body);
    return code;
}

static int decode_split(const struct format *format, const char *line, size_t size,
                        struct frames *frames, const char **out_reason)
{
    size_t width = strlen(format->delimiter);
    const char *next;
    int code;

    while ((next = memmem(line, size, format->delimiter, width))) {
        code = decode_frame(format, line, (size_t)(next - line), frames, out_reason);
        if (code)
            return code;
        size -= (size_t)(next - line) + width;
        line = next + width;
    }
    return decode_frame(format, line, size, frames, out_reason);
}

int format_decode(const struct format *format, const char *line, size_t size, struct frames *frames,
                  const char **out_reason)
{
    *out_reason = "";
    if (format->kind == FORMAT_RAW)
        return frames_append(frames, line, size);
    if (format->kind == FORMAT_JSON)
        return json_decode(line, size, frames, out_reason);
    if (!format->delimiter)
        return decode_frame(format, line, size, frames, out_reason);
    return decode_split(format, line, size, frames, out_reason);
}

static void write_text(FILE *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\\')
            fputs("\\\\", out);
        else if (data[i] >= 0x80 || isprint(data[i]))
            fputc(data[i], out);
        else
            fprintf(out, "\\x%02x", data[i]);
    }
}

static void write_hex(FILE *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", data[i]);
}

void format_write(const struct format *format, FILE *out, const void *data, size_t size,
                  size_t index, int more)
{
    if (format->kind == FORMAT_RAW) {
        fwrite(data, 1, size, out);
        return;
    }
    if (format->kind == FORMAT_JSON) {
        fputs(index ? "," : "[", out);
        json_write(out, data, size);
        fputs(more ? "" : "]\n", out);
        return;
    }
    if (index)
        fputs(format->delimiter ? format->delimiter : "\t", out);
    if (format->kind == FORMAT_HEX)
        write_hex(out, data, size);
    else
        write_text(out, data, size);
    if (!more)
        fputc('\n', out);
}
