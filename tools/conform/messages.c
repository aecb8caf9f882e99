/* What arrives, and in which order. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tenon/transport.h>

#include "cases.h"
#include "sides.h"

void conform_run_exchange(const struct subject *subject)
{
    static const size_t sizes[] = {0, 1, 40, 255, 256, 8191, 65536, 1 << 20};
    struct pair pair;

    side_join(subject, &pair, "pair", "pair");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        side_exchange(&pair, sizes[i]);
    side_part(&pair);
}

void conform_run_order(const struct subject *subject)
{
    enum { MESSAGES = 20000 };
    struct pair pair;
    uint32_t number;

    side_join(subject, &pair, "pair", "pair");
    for (uint32_t sent = 0, got = 0; got < MESSAGES;) {
        while (sent < MESSAGES && tn_send(pair.connected, &sent, sizeof sent, TN_DONTWAIT) == 0)
            sent++;
        for (uint32_t burst = 0; burst < 500 && got < sent; burst++, got++) {
            CONFORM(tn_recv(pair.bound, &number, sizeof number, 0) == sizeof number,
                    "message %u of %d did not arrive: %s", got, MESSAGES, tn_last_error());
            CONFORM(number == got, "message %u arrived where %u was due", number, got);
        }
    }
    side_part(&pair);
}

void conform_run_multipart(const struct subject *subject)
{
    enum { FRAMES = 50 };
    struct pair pair;
    int64_t more = 0;

    side_join(subject, &pair, "pair", "pair");
    for (unsigned i = 0; i < FRAMES; i++)
        side_send_known(pair.connected, i * 100, i, i + 1 < FRAMES ? TN_MORE : 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        side_recv_known(pair.bound, i * 100, i);
        tn_get_int(pair.bound, "rcvmore", &more);
        CONFORM(!more == (i + 1 == FRAMES), "frame %u of %d says wrongly whether another follows",
                i, FRAMES);
    }
    side_part(&pair);
}

void conform_run_huge_message(const struct subject *subject)
{
    enum { TAKES = 50000 /* ms, on a machine that is busy */ };
    size_t size = subject->ends && strcmp(subject->ends, "pty") == 0 ? 1 << 20 : 32 << 20;
    struct pair pair;

    side_join(subject, &pair, "pair", "pair");
    tn_set_int(pair.bound, "rcvtimeo", TAKES);
    side_send_known(pair.connected, size, 5, 0);
    side_recv_known(pair.bound, size, 5);
    side_part(&pair);
}

void conform_run_fragments(const struct subject *subject)
{
    struct subject split = *subject;
    struct pair pair;
    char endpoint[SIDE_ENDPOINT];

    if (side_shape(subject) != TN_SHAPE_STREAM)
        conform_skip("for transports that carry streams");
    /* The layer "fault" reads and writes one byte at a time. */
    snprintf(endpoint, sizeof endpoint, "fault+%s%sfragment=1", subject->endpoint,
             strchr(subject->endpoint, '?') ? "&" : "?");
    split.endpoint = endpoint;
    if (subject->ends)
        conform_skip("its two ends are made for one connection, without layers");
    side_join(&split, &pair, "pair", "pair");
    side_exchange(&pair, 3000);
    side_exchange(&pair, 0);
    side_part(&pair);
}

void conform_run_high_water_mark(const struct subject *subject)
{
    enum { MOST = 200000, SIZE = 1024 };
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *pull = side_new_socket(ctx, "pull"), *push = side_new_socket(ctx, "push");
    char endpoint[SIDE_ENDPOINT], body[SIZE] = "";
    uint32_t sent = 0, number;
    int idle = 0;

    tn_set_int(pull, "rcvhwm", 10);
    tn_set_int(push, "sndhwm", 10);
    side_bind_somewhere(subject, pull, endpoint);
    side_connect_to(subject, push, endpoint);
    CONFORM(tn_wait_peers(push, 1, SIDE_WAIT) == 1, "nobody is at %s", endpoint);
    while (idle < 20 && sent < MOST) {
        memcpy(body, &sent, sizeof sent);
        if (tn_send(push, body, SIZE, TN_DONTWAIT) == 0) {
            sent++;
            idle = 0;
        } else {
            idle++;
            usleep(10000);
        }
    }
    CONFORM(sent < MOST, "%u messages were taken while nobody reads, with high-water marks of 10",
            sent);
    for (uint32_t i = 0; i < sent; i++) {
        CONFORM(tn_recv(pull, body, SIZE, 0) == SIZE,
                "message %u of %u did not arrive when reading went on: %s", i, sent,
                tn_last_error());
        memcpy(&number, body, sizeof number);
        CONFORM(number == i, "message %u arrived where %u was due", number, i);
    }
    CONFORM(tn_send(push, body, SIZE, 0) == 0, "after all was read a send still blocks: %s",
            tn_last_error());
    tn_close(push);
    tn_close(pull);
    side_end_context(ctx);
}
