/* What comes over a serial line: any bytes, and our own after they were escaped and cut anywhere. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "transports/serial/frame.h"

/* Bytes that nobody has escaped: marks and data in any order. */
static void take_all(const uint8_t *data, size_t size)
{
    struct tni_serial_reader reader = {0};
    uint8_t out;

    for (size_t i = 0; i < size; i++) {
        int what = tni_serial_take(&reader, data[i], &out);

        CHECK(what == 0 || what == TNI_SERIAL_DATA || what == TNI_SERIAL_BEGIN ||
              what == TNI_SERIAL_ANSWER || what == TNI_SERIAL_RESET);
        CHECK(reader.size < TNI_SERIAL_MARK);
        if (what > TNI_SERIAL_DATA)
            CHECK(tni_serial_name(&reader)[TNI_SERIAL_NAME - 1] == data[i]);
    }
}

/* What was escaped comes out as it was, although the line takes `cut` bytes at a time. */
static void send_all(const uint8_t *data, size_t size, size_t cut)
{
    struct tni_serial_reader reader = {0};
    uint8_t *out = malloc(2 * size + 1), byte;
    size_t sent = 0, got = 0;
    bool is_escaping = false;

    CHECK(out);
    while (sent < size) {
        size_t room = tni_serial_escape(is_escaping, data + sent, size - sent, out);
        size_t taken = room < cut ? room : cut;

        CHECK(room <= 2 * (size - sent));
        for (size_t i = 0; i < taken; i++) {
            CHECK(out[i] != 0x7e && out[i] != TNI_SERIAL_XON && out[i] != TNI_SERIAL_XOFF);
            if (tni_serial_take(&reader, out[i], &byte) == TNI_SERIAL_DATA)
                CHECK(byte == data[got++]);
        }
        sent += tni_serial_taken(out, taken, &is_escaping);
        CHECK(got == sent);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_all(data, size);
    if (size > 0)
        send_all(data + 1, size - 1, 1 + data[0] % 7);
    return 0;
}
