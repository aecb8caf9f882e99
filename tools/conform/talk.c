#include "talk.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAGIC = 0x4d464e43, PAYLOAD = 24, FRAMES = 32, SMALL = 24, ROUNDS = 6 };

struct payload {
    uint32_t magic, sender, number;
    uint16_t part, parts;
    uint8_t filler[PAYLOAD - 16];
};

static const char *const group = "conform";

bool talk_has_messages(const struct subject *subject)
{
    return !(talk_ops(subject)->flags & TN_PATTERN_ADDRESSES_DATAGRAMS) &&
           strcmp(talk_ops(subject)->wire_name, "STREAM") != 0;
}

void talk_needs_messages(const struct subject *subject)
{
    if (!talk_has_messages(subject))
        conform_skip("it carries bytes or datagrams, not messages; --script can say what it does");
}

/* ---- who goes with whom ---- */

static bool names(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* A pattern of the module, or of those that are installed, by a wire name that the subject talks to. */
static bool find_pattern(const struct subject *subject, const char *wire_name, char *out,
                         size_t size)
{
    tn_ctx_t *ctx;
    tn_socket_t *socket;

    for (const tn_feature_t *const *feature = subject->module->features; *feature; feature++) {
        const tn_pattern_ops_t *ops = (*feature)->ops;

        if ((*feature)->kind == TN_PATTERN && strcmp(ops->wire_name, wire_name) == 0 &&
            names(ops->peers, talk_ops(subject)->wire_name)) {
            snprintf(out, size, "%s", (*feature)->name);
            return true;
        }
    }
    for (size_t i = 0; i < size && (i == 0 || out[i - 1]); i++)
        out[i] = (char)tolower((unsigned char)wire_name[i]);
    out[size - 1] = '\0';
    ctx = side_new_context(subject);
    socket = tn_socket(ctx, out);
    if (socket)
        tn_close(socket);
    side_end_context(ctx);
    return socket != NULL;
}

static void join_pair(const struct subject *subject, struct talk *talk, const char *companion)
{
    size_t size = sizeof talk->endpoint;

    memset(talk, 0, sizeof *talk);
    talk->companion = companion;
    talk->ctx = side_new_context(subject);
    talk_open(&talk->talker[0], subject, talk->ctx, subject->feature->name);
    CONFORM(tn_bind(talk->talker[0].socket, "inproc://conform") == 0, "%s", tn_last_error());
    CONFORM(tn_get_str(talk->talker[0].socket, "last_endpoint", talk->endpoint, &size) == 0, "%s",
            tn_last_error());
    talk_open(&talk->talker[1], subject, talk->ctx, companion);
    talk_connect(&talk->talker[1], talk->endpoint);
    talk_settle(talk->talker, 2);
}

const char *talk_find_companion(const struct subject *subject)
{
    static char best[32];
    int most = 0;

    for (const char *const *peer = talk_ops(subject)->peers; *peer; peer++) {
        char name[sizeof best];
        struct talk talk;
        int ways;

        if (!find_pattern(subject, *peer, name, sizeof name))
            continue;
        join_pair(subject, &talk, name);
        talk_warm_up(&talk);
        ways = talk.forth + talk.back;
        for (int i = 0; i < ROUNDS; i++) /* who may speak at any time shows more of the subject */
            ways += talk_send(&talk.talker[1]) == 0;
        talk_end_pair(&talk);
        if (ways > most) {
            most = ways;
            strcpy(best, name);
        }
    }
    return most ? best : NULL;
}

const char *talk_companion(const struct subject *subject)
{
    const char *companion;

    talk_needs_messages(subject);
    companion = talk_find_companion(subject);
    if (!companion)
        conform_skip("no pattern that is installed exchanges messages with it without more ado; "
                     "--script can say what it does");
    return companion;
}

/* ---- sockets ---- */

void talk_open(struct talker *talker, const struct subject *subject, tn_ctx_t *ctx,
               const char *pattern)
{
    static uint32_t next_id;
    unsigned flags = talk_ops(subject)->flags;

    memset(talker, 0, sizeof *talker);
    talker->socket = side_new_socket(ctx, pattern);
    talker->id = next_id++ % TALK_IDS;
    talker->is_single = flags & TN_PATTERN_SINGLE_FRAMES;
    talker->has_groups = flags & (TN_PATTERN_JOINS | TN_PATTERN_TAKES_GROUPS);
    if (talker->has_groups) {
        talker->is_single = true; /* RFC 48 */
        tn_join(talker->socket, group);
    }
    tn_subscribe(talker->socket, "", 0);
    if (strcmp(pattern, "xsub") == 0) /* asks by a message */
        tn_send(talker->socket, "\1", 1, TN_DONTWAIT);
}

void talk_close(struct talker *talker)
{
    for (size_t i = 0; i < talker->envelope_count; i++)
        tn_msg_close(&talker->envelope[i]);
    talker->envelope_count = 0;
    tn_close(talker->socket);
    talker->socket = NULL;
}

void talk_connect(struct talker *talker, const char *endpoint)
{
    if (tn_connect_peer(talker->socket, endpoint, &talker->routing_id) == 0)
        return;
    CONFORM(tn_connect(talker->socket, endpoint) == 0, "%s", tn_last_error());
}

void talk_settle(struct talker *talkers, size_t count)
{
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++) {
            tn_pollitem_t item = {.socket = talkers[i].socket, .events = TN_POLLIN | TN_POLLOUT};

            if (item.socket)
                tn_poll(&item, 1, 0);
        }
    }
}

