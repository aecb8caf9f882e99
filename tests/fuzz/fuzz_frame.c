/* Frame headers: a stream of frames, each header in every truncation, and encoded again. */
#include <string.h>

#include "check.h"
#include "zmtp/frame.h"

/** Fewer bytes of a header give "more" or, once it shows, the same refusal; never another answer. */
static void check_truncations(const uint8_t *bytes, size_t available, int whole)
{
    size_t limit = available < TNI_FRAME_HEADER_MAX ? available : TNI_FRAME_HEADER_MAX;
    int before = 0;

    for (size_t size = 0; size < limit; size++) {
        unsigned flags;
        uint64_t body;
        int rc = tni_frame_decode(bytes, size, &flags, &body);

        CHECK(before == 0 || rc == before);
        CHECK(rc == 0 || rc == whole);
        CHECK(rc <= 0 || size >= (size_t)rc);
        before = rc;
    }
}

static void check_encoding(const uint8_t *bytes, int header, unsigned flags, uint64_t body)
{
    uint8_t again[TNI_FRAME_HEADER_MAX];
    size_t size = tni_frame_encode(again, flags, body);
    unsigned flags_again;
    uint64_t body_again;

    CHECK(size == tni_frame_header_size(body));
    CHECK(tni_frame_decode(again, size, &flags_again, &body_again) == (int)size);
    CHECK(flags_again == flags && body_again == body);
    CHECK((flags & TNI_FRAME_LONG) == 0 && body <= INT64_MAX);
    if (header == (int)size)
        CHECK(memcmp(again, bytes, size) == 0);
    else
        CHECK(header == TNI_FRAME_HEADER_MAX && body <= TNI_FRAME_SHORT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (;;) {
        unsigned flags = 0;
        uint64_t body = 0;
        int header = tni_frame_decode(data, size, &flags, &body);

        check_truncations(data, size, header);
        if (header < 0) {
            CHECK(header == -EPROTO);
            CHECK(strcmp(tni_frame_reason(data, size), "sent a malformed frame") != 0);
            break;
        }
        if (header == 0) {
            CHECK(size < TNI_FRAME_HEADER_MAX);
            break;
        }
        CHECK((size_t)header <= size);
        check_encoding(data, header, flags, body);
        if (body > size - (size_t)header)
            break;
        data += (size_t)header + body;
        size -= (size_t)header + body;
    }
    return 0;
}
