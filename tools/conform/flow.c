/* What a pattern takes and gives, when it cannot, and what it says about that. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "pattern_cases.h"
#include "rules_host.h"
#include "talk.h"

static long ms_since(const struct timespec *then)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - then->tv_sec) * 1000 + (now.tv_nsec - then->tv_nsec) / 1000000;
}

void conform_run_messages_pass(const struct subject *subject)
{
    struct talk talk;

    talk_begin_pair(subject, &talk);
    for (int i = 0; i < 50; i++)
        talk_expect(&talk, "after some messages");
    conform_note("with %s; messages pass %s", talk.companion,
                 talk.forth && talk.back ? "both ways"
                 : talk.forth            ? "from it"
                                         : "to it");
    talk_end_pair(&talk);
}

/* ---- alone ---- */

static bool is_refusal(int rc)
{
    return rc == -EAGAIN || rc == -TN_EFSM || rc == -ENOTSUP || rc == -EHOSTUNREACH ||
           rc == -EINVAL;
}

static void try_alone(const struct subject *subject, tn_socket_t *socket)
{
    unsigned flags = talk_ops(subject)->flags;
    struct timespec began;
    char text[8];
    int rc;

    rc = (int)tn_recv(socket, text, sizeof text, TN_DONTWAIT);
    CONFORM(is_refusal(rc), "with no peer a tn_recv that does not wait returns %d", rc);
    CONFORM((flags & TN_PATTERN_RECEIVES) || rc == -ENOTSUP,
            "it does not receive, and tn_recv returns %d, not -ENOTSUP", rc);
    rc = tn_send(socket, "x", 1, TN_DONTWAIT);
    CONFORM(rc == 0 || is_refusal(rc), "with no peer a tn_send that does not wait returns %d", rc);
    CONFORM((flags & TN_PATTERN_SENDS) || rc == -ENOTSUP,
            "it does not send, and tn_send returns %d, not -ENOTSUP", rc);
    tn_set_int(socket, "rcvtimeo", 60);
    tn_set_int(socket, "sndtimeo", 60);
    clock_gettime(CLOCK_MONOTONIC, &began);
    rc = (int)tn_recv(socket, text, sizeof text, 0);
    CONFORM(is_refusal(rc) || rc == -ETIMEDOUT, "with no peer tn_recv returns %d", rc);
    rc = tn_send(socket, "x", 1, 0);
    CONFORM(rc == 0 || is_refusal(rc), "with no peer tn_send returns %d", rc);
    CONFORM(ms_since(&began) < 5000, "with no peer two calls of 60 ms took %ld ms",
            ms_since(&began));
}

void conform_run_would_block(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, subject->feature->name);

    try_alone(subject, socket);
    if (!(talk_ops(subject)->flags & TN_PATTERN_ADDRESSES_DATAGRAMS)) {
        tn_bind(socket, "inproc://conform"); /* a bind is no peer */
        try_alone(subject, socket);
    }
    tn_close(socket);
    side_end_context(ctx);
}

/* ---- poll ---- */

static void check_poll(const struct subject *subject, struct talker *talker, const char *when)
{
    unsigned flags = talk_ops(subject)->flags;
    tn_pollitem_t item = {.socket = talker->socket, .events = TN_POLLIN | TN_POLLOUT};
    int rc;

    tn_poll(&item, 1, 0);
    if (!(item.revents & TN_POLLOUT) && (flags & TN_PATTERN_SENDS)) {
        rc = talk_send(talker);
        CONFORM(rc < 0, "%s poll does not say TN_POLLOUT, and yet a message can be sent", when);
    }
    tn_poll(&item, 1, 0);
    if (!(flags & TN_PATTERN_RECEIVES))
        CONFORM(!(item.revents & TN_POLLIN), "%s poll says TN_POLLIN, and it cannot receive", when);
    if (!(item.revents & TN_POLLIN)) {
        rc = talk_recv(talker, 0);
        CONFORM(rc < 0, "%s poll does not say TN_POLLIN, and yet there is a message", when);
    } else {
        char byte;

        /* Any frame, or another answer than "not now": a survey that is over. */
        rc = (int)tn_recv(talker->socket, &byte, 0, TN_DONTWAIT);
        CONFORM(rc != -EAGAIN, "%s poll says TN_POLLIN, and there is nothing", when);
        for (int64_t more = 1;
             rc >= 0 && tn_get_int(talker->socket, "rcvmore", &more) == 0 && more;)
            rc = (int)tn_recv(talker->socket, &byte, 0, TN_DONTWAIT);
    }
}

