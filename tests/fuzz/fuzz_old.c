/* Peers of ZMTP 1.0 and 2.0: greeting, hello and, as of 1.0, frames; whole and in every truncation. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "zmtp/frame.h"
#include "zmtp/old.h"

static void check_frames(const uint8_t *data, size_t size)
{
    for (;;) {
        unsigned flags = 0;
        uint64_t body = 0;
        int header = tni_old_frame_decode(data, size, &flags, &body);
        uint8_t again[TNI_OLD_HEADER_MAX];

        CHECK(header == -EPROTO || (header >= 0 && (size_t)header <= size));
        for (int part = 0; part < header; part++) {
            unsigned other;
            uint64_t length;

            CHECK(tni_old_frame_decode(data, (size_t)part, &other, &length) == 0);
        }
        if (header <= 0)
            return;
        CHECK((flags & ~(unsigned)TNI_FRAME_MORE) == 0 && body < INT64_MAX);
        CHECK(tni_old_frame_encode(again, flags, body) <= (size_t)header);
        if (body > size - (size_t)header)
            return;
        data += (size_t)header + body;
        size -= (size_t)header + body;
    }
}

static void check_hello(const struct tni_old_hello *hello, const uint8_t *data, size_t used)
{
    CHECK(hello->type >= TNI_OLD_TYPE_UNKNOWN && hello->type <= 255);
    CHECK(hello->routing_id_size <= 255);
    CHECK(hello->routing_id + hello->routing_id_size == data + used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tni_greeting_reader greeting;
    struct tni_old_hello hello;
    ssize_t used;
    size_t taken;

    tni_greeting_reader_init(&greeting);
    taken = tni_greeting_read(&greeting, data, size);
    if (greeting.status != TNI_GREETING_UNVERSIONED && greeting.status != TNI_GREETING_V1 &&
        greeting.status != TNI_GREETING_V2)
        return 0;
    data += taken;
    size -= taken;
    used = tni_old_hello_read(&greeting, data, size, &hello);
    CHECK(used == -EPROTO || used == -EAGAIN || (used >= 0 && (size_t)used <= size));
    if (used < 0)
        return 0;
    check_hello(&hello, data, (size_t)used);
    for (ssize_t part = 0; part < used; part++)
        CHECK(tni_old_hello_read(&greeting, data, (size_t)part, &hello) == -EAGAIN);
    check_frames(data + used, size - (size_t)used);
    return 0;
}
