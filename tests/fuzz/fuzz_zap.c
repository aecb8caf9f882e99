/* Replies of ZAP handlers: a list of frames, each two bytes of length and as many bytes. */
#include <string.h>

#include <tenon/question.h>
#include <tenon/tenon.h>

#include "authenticators/zap/reply.h"
#include "check.h"
#include "zmtp/metadata.h"

enum { FRAMES_MAX = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zap_frame frames[FRAMES_MAX];
    struct zap_reply reply = {0};
    size_t count = 0;
    int fault;

    while (size >= 2 && count < FRAMES_MAX) {
        size_t length = (size_t)data[0] << 8 | data[1];
        uint8_t *copy;

        if (length > size - 2)
            break;
        copy = malloc(length ? length : 1);
        CHECK(copy);
        memcpy(copy, data + 2, length);
        frames[count++] = (struct zap_frame){copy, length};
        data += 2 + length;
        size -= 2 + length;
    }
    fault = zap_reply_parse(frames, count, &reply);
    CHECK(fault == 0 || (fault >= TN_FAULT_ANSWER && fault <= TN_FAULT_ANSWER_METADATA));
    CHECK(fault == 0 || zap_fault_text(fault)[0] != '\0');
    if (fault == 0) {
        CHECK(count == ZAP_REPLY_FRAMES);
        CHECK(reply.status >= 200 && reply.status <= 500 && reply.status % 100 == 0);
        CHECK(reply.user_id.size <= ZAP_USER_MAX);
    }
    while (count)
        free((void *)(uintptr_t)frames[--count].data);
    return 0;
}
