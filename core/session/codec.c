#include "session/codec.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "session/session.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"

enum {
    MARKS = 256, /* messages that are encoded and not yet written */
    WORTH = 64 * 1024, /* bytes in one write */
    KEPT = 128 * 1024, /* bytes of memory while nothing is encoded */
};

struct tni_coder {
    const struct tni_codec *codec;
    bool in_message; /* the last frame that was encoded has a successor */
    uint8_t *bytes;
    size_t from, size, capacity; /* bytes[from .. size) wait for the kernel */
    uint64_t taken; /* bytes that lay before `from` */
    uint64_t ends[MARKS]; /* where messages end, counted like `taken`; a ring */
    unsigned first, count;
    alignas(16) uint8_t state[];
};

/* ------------------------------------------------------------------ what waits */

static size_t waiting(const struct tni_coder *coder)
{
    return coder->size - coder->from;
}

/* Room for `size` more bytes. */
static int reserve(struct tni_coder *coder, size_t size)
{
    size_t left = waiting(coder);
    size_t capacity = coder->capacity ? coder->capacity : 1024;
    uint8_t *grown;

    if (coder->from) {
        memmove(coder->bytes, coder->bytes + coder->from, left);
        coder->from = 0;
        coder->size = left;
    }
    if (size > SIZE_MAX / 4)
        return tni_fail(-ENOMEM, "out of memory for a message to the peer");
    while (capacity - left < size)
        capacity *= 2;
    if (capacity == coder->capacity)
        return 0;
    grown = tni_realloc(coder->bytes, capacity);
    if (!grown)
        return tni_fail(-ENOMEM, "out of memory for a message to the peer");
    coder->bytes = grown;
    coder->capacity = capacity;
    return 0;
}

static void let_memory_go(struct tni_coder *coder)
{
    coder->from = coder->size = 0;
    if (coder->capacity <= KEPT)
        return;
    tni_free(coder->bytes);
    coder->bytes = NULL;
    coder->capacity = 0;
}

void tni_coder_shrink(struct tni_session *session)
{
    struct tni_coder *coder = session->coder;

    if (!coder || waiting(coder))
        return;
    tni_free(coder->bytes);
    coder->bytes = NULL;
    coder->capacity = 0;
}

/* ------------------------------------------------------------------ life */

int tni_coder_install(struct tni_session *session, const struct tni_codec *codec)
{
    size_t before = tni_buffer_left(&session->commands);
    struct tni_coder *coder = tni_calloc(1, sizeof *coder + codec->state_size);

    if (!coder)
        return tni_fail(-ENOMEM, "out of memory for a connection");
    coder->codec = codec;
    if (before) {
        if (reserve(coder, before) < 0) {
            tni_free(coder);
            return -ENOMEM;
        }
        memcpy(coder->bytes, session->commands.bytes + session->commands.from, before);
        coder->size = before;
        tni_buffer_clear(&session->commands);
    }
    session->codec = codec;
    session->coder = coder;
    return 0;
}

void *tni_coder_state(struct tni_session *session)
{
    return session->coder->state;
}

void tni_coder_end(struct tni_session *session)
{
    struct tni_coder *coder = session->coder;

    if (!coder)
        return;
    if (coder->codec->fini)
        coder->codec->fini(coder->state);
    tni_free(coder->bytes);
    tni_free(coder);
    session->coder = NULL;
    session->codec = NULL;
}

/* ------------------------------------------------------------------ encoding */

static int encode(struct tni_coder *coder, unsigned flags, const uint8_t *body, size_t size)
{
    ssize_t written;
    int rc = reserve(coder, size + coder->codec->overhead);

    if (rc < 0)
        return rc;
    written = coder->codec->encode(coder->state, flags, body, size, coder->bytes + coder->size);
    if (written < 0)
        return (int)written;
    coder->size += (size_t)written;
    return 0;
}

