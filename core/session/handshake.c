#include <errno.h>
#include <string.h>

#include <tenon/mechanism.h>

#include "base/error.h"
#include "base/memory.h"
#include "message/peer_info.h"
#include "session/codec.h"
#include "session/old_peer.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/socket.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"
#include "zmtp/greeting.h"
#include "zmtp/peer.h"

enum { COMMAND_MAX = 8 * 1024 };

/* What is needed until READY, and freed then. */
struct tni_handshake {
    const tn_mechanism_ops_t *mechanism;
    bool is_open;
    bool has_facts;
    struct tni_greeting_reader greeting;
    uint8_t ours[TNI_GREETING_SIZE];
    size_t sent; /* of ours */
    struct tni_peer_facts facts;
    struct tn_peer_info *peer;
    size_t metadata_size;
    uint8_t *metadata;
    alignas(16) uint8_t state[]; /* the mechanism's */
};

static struct tni_self self_of(const struct tni_config *config)
{
    const struct tni_options *options = &config->options;

    return (struct tni_self){
        .socket_type = config->pattern->wire_name,
        .announces_routing_id = config->pattern->flags & TN_PATTERN_IDENTIFIES,
        .routing_id = options->routing_id.bytes,
        .routing_id_size = options->routing_id.size,
    };
}

/* Our properties: what the pattern announces, then what "metadata" added, which is encoded already. */
static int encode_metadata(struct tni_handshake *handshake, const struct tni_config *config)
{
    const struct tni_options *options = &config->options;
    struct tni_self self = self_of(config);
    size_t room = tni_self_size(&self);
    ssize_t size;

    handshake->metadata = tni_malloc(room + options->metadata_size);
    if (!handshake->metadata)
        return tni_fail(-ENOMEM, "out of memory for a handshake");
    size = tni_self_encode(&self, handshake->metadata, room);
    if (size < 0)
        return (int)size;
    if (options->metadata_size)
        memcpy(handshake->metadata + size, options->metadata, options->metadata_size);
    handshake->metadata_size = (size_t)size + options->metadata_size;
    return 0;
}

static int send_greeting(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    size_t until = tni_greeting_sendable(&handshake->greeting);
    int rc = 0;

    if (until > handshake->sent)
        rc = tni_buffer_append(&session->commands, handshake->ours + handshake->sent,
                               until - handshake->sent);
    handshake->sent = until;
    return rc;
}

int tni_handshake_begin(struct tni_session *session)
{
    const struct tni_config *config = session->config;
    const tn_mechanism_ops_t *mechanism = &config->mechanism->ops.mechanism;
    struct tni_handshake *handshake = tni_calloc(1, sizeof *handshake + mechanism->state_size);
    tn_handshake_info_t info = {.size = sizeof info, .role = config->role};
    int rc;

    if (!handshake)
        return tni_fail(-ENOMEM, "out of memory for a handshake");
    session->handshake = handshake;
    handshake->mechanism = mechanism;
    tni_greeting_reader_init(&handshake->greeting);
    rc = encode_metadata(handshake, config);
    if (rc == 0)
        rc = tni_greeting_encode(handshake->ours, mechanism->wire_name, false,
                                 config->options.routing_id.size);
    info.metadata = handshake->metadata;
    info.metadata_size = handshake->metadata_size;
    if (rc == 0)
        rc = mechanism->open(handshake->state, &config->sock->ctx->host, &info);
    handshake->is_open = rc == 0;
    return rc < 0 ? rc : send_greeting(session);
}

void tni_handshake_end(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;

    if (!handshake)
        return;
    if (handshake->is_open)
        handshake->mechanism->close(handshake->state);
    tni_peer_info_unref(handshake->peer);
    tni_free(handshake->metadata);
    tni_free(handshake);
    session->handshake = NULL;
}

static int send_commands(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    uint8_t body[COMMAND_MAX];
    ssize_t size;
    int rc = 0;

    while (rc == 0) {
        size = handshake->mechanism->next_command(handshake->state, body, sizeof body);
        if (size <= 0)
            return (int)size;
        rc = tni_session_command(session, body, (size_t)size);
    }
    return rc;
}

/* ------------------------------------------------------------------ greeting */

static int check_greeting(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    const struct tni_greeting_reader *peer = &handshake->greeting;

    switch (peer->status) {
    case TNI_GREETING_V3:
        break;
    case TNI_GREETING_ALIEN:
        return tni_fail(-EPROTO, "the peer %s", peer->reason);
    default:
        session->has_commands = false;
        return tni_old_peer_greet(session, peer, handshake->mechanism->wire_name);
    }
    if (strcmp(peer->mechanism, handshake->mechanism->wire_name) != 0)
        return tni_fail(-EPROTO, "the peer wants the mechanism '%s', we use '%s'", peer->mechanism,
                        handshake->mechanism->wire_name);
    session->has_commands = tni_greeting_is_31(peer);
    return send_commands(session);
}

static bool is_old(const struct tni_handshake *handshake)
{
    return handshake->greeting.status != TNI_GREETING_INCOMPLETE &&
           handshake->greeting.status != TNI_GREETING_V3;
}

