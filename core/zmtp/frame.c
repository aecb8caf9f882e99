#include "zmtp/frame.h"

const char *tni_frame_reason(const uint8_t *bytes, size_t available)
{
    if (available > 0 && bytes[0] > (TNI_FRAME_MORE | TNI_FRAME_LONG | TNI_FRAME_COMMAND))
        return "sent a frame with reserved flags set";
    if (available > 0 && (bytes[0] & TNI_FRAME_MORE) && (bytes[0] & TNI_FRAME_COMMAND))
        return "sent a command frame that is a part of a message";
    if (available > 1 && (bytes[0] & TNI_FRAME_LONG) && bytes[1] > 0x7f)
        return "announced a frame of 2^63 bytes or more";
    return "sent a malformed frame";
}