/* ---- messages ---- */

static int send_frame(struct talker *talker, const struct payload *payload, bool has_more)
{
    tn_msg_t msg;
    int rc = tn_msg_init_copy(&msg, payload, sizeof *payload);

    CONFORM(rc == 0, "%s", tn_last_error());
    if (talker->routing_id)
        tn_msg_set_routing_id(&msg, talker->routing_id);
    if (talker->has_groups)
        tn_msg_set_group(&msg, group);
    rc = tn_msg_send(talker->socket, &msg, TN_DONTWAIT | (has_more ? TN_MORE : 0));
    if (rc < 0)
        tn_msg_close(&msg);
    return rc < 0 ? rc : 0;
}

static int send_envelope(struct talker *talker)
{
    for (size_t i = 0; i < talker->envelope_count; i++) {
        tn_msg_t copy;
        int rc;

        tn_msg_init(&copy);
        CONFORM(tn_msg_copy(&copy, &talker->envelope[i]) == 0, "%s", tn_last_error());
        if (talker->routing_id)
            tn_msg_set_routing_id(&copy, talker->routing_id);
        rc = tn_msg_send(talker->socket, &copy, TN_DONTWAIT | TN_MORE);
        if (rc < 0) {
            tn_msg_close(&copy);
            return rc;
        }
    }
    return 0;
}

static struct payload make_payload(const struct talker *talker, uint16_t parts)
{
    struct payload payload = {
        .magic = MAGIC, .sender = talker->id, .number = talker->sent + 1, .parts = parts};

    memset(payload.filler, (int)payload.number, sizeof payload.filler);
    return payload;
}

int talk_send(struct talker *talker)
{
    struct payload payload =
        make_payload(talker, talker->is_single ? 1 : (uint16_t)(1 + talker->sent % TALK_PARTS));
    int rc = send_envelope(talker);

    for (; rc == 0 && payload.part < payload.parts; payload.part++)
        rc = send_frame(talker, &payload, payload.part + 1 < payload.parts);
    talker->sent += rc == 0;
    return rc;
}

int talk_begin(struct talker *talker)
{
    struct payload payload = make_payload(talker, 2);
    int rc = talker->is_single ? -EINVAL : send_envelope(talker);

    return rc == 0 ? send_frame(talker, &payload, true) : rc;
}

int talk_finish(struct talker *talker)
{
    struct payload payload = make_payload(talker, 2);
    int rc;

    payload.part = 1;
    rc = send_frame(talker, &payload, false);
    talker->sent++;
    return rc;
}

static const struct payload *payload_of(tn_msg_t *msg)
{
    const struct payload *payload = tn_msg_data(msg);

    return tn_msg_size(msg) == sizeof *payload && payload->magic == MAGIC ? payload : NULL;
}

static void keep_envelope(struct talker *talker, tn_msg_t *frames, size_t count)
{
    for (size_t i = 0; i < talker->envelope_count; i++)
        tn_msg_close(&talker->envelope[i]);
    talker->envelope_count = count < TALK_ENVELOPE ? count : TALK_ENVELOPE;
    for (size_t i = 0; i < talker->envelope_count; i++) {
        tn_msg_init(&talker->envelope[i]);
        tn_msg_move(&talker->envelope[i], &frames[i]);
    }
}