static struct tni_peer_pieces pieces_of(const struct tni_session *session)
{
    return (struct tni_peer_pieces){
        .connection = session->connection,
        .fd = tni_stack_fd(&session->stack),
        .local = session->stack.local,
        .remote = session->stack.remote,
        .user_id = tni_properties_get(&session->stack.found, "User-Id"),
        .mechanism = session->handshake->mechanism->wire_name,
        .found = &session->stack.found,
    };
}

static ssize_t old_input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    struct tni_handshake *handshake = session->handshake;
    bool must_subscribe = handshake->greeting.status == TNI_GREETING_UNVERSIONED;
    struct tn_peer_info *peer = NULL;
    ssize_t used =
        tni_old_peer_input(session, &handshake->greeting, bytes, size, pieces_of(session), &peer);
    int rc = 0;

    if (used < 0 || !peer)
        return used;
    tni_handshake_end(session);
    rc = tni_session_is_up(session, peer);
    if (rc == 0 && must_subscribe)
        rc = tni_old_peer_subscribe(session);
    return rc < 0 ? rc : used;
}

static ssize_t greeting_input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    struct tni_handshake *handshake = session->handshake;
    size_t used = tni_greeting_read(&handshake->greeting, bytes, size);
    ssize_t more = 0;
    int rc = send_greeting(session);

    if (rc == 0 && handshake->greeting.status != TNI_GREETING_INCOMPLETE)
        rc = check_greeting(session);
    /* Of an old peer that may have been all. */
    if (rc == 0 && is_old(handshake))
        more = old_input(session, bytes + used, size - used);
    if (rc < 0 || more < 0)
        return rc < 0 ? rc : more;
    return (ssize_t)used + more;
}

/* ------------------------------------------------------------------ commands */

/* The peer gets to know why, if it can still be told. */
static int refuse(struct tni_session *session)
{
    const char *ours = session->config->pattern->wire_name;
    const char *theirs = session->handshake->facts.socket_type;
    uint8_t body[300];
    ssize_t size = tni_command_build_error(body, sizeof body, "Incompatible socket types");

    if (size > 0 && tni_session_command(session, body, (size_t)size) == 0)
        tni_session_transmit(session);
    return tni_fail(-TN_ENOCOMPAT, "a %s socket does not talk to a %s socket", ours, theirs);
}

static int take_metadata(struct tni_session *session, const uint8_t *metadata, size_t size)
{
    struct tni_handshake *handshake = session->handshake;
    struct tni_peer_pieces pieces = pieces_of(session);
    int rc = tni_peer_parse(metadata, size, &handshake->facts);

    if (rc < 0)
        return rc;
    handshake->has_facts = true;
    if (!tni_pattern_is_compatible(session->config->pattern->peers, handshake->facts.socket_type))
        return refuse(session);
    pieces.metadata = metadata;
    pieces.metadata_size = size;
    rc = tni_peer_info_new(&pieces, &handshake->peer);
    return rc < 0 ? tni_fail(rc, "the peer's properties: %s", tni_error_name(rc)) : 0;
}

static int finish_if_ready(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    struct tn_peer_info *peer = handshake->peer;

    if (handshake->mechanism->status(handshake->state) != TN_MECHANISM_READY || !peer)
        return 0;
    if (!session->has_commands && (session->config->pattern->flags & TN_PATTERN_REBUILDS)) {
        int rc = tni_coder_install(session, &tni_codec_messages);
        if (rc < 0)
            return rc;
    }
    handshake->peer = NULL;
    tni_handshake_end(session);
    return tni_session_is_up(session, peer);
}

static int on_command(struct tni_session *session, const uint8_t *body, size_t size)
{
    struct tni_handshake *handshake = session->handshake;
    const uint8_t *metadata = NULL;
    size_t metadata_size = 0;
    int rc;

    rc = handshake->mechanism->command(handshake->state, body, size, &metadata, &metadata_size);
    if (rc == 0 && metadata && !handshake->has_facts)
        rc = take_metadata(session, metadata, metadata_size);
    if (rc == 0)
        rc = send_commands(session);
    return rc < 0 ? rc : finish_if_ready(session);
}

static ssize_t command_input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    unsigned flags = 0;
    uint64_t body_size = 0;
    int header = tni_frame_decode(bytes, size, &flags, &body_size);
    int rc;

    if (header == 0)
        return 0;
    if (header < 0)
        return tni_fail(header, "the peer %s", tni_frame_reason(bytes, size));
    if (!(flags & TNI_FRAME_COMMAND))
        return tni_fail(-EPROTO, "the peer sent a message before the handshake was done");
    if (body_size > COMMAND_MAX)
        return tni_fail(-EPROTO, "the peer sent a handshake command of %llu bytes, %d are allowed",
                        (unsigned long long)body_size, COMMAND_MAX);
    if (body_size > size - (size_t)header)
        return 0;
    rc = on_command(session, bytes + header, (size_t)body_size);
    return rc < 0 ? rc : (ssize_t)((size_t)header + (size_t)body_size);
}

ssize_t tni_handshake_input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    if (session->handshake->greeting.status == TNI_GREETING_INCOMPLETE)
        return greeting_input(session, bytes, size);
    if (is_old(session->handshake))
        return old_input(session, bytes, size);
    return command_input(session, bytes, size);
}
