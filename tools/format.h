/*
 * format.h: lines of text to messages and back.
 *
 * text  one line a message; bytes that do not print are \xNN, a backslash is \\, also on input
 * raw   standard input is one message; bodies are written as they are, with nothing between
 * hex   as text, each frame in hexadecimal digits
 * json  one array a line, of strings and, for what is no UTF-8, objects {"hex": "00ff"}
 *
 * In text and hex `delimiter` stands between frames. Main thread.
 */
#ifndef TENON_TOOLS_FORMAT_H
#define TENON_TOOLS_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum format_kind { FORMAT_TEXT, FORMAT_RAW, FORMAT_HEX, FORMAT_JSON };

struct format {
    enum format_kind kind;
    const char *delimiter; /* NULL: input is not split, output has a tab */
};

struct frame {
    uint8_t *data;
    size_t size;
};

/** The frames of one message. Zeroed is empty. */
struct frames {
    struct frame *items;
    size_t count;
};

/** 0, or -EINVAL for an unknown name. */
int format_parse_kind(const char *name, enum format_kind *out_kind);

/** Splits and decodes `line` and appends its frames. -EINVAL with `*out_reason`, a static sentence;
 *  -ENOMEM. */
int format_decode(const struct format *format, const char *line, size_t size, struct frames *frames,
                  const char **out_reason);

/** Writes one frame; `index` 0 begins a message, `more` 0 ends it. */
void format_write(const struct format *format, FILE *out, const void *data, size_t size,
                  size_t index, int more);

/** Appends a copy of `data`. -ENOMEM. */
int frames_append(struct frames *frames, const void *data, size_t size);
void frames_fini(struct frames *frames);

#endif
