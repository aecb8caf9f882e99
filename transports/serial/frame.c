#include "frame.h"

#include <string.h>

enum { MARK = 0x7e, ESCAPE = 0x7d, FLIP = 0x20 };

int tni_serial_take(struct tni_serial_reader *reader, uint8_t byte, uint8_t *out)
{
    int letter;

    if (byte == MARK) {
        *reader = (struct tni_serial_reader){.mark = {MARK}, .size = 1};
        return 0;
    }
    if (reader->size) {
        reader->mark[reader->size++] = byte;
        if (reader->size < TNI_SERIAL_MARK)
            return 0;
        reader->size = 0;
        letter = reader->mark[1];
        return letter == TNI_SERIAL_BEGIN || letter == TNI_SERIAL_ANSWER ||
                       letter == TNI_SERIAL_RESET
                   ? letter
                   : 0;
    }
    if (byte == ESCAPE) {
        reader->is_escaped = true;
        return 0;
    }
    *out = reader->is_escaped ? byte ^ FLIP : byte;
    reader->is_escaped = false;
    return TNI_SERIAL_DATA;
}

void tni_serial_mark(int letter, const uint8_t name[TNI_SERIAL_NAME], uint8_t out[TNI_SERIAL_MARK])
{
    out[0] = MARK;
    out[1] = (uint8_t)letter;
    memcpy(out + 2, name, TNI_SERIAL_NAME);
}

static bool is_special(uint8_t byte)
{
    return byte == MARK || byte == ESCAPE || byte == TNI_SERIAL_XON || byte == TNI_SERIAL_XOFF;
}

size_t tni_serial_escape(bool is_escaping, const uint8_t *data, size_t size, uint8_t *out)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        bool has_escape = i == 0 && is_escaping;

        if (is_special(data[i]) && !has_escape)
            out[used++] = ESCAPE;
        out[used++] = is_special(data[i]) || has_escape ? data[i] ^ FLIP : data[i];
    }
    return used;
}

size_t tni_serial_taken(const uint8_t *out, size_t taken, bool *out_is_escaping)
{
    size_t whole = 0;

    *out_is_escaping = false;
    for (size_t i = 0; i < taken; i++) {
        *out_is_escaping = out[i] == ESCAPE;
        whole += !*out_is_escaping;
    }
    return whole;
}
