#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    const char *reason;
};

static int fail(struct reader *reader, const char *reason)
{
    reader->reason = reason;
    return -EINVAL;
}

static bool take(struct reader *reader, char wanted)
{
    while (reader->at < reader->end && isspace((unsigned char)*reader->at))
        reader->at++;
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static size_t put_utf8(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/** The four digits after \u, or -1. */
static int32_t take_unit(struct reader *reader)
{
    char digits[5] = {0};
    char *end;
    long unit;

    if (reader->end - reader->at < 4)
        return -1;
    memcpy(digits, reader->at, 4);
    unit = strtol(digits, &end, 16);
    if (*end || !isxdigit((unsigned char)digits[0]))
        return -1;
    reader->at += 4;
    return (int32_t)unit;
}

static int32_t take_point(struct reader *reader)
{
    int32_t high = take_unit(reader), low;

    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || reader->end - reader->at < 6 || memcmp(reader->at, "\\u", 2) != 0)
        return -1;
    reader->at += 2;
    low = take_unit(reader);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/** Writes what the escape after a backslash stands for and returns its length, 0: no escape. */
static size_t take_escape(struct reader *reader, char *out)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *letter;
    int32_t point;

    if (reader->at == reader->end)
        return 0;
    if (*reader->at == 'u') {
        reader->at++;
        point = take_point(reader);
        return point < 0 ? 0 : put_utf8((uint32_t)point, out);
    }
    letter = memchr(letters, *reader->at, sizeof(letters) - 1);
    if (!letter)
        return 0;
    reader->at++;
    *out = values[letter - letters];
    return 1;
}

/** After the opening quote. `out` has room for all that is left of the text. */
static int take_string(struct reader *reader, char *out, size_t *out_size)
{
    size_t size = 0;

    while (reader->at < reader->end && *reader->at != '"') {
        size_t length;
        if ((unsigned char)*reader->at < 0x20)
            return fail(reader, "a control character inside a string");
        if (*reader->at != '\\') {
            out[size++] = *reader->at++;
            continue;
        }
        reader->at++;
        length = take_escape(reader, out + size);
        if (!length)
            return fail(reader, "an unknown escape inside a string");
        size += length;
    }
    if (!take(reader, '"'))
        return fail(reader, "a string without its closing quote");
    *out_size = size;
    return 0;
}

static int append_hex(struct reader *reader, struct frames *frames, const char *text, size_t size)
{
    const struct format hex = {FORMAT_HEX, NULL};

    return format_decode(&hex, text, size, frames, &reader->reason);
}

static int take_hex_object(struct reader *reader, struct frames *frames, char *room)
{
    size_t size;
    int code;

    if (!take(reader, '"') || take_string(reader, room, &size) || size != 3 ||
        memcmp(room, "hex", 3) != 0 || !take(reader, ':') || !take(reader, '"'))
        return fail(reader, "an object other than {\"hex\": \"...\"}");
    code = take_string(reader, room, &size);
    if (code)
        return code;
    if (!take(reader, '}'))
        return fail(reader, "an object without its closing brace");
    return append_hex(reader, frames, room, size);
}

static int take_frame(struct reader *reader, struct frames *frames, char *room)
{
    size_t size;
    int code;

    if (take(reader, '{'))
        return take_hex_object(reader, frames, room);
    if (!take(reader, '"'))
        return fail(reader, "a frame that is neither a string nor {\"hex\": \"...\"}");
    code = take_string(reader, room, &size);
    return code ? code : frames_append(frames, room, size);
}

static int take_array(struct reader *reader, struct frames *frames, char *room)
{
    int code;

    if (!take(reader, '['))
        return fail(reader, "not a JSON array of frames");
    do {
        code = take_frame(reader, frames, room);
        if (code)
            return code;
    } while (take(reader, ','));
    if (!take(reader, ']'))
        return fail(reader, "an array without its closing bracket");
    take(reader, '\n');
    return reader->at == reader->end ? 0 : fail(reader, "text after the array");
}

int json_decode(const char *text, size_t size, struct frames *frames, const char **out_reason)
{
    struct reader reader = {text, text + size, ""};
    char *room = malloc(size + 4);
    int code;

    if (!room)
        return -ENOMEM;
    code = take_array(&reader, frames, room);
    free(room);
    *out_reason = reader.reason;
    return code;
}

/** Length of the UTF-8 sequence at `data`, 0 when it is none. */
static size_t utf8_length(const uint8_t *data, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = data[0] < 0x80 ? 1 : data[0] >> 5 == 6 ? 2 : data[0] >> 4 == 14 ? 3 : 4;
    uint32_t point;

    if (length == 1)
        return 1;
    if ((length == 4 && data[0] >> 3 != 30) || length > size)
        return 0;
    point = data[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (data[i] >> 6 != 2)
            return 0;
        point = point << 6 | (data[i] & 0x3fu);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return length;
}

static bool is_utf8(const uint8_t *data, size_t size)
{
    while (size) {
        size_t length = utf8_length(data, size);
        if (!length)
            return false;
        data += length;
        size -= length;
    }
    return true;
}

static void write_string(FILE *out, const uint8_t *data, size_t size)
{
    fputc('"', out);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"' || data[i] == '\\')
            fprintf(out, "\\%c", data[i]);
        else if (data[i] < 0x20 || data[i] == 0x7f)
            fprintf(out, "\\u%04x", data[i]);
        else
            fputc(data[i], out);
    }
    fputc('"', out);
}

void json_write(FILE *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    if (is_utf8(bytes, size)) {
        write_string(out, bytes, size);
        return;
    }
    fputs("{\"hex\":\"", out);
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", bytes[i]);
    fputs("\"}", out);
}
