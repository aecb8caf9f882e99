#include "session/old_peer.h"

#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "session/codec.h"
#include "session/inbound.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"
#include "zmtp/old.h"

/* ------------------------------------------------------------------ the codec of ZMTP 1.0 */

static ssize_t encode_1_0(void *state, unsigned flags, const uint8_t *body, size_t size,
                          uint8_t *out)
{
    size_t header;

    (void)state;
    if (flags & TNI_FRAME_COMMAND)
        return 0;
    header = tni_old_frame_encode(out, flags, size);
    if (size)
        memcpy(out + header, body, size);
    return (ssize_t)(header + size);
}

static int header_1_0(void *state, const uint8_t *bytes, size_t available,
                      struct tni_coded_frame *out_frame)
{
    int header = tni_old_frame_decode(bytes, available, &out_frame->flags, &out_frame->size);

    (void)state;
    if (header < 0)
        return tni_fail(header, "the peer sent a frame of ZMTP 1.0 with an impossible length");
    out_frame->header = (size_t)header;
    return header > 0;
}

static const struct tni_codec codec_1_0 = {
    .name = "zmtp/1.0",
    .overhead = TNI_OLD_HEADER_MAX,
    .encode = encode_1_0,
    .header = header_1_0,
};

/* ------------------------------------------------------------------ the handshake */

int tni_old_peer_greet(struct tni_session *session, const struct tni_greeting_reader *greeting,
                       const char *mechanism)
{
    const struct tni_config *config = session->config;
    const tn_old_type_t *own = config->pattern->old_types;
    uint8_t hello[TNI_OLD_HELLO_MAX];
    size_t size;
    int rc;

    if (strcmp(mechanism, "NULL") != 0)
        return tni_fail(-EPROTO,
                        "the peer speaks ZMTP 2.0 or older, which has no mechanism '%s' and is "
                        "refused",
                        mechanism);
    if (!own)
        return tni_fail(-TN_ENOCOMPAT, "the peer speaks ZMTP 2.0 or older, which has no %s sockets",
                        config->pattern->wire_name);
    size = tni_old_hello_write(greeting->status, own->number, config->options.routing_id.bytes,
                               config->options.routing_id.size, hello);
    rc = tni_buffer_append(&session->commands, hello, size);
    return rc < 0 ? tni_fail(rc, "out of memory for a handshake") : 0;
}

/* The wire name of a number, if we talk to such sockets. */
static const char *find_type(const tn_old_type_t *types, int number)
{
    for (types++; types->wire_name; types++)
        if (types->number == number)
            return types->wire_name;
    return NULL;
}

static int describe(struct tni_session *session, const struct tni_old_hello *hello,
                    struct tni_peer_pieces *pieces, struct tn_peer_info **out_peer)
{
    pieces->identity = hello->routing_id;
    pieces->identity_size = hello->routing_id_size;
    if (hello->type != TNI_OLD_TYPE_UNKNOWN) {
        pieces->socket_type = find_type(session->config->pattern->old_types, hello->type);
        if (!pieces->socket_type)
            return tni_fail(-TN_ENOCOMPAT,
                            "a %s socket does not talk to a peer of type %d of ZMTP 2.0",
                            session->config->pattern->wire_name, hello->type);
    }
    return tni_peer_info_new(pieces, out_peer);
}

static int put_codec_on(struct tni_session *session, const struct tni_greeting_reader *greeting)
{
    if (greeting->status != TNI_GREETING_V2)
        return tni_coder_install(session, &codec_1_0);
    if (session->config->pattern->flags & TN_PATTERN_REBUILDS)
        return tni_coder_install(session, &tni_codec_messages);
    return 0;
}

ssize_t tni_old_peer_input(struct tni_session *session, const struct tni_greeting_reader *greeting,
                           const uint8_t *bytes, size_t size, struct tni_peer_pieces pieces,
                           struct tn_peer_info **out_peer)
{
    struct tni_old_hello hello = {0};
    ssize_t used = tni_old_hello_read(greeting, bytes, size, &hello);
    int rc;

    if (used == -EAGAIN)
        return 0;
    if (used < 0)
        return used;
    rc = put_codec_on(session, greeting);
    if (rc == 0)
        rc = describe(session, &hello, &pieces, out_peer);
    return rc < 0 ? rc : used;
}

int tni_old_peer_subscribe(struct tni_session *session)
{
    static const uint8_t all[] = "\11SUBSCRIBE";

    return tni_inbound_command(session, all, sizeof all - 1);
}
