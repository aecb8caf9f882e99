/* Peers of a pattern that come and go, in the middle of a message too, that are many, and that send junk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pattern_cases.h"
#include "raw.h"
#include "talk.h"

enum { COMPANIONS = 6, STEPS = 3000, MANY = 2000 };

/* ---- in any order ---- */

struct crowd {
    const struct subject *subject;
    struct talk *talk;
    struct talker member[COMPANIONS];
    bool is_here[COMPANIONS], is_halfway[COMPANIONS];
};

static void come_or_go(struct crowd *crowd, int i)
{
    struct talker *member = &crowd->member[i];
    if (crowd->is_here[i]) {
        talk_close(member);
    } else {
        talk_open(member, crowd->subject, crowd->talk->ctx, crowd->talk->companion);
        talk_connect(member, crowd->talk->endpoint);
    }
    crowd->is_here[i] = !crowd->is_here[i];
    crowd->is_halfway[i] = false;
}

static void act(struct crowd *crowd, int i, int what)
{
    struct talker *member = &crowd->member[i];

    if (what == 0 || !crowd->is_here[i])
        come_or_go(crowd, i);
    else if (crowd->is_halfway[i]) {
        talk_finish(member);
        crowd->is_halfway[i] = false;
    } else if (what < 3)
        crowd->is_halfway[i] = talk_begin(member) == 0;
    else if (what < 6)
        talk_send(member);
    else
        talk_recv(member, 0);
}

void conform_run_come_and_go(const struct subject *subject)
{
    struct talker *ours;
    struct crowd crowd = {.subject = subject};
    bool is_halfway = false;
    struct talk talk;

    talk_begin_pair(subject, &talk);
    ours = &talk.talker[0];
    crowd.talk = &talk;
    srandom(1);
    for (int step = 0; step < STEPS; step++) {
        act(&crowd, (int)(random() % COMPANIONS), (int)(random() % 9));
        if (is_halfway) {
            talk_finish(ours);
            is_halfway = false;
        } else if (step % 3 == 0) {
            is_halfway = random() % 4 == 0 ? talk_begin(ours) == 0 : (talk_send(ours), false);
        } else {
            talk_recv(ours, 0);
        }
    }
    if (is_halfway)
        talk_finish(ours);
    for (int i = 0; i < COMPANIONS; i++)
        if (crowd.is_here[i])
            talk_close(&crowd.member[i]);
    /* What its peers left is theirs; the one that stayed is still served. */
    for (int i = 0; i < STEPS && talk_recv(ours, 0) >= 0; i++)
        continue;
    talk_expect(&talk, "after peers have come and gone");
    talk_end_pair(&talk);
}

/* ---- in the middle of a message ---- */

/* A pattern that waits for the answer of a peer that has gone is right to do so. */
static void go_on(const struct subject *subject, struct talk *talk, const char *when)
{
    if (talk_send(&talk->talker[0]) == -TN_EFSM && talk_recv(&talk->talker[0], 10) < 0) {
        talk_renew(subject, talk);
        talk_close(&talk->talker[1]);
        talk_replace(subject, talk);
    }
    talk_expect(talk, when);
}

void conform_run_cut_messages(const struct subject *subject)
{
    struct talk talk;
    bool has_sent = false;

    talk_begin_pair(subject, &talk);
    if (talk.talker[0].is_single)
        conform_skip("its messages have one frame");
    for (int round = 0; round < 10; round++) {
        /* The peer goes between two frames of its message: none of it arrives. */
        if (talk_begin(&talk.talker[1]) == 0) {
            talk_close(&talk.talker[1]);
            talk_settle(talk.talker, 2);
            while (talk_recv(&talk.talker[0], 10) >= 0)
                continue;
            talk_replace(subject, &talk);
            go_on(subject, &talk, "after a peer went in the middle of a message");
        }
        /* It goes while we are between two frames: the rest must be taken, and go nowhere. */
        has_sent = talk_begin(&talk.talker[0]) == 0;
        if (has_sent) {
            talk_close(&talk.talker[1]);
            talk_settle(talk.talker, 2);
            CONFORM(talk_finish(&talk.talker[0]) != -EAGAIN,
                    "when a peer goes the rest of a message to it cannot be sent");
            talk_replace(subject, &talk);
        }
        go_on(subject, &talk, "after a peer went in the middle of our message to it");
    }
    talk_end_pair(&talk);
}

