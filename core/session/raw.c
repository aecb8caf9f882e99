#include "session/raw.h"

#include <string.h>

#include "message/peer_info.h"
#include "session/codec.h"
#include "session/session.h"
#include "zmtp/frame.h"

enum { PIECE_MAX = 8192 }; /* bytes of a message that comes in */

static ssize_t encode(void *state, unsigned flags, const uint8_t *body, size_t size, uint8_t *out)
{
    (void)state;
    if (flags & TNI_FRAME_COMMAND)
        return 0;
    if (size)
        memcpy(out, body, size);
    return (ssize_t)size;
}

static int header(void *state, const uint8_t *bytes, size_t available,
                  struct tni_coded_frame *out_frame)
{
    (void)state;
    (void)bytes;
    out_frame->flags = 0;
    out_frame->header = 0;
    out_frame->size = available < PIECE_MAX ? available : PIECE_MAX;
    return 1;
}

static const struct tni_codec raw = {
    .name = "raw",
    .is_unframed = true,
    .encode = encode,
    .header = header,
};

int tni_raw_begin(struct tni_session *session)
{
    const struct tni_peer_pieces pieces = {
        .connection = session->connection,
        .local = session->stack.local,
        .remote = session->stack.remote,
        .user_id = tni_properties_get(&session->stack.found, "User-Id"),
        .found = &session->stack.found,
    };
    struct tn_peer_info *peer;
    int rc = tni_coder_install(session, &raw);

    if (rc == 0)
        rc = tni_peer_info_new(&pieces, &peer);
    return rc < 0 ? rc : tni_session_is_up(session, peer);
}
