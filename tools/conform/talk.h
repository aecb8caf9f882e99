/*
 * talk.h: sockets of a pattern and of those it talks to, whatever the pattern is: messages of which each frame
 * says whose and which it is, answered to where they came from.
 *
 * What a pattern puts in front of a message (routing ids, addresses) is kept by the one who received it, and put
 * in front of what it sends next. One thread.
 */
#ifndef TENON_TOOLS_CONFORM_TALK_H
#define TENON_TOOLS_CONFORM_TALK_H

#include <tenon/pattern.h>

#include "conform.h"
#include "sides.h"

enum { TALK_PARTS = 4, TALK_ENVELOPE = 8, TALK_IDS = 4096 };

struct talker {
    tn_socket_t *socket;
    uint32_t id; /* below TALK_IDS; no two that live have the same */
    bool is_single; /* one frame a message */
    bool has_groups;
    uint32_t sent, received;
    uint32_t last[TALK_IDS]; /* by the sender's id: the number received last */
    tn_msg_t envelope[TALK_ENVELOPE];
    size_t envelope_count;
    uint32_t routing_id;
};

static inline const tn_pattern_ops_t *talk_ops(const struct subject *subject)
{
    return (const tn_pattern_ops_t *)subject->feature->ops;
}

/** Skips the case where messages cannot be followed: patterns of plain bytes or of datagrams. */
void talk_needs_messages(const struct subject *subject);
bool talk_has_messages(const struct subject *subject);
/** The name of a pattern whose sockets exchange messages with those of the subject; NULL: none. */
const char *talk_find_companion(const struct subject *subject);
/** Likewise; skips the case when there is none. */
const char *talk_companion(const struct subject *subject);

/** Opens a socket, which subscribes to, or joins, what there is. */
void talk_open(struct talker *talker, const struct subject *subject, tn_ctx_t *ctx,
               const char *pattern);
void talk_close(struct talker *talker);
/** Connects; `endpoint` is one that somebody bound. */
void talk_connect(struct talker *talker, const char *endpoint);

/** Sends one message of 1 to 4 frames, without waiting. 0, or the code with which it was refused. */
int talk_send(struct talker *talker);
/** Begins one: the first frame of two. talk_finish sends the other one. */
int talk_begin(struct talker *talker);
int talk_finish(struct talker *talker);
/** Receives one message, waiting up to `timeout` ms: the sender's id; -EAGAIN and other codes: none. What came
 *  must be whole, each sender's in order, and none twice. */
int talk_recv(struct talker *talker, int timeout);

/** Everybody takes in what has happened. */
void talk_settle(struct talker *talkers, size_t count);

/** A bound socket of the subject, talker 0, and a companion, talker 1, that has connected. */
struct talk {
    tn_ctx_t *ctx;
    char endpoint[SIDE_ENDPOINT];
    const char *companion;
    struct talker talker[2];
    int forth, back; /* how many messages of the warm-up got from 0 to 1, and from 1 to 0 */
};

void talk_begin_pair(const struct subject *subject, struct talk *talk);
void talk_end_pair(struct talk *talk);
/** A new companion in place of the one that was closed. */
void talk_replace(const struct subject *subject, struct talk *talk);
/** A new socket of the subject in place of the one there is. */
void talk_renew(const struct subject *subject, struct talk *talk);
/** Finds out `forth` and `back`: some patterns must be spoken to first. */
void talk_warm_up(struct talk *talk);
/** One message each way, as far as there is one. Fails the case with `when`, unless they get through. */
void talk_expect(struct talk *talk, const char *when);

#endif
