/*
 * frame.h: what goes over a serial line: bytes of the data, and marks between them.
 *
 * 0x7d stands before a byte of the data that is 0x7e, 0x7d, XON or XOFF, which goes as that byte ^ 0x20. A
 * mark is 0x7e, a letter, and four bytes above 0x7f, so that nothing in it needs to be escaped:
 *   S  a side begins; the four bytes name its connection
 *   A  the other side has heard that one; data follows
 *   R  there is no connection, or no longer: begin again
 * Pure: bytes in, bytes out. A reader or writer belongs to whoever calls.
 */
#ifndef TNI_SERIAL_FRAME_H
#define TNI_SERIAL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TNI_SERIAL_NAME = 4, TNI_SERIAL_MARK = 6, TNI_SERIAL_XON = 0x11, TNI_SERIAL_XOFF = 0x13 };
enum {
    TNI_SERIAL_BEGIN = 'S',
    TNI_SERIAL_ANSWER = 'A',
    TNI_SERIAL_RESET = 'R',
    TNI_SERIAL_DATA = 1
};

/** A mark that has come in part, or an escape; zeros at first. */
struct tni_serial_reader {
    uint8_t mark[TNI_SERIAL_MARK];
    unsigned size;
    bool is_escaped;
};

/** TNI_SERIAL_BEGIN, _ANSWER or _RESET: a mark is whole, and tni_serial_name gives its name; _DATA: `*out`
 *  is a byte of the data; 0: neither yet. */
int tni_serial_take(struct tni_serial_reader *reader, uint8_t byte, uint8_t *out);

static inline const uint8_t *tni_serial_name(const struct tni_serial_reader *reader)
{
    return reader->mark + 2;
}

void tni_serial_mark(int letter, const uint8_t name[TNI_SERIAL_NAME], uint8_t out[TNI_SERIAL_MARK]);

/** The data's bytes as they go over the line, up to 2 * `size`. `is_escaping`: the line has the escape of
 *  the first one already. Returns how many there are. */
size_t tni_serial_escape(bool is_escaping, const uint8_t *data, size_t size, uint8_t *out);
/** How many of the data's bytes are whole in the first `taken` of those; `*io_is_escaping`: an escape is
 *  the last of them, which must not be repeated. */
size_t tni_serial_taken(const uint8_t *out, size_t taken, bool *out_is_escaping);

#endif
