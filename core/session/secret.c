/*
 * secret.c: the codec of connections whose mechanism encrypts.
 *
 * A frame of the chain becomes the body of a frame on the wire, flags and all.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "session/codec.h"
#include "session/handshake.h"
#include "zmtp/frame.h"

struct secret {
    const tn_mechanism_ops_t *mechanism;
    void *state;
};

static void secret_fini(void *state)
{
    struct secret *secret = state;

    if (!secret->state)
        return;
    secret->mechanism->close(secret->state);
    tni_free_secret(secret->state, secret->mechanism->state_size);
}

static ssize_t secret_encode(void *state, unsigned flags, const uint8_t *body, size_t size,
                             uint8_t *out)
{
    const struct secret *secret = state;
    size_t expected = tni_frame_header_size(size + secret->mechanism->overhead);
    ssize_t written = secret->mechanism->encode(secret->state, flags, body, size, out + expected);
    size_t header;

    if (written < 0)
        return written;
    header = tni_frame_header_size((uint64_t)written);
    if (header != expected)
        memmove(out + header, out + expected, (size_t)written);
    tni_frame_encode(out, 0, (uint64_t)written);
    return (ssize_t)header + written;
}

static int secret_header(void *state, const uint8_t *bytes, size_t available,
                         struct tni_coded_frame *out_frame)
{
    int header = tni_frame_decode(bytes, available, &out_frame->flags, &out_frame->size);

    (void)state;
    if (header < 0)
        return tni_fail(header, "the peer %s", tni_frame_reason(bytes, available));
    out_frame->header = (size_t)header;
    return header > 0;
}

static int secret_decode(void *state, struct tni_coded_frame *io_frame)
{
    const struct secret *secret = state;
    tn_secret_frame_t frame = {
        .flags = io_frame->flags, .body = io_frame->body, .size = io_frame->size};
    int rc = secret->mechanism->decode(secret->state, &frame);

    if (rc < 0)
        return rc;
    io_frame->flags = frame.flags;
    io_frame->body = frame.body;
    io_frame->size = frame.size;
    return 1;
}

static const struct tni_codec codec = {
    .name = "secret",
    .state_size = sizeof(struct secret),
    .overhead = TN_MECHANISM_OVERHEAD_MAX + TNI_FRAME_HEADER_MAX,
    .fini = secret_fini,
    .encode = secret_encode,
    .header = secret_header,
    .decode = secret_decode,
};

int tni_secret_install(struct tni_session *session, const tn_mechanism_ops_t *mechanism,
                       void *state)
{
    struct secret *secret;
    int rc = tni_coder_install(session, &codec);

    if (rc < 0)
        return rc;
    secret = tni_coder_state(session);
    secret->mechanism = mechanism;
    secret->state = state;
    return 0;
}
