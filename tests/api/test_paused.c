/*
 * A peer whose messages fill the queue up to its mark while the program takes none: the rest stays with
 * the kernel, heartbeats go on, and nothing is lost or out of order when the program comes back.
 */
#include "api.h"

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MARK = 50, BODY = 100, HEAD = 2, FRAME = HEAD + BODY, PING_MS = 100, DEAD_MS = 1000 };

struct paused {
    tn_ctx_t *ctx;
    tn_socket_t *server;
    int fd; /* the peer */
    int sent, taken;
};

static void open_paused(struct paused *paused)
{
    memset(paused, 0, sizeof *paused);
    paused->ctx = api_ctx();
    paused->server = api_socket(paused->ctx, "pull");
    assert_ok(tn_set_int(paused->server, "rcvhwm", MARK));
}

/* After the options. */
static void start(struct paused *paused)
{
    char endpoint[API_ENDPOINT_MAX];

    api_bind(paused->server, API_TCP, endpoint);
    paused->fd = api_raw_connect(endpoint);
    api_raw_handshake(paused->fd, 1, "PUSH");
    assert_ok(tn_wait_peers(paused->server, 1, API_TIMEOUT_MS));
}

static void push(struct paused *paused, int count)
{
    for (int i = 0; i < count; i++) {
        uint8_t frame[FRAME] = {0, BODY, (uint8_t)paused->sent++};

        api_raw_write(paused->fd, frame, sizeof frame);
    }
}

static uint64_t queued(const struct paused *paused)
{
    tn_peer_t peer;

    assert_int_equal(tn_peers(paused->server, &peer, 1), 1);
    return peer.queued_in;
}

static void await_full(const struct paused *paused)
{
    while (queued(paused) < MARK)
        sched_yield();
}

static void take(struct paused *paused, int count)
{
    uint8_t body[BODY];

    for (int i = 0; i < count; i++) {
        assert_int_equal(assert_ok(tn_recv(paused->server, body, sizeof body, 0)), BODY);
        assert_int_equal(body[0], (uint8_t)paused->taken++);
    }
}

static void close_paused(struct paused *paused)
{
    close(paused->fd);
    assert_ok(tn_close(paused->server));
    api_ctx_end(paused->ctx);
}

static void expect_command(int fd, const char *start)
{
    uint8_t head[2], body[255];

    api_raw_read(fd, head, sizeof head);
    assert_int_equal(head[0], 4);
    api_raw_read(fd, body, head[1]);
    assert_true(head[1] >= strlen(start));
    assert_memory_equal(body, start, strlen(start));
}

static void test_queue_fills_to_its_mark_and_goes_on_in_order(void **state)
{
    enum { TURNS = 20 };
    struct paused paused;

    (void)state;
    open_paused(&paused);
    start(&paused);
    for (int i = 0; i < TURNS; i++) {
        push(&paused, 10 * MARK);
        await_full(&paused);
        assert_int_equal(queued(&paused), MARK);
        take(&paused, i % 2 ? paused.sent - paused.taken : MARK + i);
    }
    take(&paused, paused.sent - paused.taken);
    close_paused(&paused);
}

/* The queue is full, and nothing was refused yet. */
static void test_heartbeat_behind_a_full_queue_is_answered(void **state)
{
    static const uint8_t ping[] = {4, 11, 4, 'P', 'I', 'N', 'G', 0, 0, 'c', 't', 'x', '1'};
    struct paused paused;

    (void)state;
    open_paused(&paused);
    start(&paused);
    for (int i = 0; i < 3; i++) {
        push(&paused, MARK);
        await_full(&paused);
        api_raw_write(paused.fd, ping, sizeof ping);
        expect_command(paused.fd, "\4PONGctx1");
        take(&paused, MARK);
    }
    close_paused(&paused);
}

/* Its answers would stand behind its messages: that it sends at all shows that it is there. */
static void test_paused_peer_that_sends_is_not_given_up_as_silent(void **state)
{
    enum { PINGS = DEAD_MS / PING_MS + 5 };
    struct paused paused;

    (void)state;
    open_paused(&paused);
    assert_ok(tn_set_int(paused.server, "heartbeat_ivl", PING_MS));
    assert_ok(tn_set_int(paused.server, "heartbeat_timeout", DEAD_MS));
    start(&paused);
    push(&paused, 2 * MARK);
    await_full(&paused);
    for (int i = 0; i < PINGS; i++) {
        expect_command(paused.fd, "\4PING");
        push(&paused, 1);
    }
    take(&paused, paused.sent);
    close_paused(&paused);
}

static void test_paused_peer_that_has_gone_leaves_its_messages(void **state)
{
    struct paused paused;

    (void)state;
    open_paused(&paused);
    start(&paused);
    push(&paused, 10 * MARK);
    await_full(&paused);
    assert_int_equal(shutdown(paused.fd, SHUT_WR), 0);
    take(&paused, paused.sent);
    api_raw_expect_close(paused.fd);
    close_paused(&paused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_fills_to_its_mark_and_goes_on_in_order),
        cmocka_unit_test(test_heartbeat_behind_a_full_queue_is_answered),
        cmocka_unit_test(test_paused_peer_that_sends_is_not_given_up_as_silent),
        cmocka_unit_test(test_paused_peer_that_has_gone_leaves_its_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
