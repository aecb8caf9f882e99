#include "reply.h"

#include <stdbool.h>
#include <string.h>

#include <tenon/question.h>
#include <tenon/tenon.h>

static bool is_text(const struct zap_frame *frame, const char *text)
{
    return frame->size == strlen(text) && memcmp(frame->data, text, frame->size) == 0;
}

static int status_of(const struct zap_frame *frame)
{
    static const char *const codes[] = {"200", "300", "400", "500"};

    for (int i = 0; i < 4; i++)
        if (is_text(frame, codes[i]))
            return 200 + 100 * i;
    return 0;
}

/* Properties as in RFC 37: name length, name, four bytes of value length, value. Names and values are
 * text that programs read as such. */
static bool is_metadata(const struct zap_frame *frame)
{
    const uint8_t *at = frame->data;
    size_t left = frame->size;

    while (left > 0) {
        size_t name = at[0], value;
        const uint8_t *length = at + 1 + name;

        if (name == 0 || left < 1 + name + 4 || memchr(at + 1, 0, name))
            return false;
        value = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 |
                (size_t)length[3];
        left -= 1 + name + 4;
        if (value > left)
            return false;
        left -= value;
        at = length + 4 + value;
    }
    return true;
}

int zap_reply_parse(const struct zap_frame *frames, size_t count, struct zap_reply *out_reply)
{
    if (count != ZAP_REPLY_FRAMES)
        return TN_FAULT_ANSWER_MALFORMED;
    if (frames[0].size != 0)
        return TN_FAULT_ANSWER;
    if (!is_text(&frames[1], ZAP_VERSION))
        return TN_FAULT_ANSWER_VERSION;
    if (!is_text(&frames[2], ZAP_REQUEST_ID))
        return TN_FAULT_ANSWER_ID;
    out_reply->status = status_of(&frames[3]);
    if (!out_reply->status)
        return TN_FAULT_ANSWER_STATUS;
    out_reply->text = frames[4];
    out_reply->user_id = frames[5];
    out_reply->metadata = frames[6];
    if (frames[5].size > ZAP_USER_MAX ||
        (frames[5].size && memchr(frames[5].data, 0, frames[5].size)))
        return TN_FAULT_ANSWER_MALFORMED;
    return is_metadata(&frames[6]) ? 0 : TN_FAULT_ANSWER_METADATA;
}

const char *zap_fault_text(int fault)
{
    switch (fault) {
    case TN_FAULT_ANSWER_MALFORMED:
        return "the ZAP reply has not seven frames, or its user id is no text";
    case TN_FAULT_ANSWER_ID:
        return "the ZAP reply has another request id";
    case TN_FAULT_ANSWER_VERSION:
        return "the version of the ZAP reply is not 1.0";
    case TN_FAULT_ANSWER_STATUS:
        return "the status of the ZAP reply is not 200, 300, 400 or 500";
    case TN_FAULT_ANSWER_METADATA:
        return "the metadata of the ZAP reply are malformed";
    default:
        return "the ZAP reply does not begin with an empty frame";
    }
}
