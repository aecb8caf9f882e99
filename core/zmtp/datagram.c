#include "zmtp/datagram.h"

#include <errno.h>

int tni_datagram_parse(const uint8_t *bytes, size_t size, struct tni_datagram_view *out_view)
{
    if (size == 0 || bytes[0] > size - 1)
        return -EPROTO;
    out_view->group = bytes + 1;
    out_view->group_size = bytes[0];
    out_view->body = bytes + 1 + bytes[0];
    out_view->size = size - 1 - bytes[0];
    return 0;
}