void conform_run_poll_agrees(const struct subject *subject)
{
    struct talk talk;
    tn_ctx_t *ctx;
    struct talker alone;

    talk_begin_pair(subject, &talk);
    for (int round = 0; round < 20; round++) {
        check_poll(subject, &talk.talker[0], "with a peer");
        talk_send(&talk.talker[1]);
        talk_settle(talk.talker, 2);
        check_poll(subject, &talk.talker[0], "after the peer may have sent");
        talk_recv(&talk.talker[1], 0);
    }
    talk_close(&talk.talker[1]);
    talk_settle(talk.talker, 2);
    check_poll(subject, &talk.talker[0], "after the peer has gone");
    talk_close(&talk.talker[0]);
    side_end_context(talk.ctx);

    ctx = side_new_context(subject);
    talk_open(&alone, subject, ctx, subject->feature->name);
    check_poll(subject, &alone, "with no peer");
    talk_close(&alone);
    side_end_context(ctx);
}

/* ---- marks ---- */

static uint64_t drops_of(tn_socket_t *socket)
{
    uint64_t sum = 0;
    tn_stats_t stats;

    CONFORM(tn_stats(socket, &stats) == 0, "%s", tn_last_error());
    for (int i = 0; i < TN_DROP_REASONS; i++)
        sum += stats.dropped[i];
    return sum;
}

void conform_run_marks(const struct subject *subject)
{
    enum { MARK = 5, MOST = 20000 };
    const char *companion;
    struct talk talk;
    uint32_t sent, received;
    uint64_t drops;
    int rc = 0;

    talk_begin_pair(subject, &talk);
    companion = talk.companion;
    if (!talk.forth)
        conform_skip("it sends nothing");
    talk_end_pair(&talk);

    talk.ctx = side_new_context(subject);
    talk_open(&talk.talker[0], subject, talk.ctx, subject->feature->name);
    talk_open(&talk.talker[1], subject, talk.ctx, companion);
    tn_set_int(talk.talker[0].socket, "sndhwm", MARK);
    tn_set_int(talk.talker[1].socket, "rcvhwm", MARK);
    CONFORM(tn_bind(talk.talker[0].socket, "inproc://conform") == 0, "%s", tn_last_error());
    talk_connect(&talk.talker[1], "inproc://conform");
    talk_settle(talk.talker, 2);
    talk_warm_up(&talk);
    for (int i = 0; i < 10 && talk_recv(&talk.talker[1], 0) >= 0; i++)
        continue;
    sent = talk.talker[0].sent;
    received = talk.talker[1].received;
    drops = drops_of(talk.talker[0].socket) + drops_of(talk.talker[1].socket);
    while (talk.talker[0].sent - sent < MOST && rc == 0) {
        rc = talk_send(&talk.talker[0]);
        if (rc == 0 && drops_of(talk.talker[0].socket) - drops > MARK)
            break;
    }
    CONFORM(talk.talker[0].sent - sent < MOST,
            "%d messages were taken while nobody reads, with high-water marks of %d, and none was "
            "counted as dropped",
            MOST, MARK);
    talk_settle(talk.talker, 2);
    for (int i = 0; i < MOST && talk_recv(&talk.talker[1], 50) >= 0; i++)
        continue;
    sent = talk.talker[0].sent - sent;
    received = talk.talker[1].received - received;
    drops = drops_of(talk.talker[0].socket) + drops_of(talk.talker[1].socket) - drops;
    CONFORM(received + drops >= sent,
            "of %u messages that were taken %u arrived and %llu were counted as dropped "
            "(host->sock_drop)",
            sent, received, (unsigned long long)drops);
    talk_expect(&talk, "after the peer was full");
    conform_note("%u messages taken, %u arrived, %llu dropped and counted; then %s", sent, received,
                 (unsigned long long)drops, rc == 0 ? "more are dropped" : tn_strerror(rc));
    talk_end_pair(&talk);
}

/* ---- memory ---- */

void conform_run_no_allocation(const struct subject *subject)
{
    enum { WARM = 300, MORE = 1000 };
    struct talk talk;
    long before, after;

    talk_begin_pair(subject, &talk);
    if (talk.forth && (talk_ops(subject)->flags & TN_PATTERN_TAKES_SUBSCRIPTIONS))
        talk.back = 0; /* what comes are requests, now and then */
    for (int i = 0; i < WARM; i++)
        talk_expect(&talk, "after some messages");
    before = rules_host_allocations();
    for (int i = 0; i < MORE; i++)
        talk_expect(&talk, "after some messages");
    after = rules_host_allocations();
    CONFORM(after - before < MORE / 10, "%ld allocations by host->alloc for %d messages",
            after - before, MORE);
    talk_end_pair(&talk);
}