/* `commands` holds whole frames as tni_session_command wrote them. */
static int encode_commands(struct tni_coder *coder, struct tni_buffer *commands)
{
    int rc = 0;

    while (rc == 0 && tni_buffer_left(commands)) {
        const uint8_t *bytes = commands->bytes + commands->from;
        unsigned flags = 0;
        uint64_t size = 0;
        int header = tni_frame_decode(bytes, tni_buffer_left(commands), &flags, &size);

        rc = encode(coder, flags, bytes + header, (size_t)size);
        tni_buffer_take(commands, (size_t)header + (size_t)size);
    }
    return rc;
}

/* To a peer that knows no commands a subscription is a message: 1 or 0, then the topic. */
static int encode_subscription(struct tni_coder *coder, const struct tni_command_view *command)
{
    uint8_t *message = tni_malloc(command->size + 1);
    int rc;

    if (!message)
        return tni_fail(-ENOMEM, "out of memory for subscriptions");
    message[0] = command->kind == TNI_COMMAND_SUBSCRIBE;
    if (command->size)
        memcpy(message + 1, command->data, command->size);
    rc = encode(coder, 0, message, command->size + 1);
    tni_free(message);
    return rc;
}

static int encode_frame(struct tni_session *session, const struct tni_frame_view *view)
{
    struct tni_coder *coder = session->coder;
    struct tni_command_view command;

    if (!session->has_commands && (view->flags & TNI_FRAME_COMMAND) &&
        tni_command_parse(view->body, (size_t)view->size, &command) == 0 &&
        (command.kind == TNI_COMMAND_SUBSCRIBE || command.kind == TNI_COMMAND_CANCEL))
        return encode_subscription(coder, &command);
    return encode(coder, view->flags, view->body, (size_t)view->size);
}

static void mark_end(struct tni_coder *coder)
{
    coder->ends[(coder->first + coder->count++) % MARKS] = coder->taken + waiting(coder);
}

int tni_coder_fill(struct tni_session *session, bool may_send)
{
    struct tni_coder *coder = session->coder;
    struct tni_frame_view view;
    int rc = 0;

    while (rc == 0 && coder->count < MARKS && waiting(coder) < WORTH) {
        if (!coder->in_message)
            rc = encode_commands(coder, &session->commands);
        if (rc < 0 || !may_send || !tni_chain_look(tni_session_out(session), &view))
            break;
        rc = encode_frame(session, &view);
        if (rc < 0)
            break;
        tni_chain_next(tni_session_out(session), &view);
        coder->in_message = view.flags & TNI_FRAME_MORE;
        if (!coder->in_message)
            mark_end(coder);
    }
    return rc;
}

const uint8_t *tni_coder_bytes(const struct tni_session *session, size_t *out_size)
{
    const struct tni_coder *coder = session->coder;

    *out_size = waiting(coder);
    return coder->bytes + coder->from;
}

void tni_coder_sent(struct tni_session *session, size_t size)
{
    struct tni_coder *coder = session->coder;
    uint64_t messages = 0;

    coder->from += size;
    coder->taken += size;
    while (coder->count && coder->ends[coder->first] <= coder->taken) {
        coder->first = (coder->first + 1) % MARKS;
        coder->count--;
        messages++;
    }
    if (messages)
        tni_chain_handed(tni_session_out(session), messages);
    if (!waiting(coder))
        let_memory_go(coder);
}

/* ------------------------------------------------------------------ a codec */

static ssize_t as_it_is(void *state, unsigned flags, const uint8_t *body, size_t size, uint8_t *out)
{
    size_t header = tni_frame_encode(out, flags, size);

    (void)state;
    if (size)
        memcpy(out + header, body, size);
    return (ssize_t)(header + size);
}

const struct tni_codec tni_codec_messages = {
    .name = "messages", .overhead = TNI_FRAME_HEADER_MAX, .encode = as_it_is};