void conform_run_reply_to_gone(const struct subject *subject)
{
    struct talk talk;

    talk_begin_pair(subject, &talk);
    if (!talk.back)
        conform_skip("nobody says anything to it that could be answered");
    for (int round = 0; round < 20; round++) {
        int rc;

        talk_expect(&talk, "before a peer goes");
        for (int i = 0; i < 20 && talk_send(&talk.talker[1]) < 0; i++) {
            talk_send(&talk.talker[0]);
            talk_settle(talk.talker, 2);
            talk_recv(&talk.talker[1], 10);
        }
        talk_settle(talk.talker, 2);
        talk_recv(&talk.talker[0], 100);
        talk_close(&talk.talker[1]);
        if (round % 2)
            talk_settle(talk.talker, 2);
        rc = talk_send(&talk.talker[0]);
        CONFORM(rc == 0 || rc == -EAGAIN || rc == -EHOSTUNREACH || rc == -TN_EFSM || rc == -ENOTSUP,
                "an answer to a peer that has gone returns %d (%s)", rc, tn_strerror(rc));
        /* The pattern may wait for somebody who has gone: a new socket is as good. */
        talk_renew(subject, &talk);
        talk_replace(subject, &talk);
    }
    talk_end_pair(&talk);
}

/* ---- many ---- */

void conform_run_many_peers(const struct subject *subject)
{
    static struct talker many[MANY];
    struct talk talk;
    int heard = 0;

    talk_begin_pair(subject, &talk);
    for (int i = 0; i < MANY; i++) {
        talk_open(&many[i], subject, talk.ctx, talk.companion);
        talk_connect(&many[i], talk.endpoint);
    }
    for (int i = 0; i < MANY; i++) {
        if (talk_send(&many[i]) == 0 && talk_recv(&talk.talker[0], 0) >= 0)
            heard++;
        if (talk_send(&talk.talker[0]) == 0 && i % 100 == 0)
            talk_settle(many, MANY);
    }
    for (int i = 0; i < MANY; i++)
        talk_close(&many[i]);
    while (talk_recv(&talk.talker[0], 0) >= 0)
        continue;
    talk_expect(&talk, "after thousands of peers have come and gone");
    conform_note("%d peers at a time, %d of them were heard at once", MANY, heard);
    talk_end_pair(&talk);
}

/* ---- junk ---- */

/* Nothing, names that are not, delimiters, flags, many frames. */
static void send_junk(tn_socket_t *raw, int round)
{
    static const unsigned flags[] = {TN_MSG_SUBSCRIBE, TN_MSG_CANCEL, TN_MSG_JOIN, TN_MSG_LEAVE};
    int frames = round % 5 == 0 ? 200 : 1 + (int)(random() % 5);

    if (round % 4 == 3) {
        char topic[300];

        memset(topic, 'a' + round % 3, sizeof topic);
        raw_send_request(raw, topic, (size_t)random() % sizeof topic, flags[random() % 4]);
        return;
    }
    for (int i = 0; i < frames; i++) {
        char body[40];
        size_t size = random() % 3 ? (size_t)random() % sizeof body : 0;

        for (size_t j = 0; j < size; j++)
            body[j] = (char)random();
        if (tn_send(raw, body, size, TN_DONTWAIT | (i + 1 < frames ? TN_MORE : 0)) < 0)
            return;
    }
}

void conform_run_junk(const struct subject *subject)
{
    enum { ROUNDS = 400 };
    tn_ctx_t *ctx;
    struct talker ours;

    talk_needs_messages(subject);
    ctx = side_new_context(subject);
    raw_add_to(ctx, subject);
    talk_open(&ours, subject, ctx, subject->feature->name);
    CONFORM(tn_bind(ours.socket, "inproc://conform") == 0, "%s", tn_last_error());
    srandom(1);
    for (int round = 0; round < ROUNDS; round++) {
        tn_socket_t *raw = raw_socket(ctx, subject, NULL);
        char byte;

        CONFORM(tn_connect(raw, "inproc://conform") == 0, "%s", tn_last_error());
        for (int i = 0; i < 5; i++)
            send_junk(raw, round);
        for (int i = 0; i < 50 && tn_recv(ours.socket, &byte, 1, TN_DONTWAIT) >= 0; i++)
            continue;
        tn_send(ours.socket, "answer", 6, TN_DONTWAIT);
        for (int i = 0; i < 50 && tn_recv(raw, &byte, 1, TN_DONTWAIT) >= 0; i++)
            continue;
        if (round % 2)
            talk_settle(&ours, 1);
        tn_close(raw);
    }
    talk_settle(&ours, 1);
    talk_close(&ours);
    side_end_context(ctx);
}