/* The frames from the first one of ours on. */
static uint32_t check_message(struct talker *talker, tn_msg_t *frames, size_t count)
{
    struct payload first = *payload_of(&frames[0]);

    CONFORM(first.part == 0, "a message begins with frame %u of %u: the first ones are lost",
            first.part + 1u, first.parts);
    CONFORM(first.sender < TALK_IDS, "a message is not what was sent");
    for (size_t i = 0; i < count; i++) {
        const struct payload *payload = payload_of(&frames[i]);

        CONFORM(payload && payload->part == i && payload->sender == first.sender &&
                    payload->number == first.number,
                "frame %zu of a message belongs to another one", i + 1);
    }
    CONFORM(first.parts == count, "a message of %u frames arrives with %zu", first.parts, count);
    CONFORM(first.number > talker->last[first.sender],
            "message %u of a peer arrives after its message %u: twice, or out of order",
            first.number, talker->last[first.sender]);
    talker->last[first.sender] = first.number;
    talker->received++;
    return first.sender;
}

/* 0: a message without a frame of ours: a notice of the pattern. */
static int take(struct talker *talker, tn_msg_t *frames, size_t count, uint32_t *out_sender)
{
    size_t front = 0;

    while (front < count && !payload_of(&frames[front]))
        front++;
    if (tn_msg_routing_id(&frames[0]))
        talker->routing_id = tn_msg_routing_id(&frames[0]);
    if (front == count)
        return 0;
    *out_sender = check_message(talker, frames + front, count - front);
    keep_envelope(talker, frames, front);
    return 1;
}

int talk_recv(struct talker *talker, int timeout)
{
    tn_msg_t frames[FRAMES];
    uint32_t sender = 0;
    int count, rc = 0;

    tn_set_int(talker->socket, "rcvtimeo", timeout);
    do {
        for (int i = 0; i < FRAMES; i++)
            tn_msg_init(&frames[i]);
        count = tn_recv_parts(talker->socket, frames, FRAMES, 0);
        if (count > 0)
            rc = take(talker, frames, (size_t)count, &sender);
        for (int i = 0; i < FRAMES; i++)
            tn_msg_close(&frames[i]);
    } while (count > 0 && rc == 0);
    tn_set_int(talker->socket, "rcvtimeo", SIDE_WAIT);
    return count > 0 ? (int)sender : count;
}

/* ---- two ---- */

void talk_begin_pair(const struct subject *subject, struct talk *talk)
{
    join_pair(subject, talk, talk_companion(subject));
    talk_warm_up(talk);
}

void talk_warm_up(struct talk *talk)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            int rc = talk_send(&talk->talker[i]);

            talk_settle(talk->talker, 2);
            if (rc == 0 && talk_recv(&talk->talker[1 - i], 20) >= 0)
                ++*(i == 0 ? &talk->forth : &talk->back);
        }
    }
}

void talk_expect(struct talk *talk, const char *when)
{
    bool forth = !talk->forth, back = !talk->back;

    talk_settle(talk->talker, 2);
    for (int i = 0; i < 2; i++) /* what is left from before */
        while (talk_recv(&talk->talker[i], 0) >= 0)
            continue;
    /* Which one may speak first is the pattern's business. */
    for (int round = 0; round < 3 * ROUNDS && !(forth && back); round++) {
        for (int i = 0; i < 2; i++) {
            int rc;

            if (i == 0 ? !talk->forth : !talk->back)
                continue;
            rc = talk_send(&talk->talker[i]);
            talk_settle(talk->talker, 2);
            if (talk_recv(&talk->talker[1 - i], rc == 0 ? 100 : 1) >= 0)
                *(i == 0 ? &forth : &back) = true;
        }
    }
    CONFORM(forth && back, "%s no message gets through %s", when,
            forth ? "to it any more" : "from it any more");
}

void talk_replace(const struct subject *subject, struct talk *talk)
{
    talk_open(&talk->talker[1], subject, talk->ctx, talk->companion);
    talk_connect(&talk->talker[1], talk->endpoint);
    talk_settle(talk->talker, 2);
}

void talk_renew(const struct subject *subject, struct talk *talk)
{
    talk_close(&talk->talker[0]);
    talk_open(&talk->talker[0], subject, talk->ctx, subject->feature->name);
    CONFORM(tn_bind(talk->talker[0].socket, talk->endpoint) == 0, "%s", tn_last_error());
}

void talk_end_pair(struct talk *talk)
{
    talk_close(&talk->talker[1]);
    talk_close(&talk->talker[0]);
    side_end_context(talk->ctx);
}
