#include <errno.h>
#include <string.h>

#include <tenon/mechanism.h>

#include "base/error.h"
#include "base/memory.h"
#include "message/peer_info.h"
#include "session/codec.h"
#include "session/handshake.h"
#include "session/old_peer.h"
#include "session/question.h"
#include "socket/ctx.h"
#include "socket/socket.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"

enum { COMMAND_MAX = 8 * 1024 };

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

static int open_mechanism(struct tni_session *session)
{
    const struct tni_config *config = session->config;
    struct tni_handshake *handshake = session->handshake;
    const tn_mechanism_ops_t *mechanism = handshake->mechanism;
    const tn_handshake_info_t info = {.size = sizeof info,
                                      .role = config->role,
                                      .metadata = handshake->metadata,
                                      .metadata_size = handshake->metadata_size,
                                      .handshake = (tn_handshake_t *)session,
                                      .endpoint_state = config->security.mechanism_state};
    int rc;

    handshake->state = tni_calloc(1, mechanism->state_size);
    if (!handshake->state)
        return tni_fail(-ENOMEM, "out of memory for a handshake");
    rc = mechanism->open(handshake->state, &config->sock->ctx->host, &info);
    handshake->is_open = rc >= 0;
    return rc < 0 ? rc
                  : tni_greeting_encode(handshake->ours, mechanism->wire_name, rc > 0,
                                        config->options.routing_id.size);
}

int tni_handshake_begin(struct tni_session *session)
{
    struct tni_handshake *handshake = tni_calloc(1, sizeof *handshake);
    int rc;

    if (!handshake)
        return tni_fail(-ENOMEM, "out of memory for a handshake");
    session->handshake = handshake;
    session->fault = 0;
    handshake->mechanism = &session->config->security.mechanism->ops.mechanism;
    tni_greeting_reader_init(&handshake->greeting);
    rc = encode_metadata(handshake, session->config);
    if (rc == 0) {
        rc = open_mechanism(session);
        tni_wipe_stack();
    }
    return rc < 0 ? rc : send_greeting(session);
}

void tni_handshake_end(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;

    tni_question_forget(session);
    if (!handshake)
        return;
    if (handshake->is_open)
        handshake->mechanism->close(handshake->state);
    tni_free_secret(handshake->state, handshake->mechanism->state_size);
    tni_peer_info_unref(handshake->peer);
    tni_free(handshake->held);
    tni_free(handshake->metadata);
    tni_free(handshake);
    session->handshake = NULL;
}

/* An ERROR may be among what the mechanism has said last. */
static int give_up(struct tni_session *session, int code)
{
    if (tni_buffer_left(&session->commands))
        tni_session_transmit(session);
    return code;
}

int tni_handshake_send(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    uint8_t body[COMMAND_MAX];
    ssize_t size;
    int rc = 0;

    while (rc == 0 && !session->question) {
        if (tni_admission_is_due(session)) {
            rc = tni_admission_ask(session);
            if (rc <= 0)
                return rc;
        }
        size = handshake->mechanism->next_command(handshake->state, body, sizeof body);
        if (size < 0)
            return give_up(session, (int)size);
        if (size == 0)
            return 0;
        rc = tni_session_command(session, body, (size_t)size);
    }
    return rc;
}

static void handshake_fault(tn_handshake_t *handshake, int fault)
{
    struct tni_session *session = (struct tni_session *)(void *)handshake;

    session->fault = fault;
}

void tni_handshake_complete(tn_host_t *host)
{
    host->handshake_fault = handshake_fault;
}

/* ------------------------------------------------------------------ greeting */

static bool is_old(const struct tni_handshake *handshake)
{
    return handshake->greeting.status != TNI_GREETING_INCOMPLETE &&
           handshake->greeting.status != TNI_GREETING_V3;
}

static int check_greeting(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    const struct tni_greeting_reader *peer = &handshake->greeting;

    if (is_old(handshake) && peer->status != TNI_GREETING_ALIEN &&
        tni_security_is_on(session->config))
        return tni_fail(-EPROTO,
                        "the peer speaks a protocol older than ZMTP 3.0, in which nobody can "
                        "show who he is");
    switch (peer->status) {
    case TNI_GREETING_V3:
        break;
    case TNI_GREETING_ALIEN:
        return tni_fail(-EPROTO, "the peer %s", peer->reason);
    default:
        session->has_commands = false;
        return tni_old_peer_greet(session, peer, handshake->mechanism->wire_name);
    }
    if (strcmp(peer->mechanism, handshake->mechanism->wire_name) != 0) {
        session->fault = TN_FAULT_MECHANISM;
        tni_session_transmit(session); /* the peer finds out the same by our greeting */
        return tni_fail(-EPROTO, "the peer wants the mechanism '%s', we use '%s'", peer->mechanism,
                        handshake->mechanism->wire_name);
    }
    session->has_commands = tni_greeting_is_31(peer);
    return tni_handshake_send(session);
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
        .keeps_unknown =
            session->stack.depth == 1 && !tni_security_asks(&session->config->security),
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
    if (!tni_pattern_is_compatible(session->config->pattern->peers, handshake->facts.socket_type))
        return refuse(session);
    pieces.metadata = metadata;
    pieces.metadata_size = size;
    rc = tni_peer_info_new(&pieces, &handshake->peer);
    return rc < 0 ? tni_fail(rc, "the peer's properties: %s", tni_error_name(rc)) : 0;
}

/* What encrypts goes on with its state; for others it ends here. */
static int install_codec(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    int rc;

    if (handshake->mechanism->encode) {
        rc = tni_secret_install(session, handshake->mechanism, handshake->state);
        if (rc < 0)
            return rc;
        handshake->is_open = false;
        handshake->state = NULL;
        return 0;
    }
    if (!session->has_commands && (session->config->pattern->flags & TN_PATTERN_REBUILDS))
        return tni_coder_install(session, &tni_codec_messages);
    return 0;
}

static int finish_if_ready(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    struct tn_peer_info *peer = handshake->peer;
    int rc;

    if (handshake->mechanism->status(handshake->state) != TN_MECHANISM_READY || !peer)
        return 0;
    rc = install_codec(session);
    if (rc < 0)
        return rc;
    handshake->peer = NULL;
    tni_handshake_end(session);
    return tni_session_is_up(session, peer);
}

/* Properties that come before the verdict wait for it: it belongs to the peer's description. */
static int hold_metadata(struct tni_handshake *handshake, const uint8_t *metadata, size_t size)
{
    if (handshake->held || handshake->peer)
        return tni_fail(-EPROTO, "the peer sent its properties twice");
    handshake->held = tni_malloc(size ? size : 1);
    if (!handshake->held)
        return tni_fail(-ENOMEM, "out of memory for a handshake");
    if (size)
        memcpy(handshake->held, metadata, size);
    handshake->held_size = size;
    return 0;
}

static int go_on(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;
    int rc = tni_handshake_send(session);

    if (rc < 0 || session->question)
        return rc;
    if (handshake->held) {
        rc = take_metadata(session, handshake->held, handshake->held_size);
        tni_free(handshake->held);
        handshake->held = NULL;
    }
    return rc < 0 ? rc : finish_if_ready(session);
}

int tni_handshake_go_on(struct tni_session *session)
{
    int rc = go_on(session);

    tni_wipe_stack();
    return rc;
}

static int on_command(struct tni_session *session, const uint8_t *body, size_t size)
{
    struct tni_handshake *handshake = session->handshake;
    const uint8_t *metadata = NULL;
    size_t metadata_size = 0;
    int rc;

    rc = handshake->mechanism->command(handshake->state, body, size, &metadata, &metadata_size);
    if (rc == 0 && metadata)
        rc = hold_metadata(handshake, metadata, metadata_size);
    return rc < 0 ? rc : go_on(session);
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
    if (!(flags & TNI_FRAME_COMMAND)) {
        session->fault = TN_FAULT_UNEXPECTED;
        return tni_fail(-EPROTO, "the peer sent a message before the handshake was done");
    }
    if (body_size > COMMAND_MAX)
        return tni_fail(-EPROTO, "the peer sent a handshake command of %llu bytes, %d are allowed",
                        (unsigned long long)body_size, COMMAND_MAX);
    if (body_size > size - (size_t)header)
        return 0;
    rc = on_command(session, bytes + header, (size_t)body_size);
    return rc < 0 ? rc : (ssize_t)((size_t)header + (size_t)body_size);
}

static ssize_t take_input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    if (session->handshake->greeting.status == TNI_GREETING_INCOMPLETE)
        return greeting_input(session, bytes, size);
    if (is_old(session->handshake))
        return old_input(session, bytes, size);
    return command_input(session, bytes, size);
}

ssize_t tni_handshake_input(struct tni_session *session, uint8_t *bytes, size_t size)
{
    ssize_t used;

    if (session->question)
        return 0;
    used = take_input(session, bytes, size);
    explicit_bzero(bytes, used < 0 ? size : (size_t)used);
    tni_wipe_stack();
    return used;
}
