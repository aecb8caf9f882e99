/* Subscriptions: prefixes, counting, and what XPUB and XSUB see and change. */
#include "api.h"

struct feed {
    tn_ctx_t *ctx;
    tn_socket_t *pub, *sub;
};

static const char *const endpoints[] = {API_TCP, "inproc://feed"};

static struct feed open_feed(const char *pub, const char *sub)
{
    struct feed feed;

    feed.ctx = api_ctx();
    feed.pub = api_socket(feed.ctx, pub);
    feed.sub = api_socket(feed.ctx, sub);
    return feed;
}

static void close_feed(struct feed *feed)
{
    assert_ok(tn_close(feed->sub));
    assert_ok(tn_close(feed->pub));
    api_ctx_end(feed->ctx);
}

static void subscribe(tn_socket_t *socket, const char *prefix)
{
    assert_ok(tn_subscribe(socket, prefix, strlen(prefix)));
}

static void unsubscribe(tn_socket_t *socket, const char *prefix)
{
    assert_ok(tn_unsubscribe(socket, prefix, strlen(prefix)));
}

/** All that was sent before has been dealt with once this arrives. */
static void mark(struct feed *feed)
{
    api_send(feed->pub, "mark", 0);
    api_expect(feed->sub, "mark");
}

static void test_prefixes_select_messages(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct feed feed = open_feed("pub", "sub");
        subscribe(feed.sub, "a");
        subscribe(feed.sub, "bcd");
        subscribe(feed.sub, "mark");
        api_join(feed.pub, feed.sub, endpoints[i]);
        assert_ok(tn_wait_subscribers(feed.pub, 3, API_TIMEOUT_MS));
        api_send(feed.pub, "apple", 0);
        api_send(feed.pub, "bc", 0);
        api_send(feed.pub, "bcde", 0);
        api_send(feed.pub, "", 0);
        api_send(feed.pub, "zebra", 0);
        api_send(feed.pub, "a", 0);
        api_expect(feed.sub, "apple");
        api_expect(feed.sub, "bcde");
        api_expect(feed.sub, "a");
        mark(&feed);
        close_feed(&feed);
    }
}

static void test_only_the_first_frame_is_looked_at(void **state)
{
    struct feed feed = open_feed("pub", "sub");

    (void)state;
    subscribe(feed.sub, "yes");
    subscribe(feed.sub, "mark");
    api_join(feed.pub, feed.sub, API_TCP);
    assert_ok(tn_wait_subscribers(feed.pub, 2, API_TIMEOUT_MS));
    api_send(feed.pub, "no", TN_MORE);
    api_send(feed.pub, "yes", 0);
    api_send(feed.pub, "yes", TN_MORE);
    api_send(feed.pub, "no", 0);
    api_expect_frame(feed.sub, "yes", true);
    api_expect_frame(feed.sub, "no", false);
    mark(&feed);
    close_feed(&feed);
}

/** A message that is on its way when its topic is cancelled. */
static void test_what_was_cancelled_is_skipped(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct feed feed = open_feed("pub", "sub");
        tn_pollitem_t item = {.socket = feed.sub, .events = TN_POLLIN};
        tn_stats_t stats;
        subscribe(feed.sub, "a");
        subscribe(feed.sub, "b");
        api_join(feed.pub, feed.sub, endpoints[i]);
        assert_ok(tn_wait_subscribers(feed.pub, 2, API_TIMEOUT_MS));
        for (int n = 0; n < 3; n++) {
            api_send(feed.pub, "a", 0);
            api_send(feed.pub, "b", 0);
        }
        api_send(feed.pub, "a", TN_MORE);
        api_send(feed.pub, "b", 0);
        api_send(feed.pub, "a last", 0);
        unsubscribe(feed.sub, "b");
        api_expect(feed.sub, "a");
        assert_int_equal(tn_poll(&item, 1, API_TIMEOUT_MS), 1);
        api_expect(feed.sub, "a");
        api_expect(feed.sub, "a");
        api_expect_frame(feed.sub, "a", true);
        api_expect_frame(feed.sub, "b", false);
        api_expect(feed.sub, "a last");
        assert_ok(tn_stats(feed.sub, &stats));
        assert_int_equal(stats.dropped[TN_DROP_FILTERED], 3);
        assert_int_equal(stats.messages_received, 5);
        close_feed(&feed);
    }
}

static void test_subscriptions_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct feed feed = open_feed("xpub", "sub");
        subscribe(feed.sub, "x");
        subscribe(feed.sub, "x");
        subscribe(feed.sub, "mark");
        api_join(feed.pub, feed.sub, endpoints[i]);
        assert_ok(tn_wait_subscribers(feed.pub, 2, API_TIMEOUT_MS));
        unsubscribe(feed.sub, "x");
        subscribe(feed.sub, "step");
        assert_ok(tn_wait_subscribers(feed.pub, 3, API_TIMEOUT_MS));
        api_send(feed.pub, "x1", 0);
        api_expect(feed.sub, "x1");
        unsubscribe(feed.sub, "x");
        api_expect(feed.pub, "\1x");
        api_expect(feed.pub, "\1mark");
        api_expect(feed.pub, "\1step");
        assert_int_equal(tn_recv(feed.pub, (char[8]){0}, 8, 0), 2);
        api_send(feed.pub, "x2", 0);
        mark(&feed);
        close_feed(&feed);
    }
}

static void test_cancelling_what_was_not_asked_for_does_no_harm(void **state)
{
    struct feed feed = open_feed("pub", "sub");

    (void)state;
    tn_unsubscribe(feed.sub, "never", 5);
    subscribe(feed.sub, "mark");
    api_join(feed.pub, feed.sub, API_TCP);
    assert_ok(tn_wait_subscribers(feed.pub, 1, API_TIMEOUT_MS));
    tn_unsubscribe(feed.sub, "never", 5);
    mark(&feed);
    close_feed(&feed);
}

static void test_xpub_sees_each_topic_once(void **state)
{
    struct feed feed = open_feed("xpub", "sub");
    tn_socket_t *second = api_socket(feed.ctx, "sub");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(feed.pub, API_TCP, endpoint);
    assert_ok(tn_connect(feed.sub, endpoint));
    assert_ok(tn_connect(second, endpoint));
    assert_ok(tn_wait_peers(feed.pub, 2, API_TIMEOUT_MS));
    subscribe(feed.sub, "t");
    api_expect(feed.pub, "\1t");
    subscribe(second, "t");
    subscribe(second, "u");
    api_expect(feed.pub, "\1u");
    unsubscribe(feed.sub, "t");
    unsubscribe(second, "t");
    assert_int_equal(tn_recv(feed.pub, (char[8]){0}, 8, 0), 2);
    api_expect_nothing(feed.pub);
    assert_ok(tn_close(second));
    close_feed(&feed);
}

static void test_verbose_xpub_sees_every_subscription(void **state)
{
    struct feed feed = open_feed("xpub", "sub");
    tn_socket_t *second = api_socket(feed.ctx, "sub");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(feed.pub, "xpub_verbose", 1));
    api_bind(feed.pub, API_TCP, endpoint);
    assert_ok(tn_connect(feed.sub, endpoint));
    assert_ok(tn_connect(second, endpoint));
    subscribe(feed.sub, "t");
    api_expect(feed.pub, "\1t");
    subscribe(second, "t");
    api_expect(feed.pub, "\1t");
    assert_ok(tn_close(second));
    close_feed(&feed);
}

static void test_manual_xpub_decides_the_topic(void **state)
{
    struct feed feed = open_feed("xpub", "sub");

    (void)state;
    assert_ok(tn_set_int(feed.pub, "xpub_manual", 1));
    subscribe(feed.sub, "");
    api_join(feed.pub, feed.sub, API_TCP);
    assert_int_equal(tn_recv(feed.pub, (char[8]){0}, 8, 0), 1);
    subscribe(feed.pub, "only");
    api_send(feed.pub, "other", 0);
    api_send(feed.pub, "only this", 0);
    api_expect(feed.sub, "only this");
    close_feed(&feed);
}

static void test_welcome_message_comes_first(void **state)
{
    struct feed feed = open_feed("xpub", "sub");

    (void)state;
    assert_ok(tn_set_blob(feed.pub, "xpub_welcome_msg", "W", 1));
    subscribe(feed.sub, "W");
    api_join(feed.pub, feed.sub, API_TCP);
    api_expect(feed.sub, "W");
    close_feed(&feed);
}

static void test_inverted_matching_sends_the_rest(void **state)
{
    struct feed feed = open_feed("pub", "sub");

    (void)state;
    assert_ok(tn_set_int(feed.pub, "invert_matching", 1));
    assert_ok(tn_set_int(feed.sub, "invert_matching", 1));
    subscribe(feed.sub, "no");
    api_join(feed.pub, feed.sub, API_TCP);
    assert_ok(tn_wait_subscribers(feed.pub, 1, API_TIMEOUT_MS));
    api_send(feed.pub, "nothing", 0);
    mark(&feed);
    close_feed(&feed);
}

static void test_nodrop_publisher_blocks(void **state)
{
    struct feed feed = open_feed("xpub", "sub");
    int sent = 0, code;

    (void)state;
    assert_ok(tn_set_int(feed.pub, "xpub_nodrop", 1));
    assert_ok(tn_set_int(feed.pub, "sndhwm", 2));
    assert_ok(tn_set_int(feed.sub, "rcvhwm", 2));
    subscribe(feed.sub, "");
    api_join(feed.pub, feed.sub, "inproc://nodrop");
    assert_ok(tn_wait_subscribers(feed.pub, 1, API_TIMEOUT_MS));
    while ((code = tn_send(feed.pub, "x", 1, TN_DONTWAIT)) == 0)
        assert_true(++sent < 100);
    assert_int_equal(code, -EAGAIN);
    assert_int_equal(sent, 4);
    for (int i = 0; i < sent; i++)
        api_expect(feed.sub, "x");
    api_send(feed.pub, "y", TN_DONTWAIT);
    api_expect(feed.sub, "y");
    close_feed(&feed);
}

static void test_xsub_messages_travel_upstream(void **state)
{
    struct feed feed = open_feed("xpub", "xsub");

    (void)state;
    api_join(feed.pub, feed.sub, API_TCP);
    api_send(feed.sub, "\1topic", 0);
    api_expect(feed.pub, "\1topic");
    api_send(feed.sub, "note to the publisher", 0);
    api_expect(feed.pub, "note to the publisher");
    api_send(feed.pub, "topic!", 0);
    api_expect(feed.sub, "topic!");
    assert_int_equal(tn_send(feed.sub, "\0topic", 6, 0), 0);
    assert_int_equal(tn_recv(feed.pub, (char[8]){0}, 8, 0), 6);
    close_feed(&feed);
}

static void test_subscriptions_end_with_the_subscriber(void **state)
{
    struct feed feed = open_feed("xpub", "sub");
    tn_stats_t stats;
    char buffer[8];

    (void)state;
    subscribe(feed.sub, "t");
    api_join(feed.pub, feed.sub, API_TCP);
    api_expect(feed.pub, "\1t");
    assert_ok(tn_close(feed.sub));
    assert_int_equal(tn_recv(feed.pub, buffer, sizeof(buffer), 0), 2);
    assert_memory_equal(buffer, "\0t", 2);
    assert_ok(tn_stats(feed.pub, &stats));
    assert_int_equal(stats.subscriptions, 0);
    feed.sub = api_socket(feed.ctx, "sub");
    close_feed(&feed);
}

static void test_many_subscriptions_reach_the_publisher(void **state)
{
    enum { TOPICS = 20000 };
    struct feed feed = open_feed("pub", "sub");
    char topic[32];

    (void)state;
    for (int i = 0; i < TOPICS; i++) {
        snprintf(topic, sizeof(topic), "topic-%d.", i);
        subscribe(feed.sub, topic);
    }
    subscribe(feed.sub, "mark");
    api_join(feed.pub, feed.sub, API_TCP);
    assert_ok(tn_wait_subscribers(feed.pub, TOPICS + 1, API_TIMEOUT_MS));
    api_send(feed.pub, "topic-19999.x", 0);
    api_send(feed.pub, "topic-20000.x", 0);
    api_expect(feed.sub, "topic-19999.x");
    mark(&feed);
    close_feed(&feed);
}

static void test_very_long_topic_is_only_a_topic(void **state)
{
    enum { LENGTH = 1 << 20 };
    struct feed feed = open_feed("pub", "sub");
    char *topic = test_malloc(LENGTH);

    (void)state;
    memset(topic, 't', LENGTH);
    assert_ok(tn_subscribe(feed.sub, topic, LENGTH));
    api_join(feed.pub, feed.sub, API_TCP);
    assert_ok(tn_wait_subscribers(feed.pub, 1, API_TIMEOUT_MS));
    assert_ok(tn_send(feed.pub, topic, LENGTH - 1, 0));
    assert_ok(tn_send(feed.pub, topic, LENGTH, 0));
    assert_int_equal(assert_ok(tn_recv(feed.sub, topic, LENGTH, 0)), LENGTH);
    assert_ok(tn_unsubscribe(feed.sub, topic, LENGTH));
    test_free(topic);
    close_feed(&feed);
}

static void test_subscriptions_survive_a_reconnect(void **state)
{
    struct feed feed = open_feed("pub", "sub");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(feed.sub, "reconnect_ivl", 10));
    subscribe(feed.sub, "t");
    api_bind(feed.pub, API_TCP, endpoint);
    assert_ok(tn_connect(feed.sub, endpoint));
    assert_ok(tn_wait_subscribers(feed.pub, 1, API_TIMEOUT_MS));
    assert_ok(tn_close(feed.pub));
    feed.pub = api_socket(feed.ctx, "pub");
    while (tn_bind(feed.pub, endpoint) == -EADDRINUSE)
        continue;
    /* They are sent again when the subscriber's program next calls in, as it does in a receive. */
    for (int i = 0; i < 2000 && tn_wait_subscribers(feed.pub, 1, 10) < 0; i++)
        api_expect_nothing(feed.sub);
    assert_ok(tn_wait_subscribers(feed.pub, 1, 0));
    api_send(feed.pub, "t again", 0);
    api_expect(feed.sub, "t again");
    close_feed(&feed);
}

static void test_unsent_subscription_does_not_hold_the_end_up(void **state)
{
    static const char *const patterns[] = {"sub", "xsub"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        tn_ctx_t *ctx = api_ctx();
        /* Not api_socket(), which sets linger: the default is what counts. */
        tn_socket_t *socket = tn_socket(ctx, patterns[i]);
        assert_non_null(socket);
        assert_ok(tn_connect(socket, "tcp://127.0.0.1:1"));
        if (i == 0)
            subscribe(socket, "x");
        else
            api_send(socket, "\1x", 0);
        assert_ok(tn_close(socket));
        assert_ok(tn_ctx_term(ctx, 2000));
    }
}

/* ------------------------------------------------------------------ streams to several subscribers */

enum { SUBSCRIBERS = 4, STREAM = 3000 };

/** What the publisher sends as number `i`: mostly short, now and then something that goes another way. */
static size_t stream_message(int i, char *out_text)
{
    size_t size = i % 500 == 499 ? 6000 : i % 10 == 9 ? 300 : 0;
    int head = snprintf(out_text, 32, "%s%d.", i % 700 == 699 ? "other" : "all", i);

    memset(out_text + head, 'x', size);
    return (size_t)head + size;
}

static void expect_stream(tn_socket_t *sub)
{
    static char wanted[7000], got[7000];

    for (int i = 0; i < STREAM; i++) {
        size_t size = stream_message(i, wanted);
        assert_int_equal(assert_ok(tn_recv(sub, got, sizeof got, 0)), size);
        assert_memory_equal(got, wanted, size);
        if (i % 400 == 399)
            api_expect(sub, "more");
    }
}

static void test_a_stream_reaches_each_subscriber_whole_and_in_order(void **state)
{
    static char text[7000];
    tn_socket_t *subs[SUBSCRIBERS];
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "xpub");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(pub, "sndhwm", 0));
    api_bind(pub, API_TCP, endpoint);
    for (int i = 0; i < SUBSCRIBERS; i++) {
        subs[i] = api_socket(ctx, "sub");
        assert_ok(tn_set_int(subs[i], "rcvhwm", 0));
        subscribe(subs[i], i % 2 ? "" : "all");
        if (i % 2 == 0)
            subscribe(subs[i], "other");
        assert_ok(tn_connect(subs[i], endpoint));
    }
    assert_ok(tn_wait_subscribers(pub, SUBSCRIBERS + SUBSCRIBERS / 2, API_TIMEOUT_MS));
    for (int i = 0; i < STREAM; i++) {
        size_t size = stream_message(i, text);
        bool has_more = i % 400 == 399;
        assert_ok(tn_send(pub, text, size, has_more ? TN_MORE : 0));
        if (has_more)
            api_send(pub, "more", 0);
    }
    for (int i = 0; i < SUBSCRIBERS; i++) {
        expect_stream(subs[i]);
        assert_ok(tn_close(subs[i]));
    }
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

static void test_a_slow_subscriber_costs_the_others_nothing(void **state)
{
    enum { SENT = 6000, AT_ONCE = 20, SIZE = 1000 };
    static char text[SIZE], got[SIZE];
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "pub"), *subs[3];
    char endpoint[API_ENDPOINT_MAX];
    tn_peer_t peers[3];
    unsigned slow = 0;

    (void)state;
    assert_ok(tn_set_int(pub, "sndhwm", 100));
    assert_ok(tn_set_int(pub, "sndbuf", 16 * 1024));
    api_bind(pub, API_TCP, endpoint);
    for (int i = 0; i < 3; i++) {
        subs[i] = api_socket(ctx, "sub");
        assert_ok(tn_set_int(subs[i], "rcvhwm", 10));
        assert_ok(tn_set_int(subs[i], "rcvbuf", 16 * 1024));
        subscribe(subs[i], "");
        assert_ok(tn_connect(subs[i], endpoint));
    }
    assert_ok(tn_wait_subscribers(pub, 3, API_TIMEOUT_MS));
    for (int sent = 0; sent < SENT; sent += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++) {
            snprintf(text, SIZE, "%d", sent + i);
            assert_ok(tn_send(pub, text, SIZE, 0));
        }
        for (int i = 0; i < 2 * AT_ONCE; i++) {
            assert_int_equal(assert_ok(tn_recv(subs[i % 2], got, SIZE, 0)), SIZE);
            snprintf(text, SIZE, "%d", sent + i / 2);
            assert_string_equal(got, text);
        }
    }
    assert_int_equal(assert_ok(tn_peers(pub, peers, 3)), 3);
    for (int i = 0; i < 3; i++) {
        slow += peers[i].dropped > 0;
        assert_int_equal(peers[i].dropped + peers[i].messages_sent, SENT);
    }
    assert_int_equal(slow, 1);
    for (int i = 0; i < 3; i++)
        assert_ok(tn_close(subs[i]));
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes_select_messages),
        cmocka_unit_test(test_a_stream_reaches_each_subscriber_whole_and_in_order),
        cmocka_unit_test(test_a_slow_subscriber_costs_the_others_nothing),
        cmocka_unit_test(test_only_the_first_frame_is_looked_at),
        cmocka_unit_test(test_what_was_cancelled_is_skipped),
        cmocka_unit_test(test_subscriptions_are_counted),
        cmocka_unit_test(test_cancelling_what_was_not_asked_for_does_no_harm),
        cmocka_unit_test(test_xpub_sees_each_topic_once),
        cmocka_unit_test(test_verbose_xpub_sees_every_subscription),
        cmocka_unit_test(test_manual_xpub_decides_the_topic),
        cmocka_unit_test(test_welcome_message_comes_first),
        cmocka_unit_test(test_inverted_matching_sends_the_rest),
        cmocka_unit_test(test_nodrop_publisher_blocks),
        cmocka_unit_test(test_xsub_messages_travel_upstream),
        cmocka_unit_test(test_subscriptions_end_with_the_subscriber),
        cmocka_unit_test(test_many_subscriptions_reach_the_publisher),
        cmocka_unit_test(test_very_long_topic_is_only_a_topic),
        cmocka_unit_test(test_subscriptions_survive_a_reconnect),
        cmocka_unit_test(test_unsent_subscription_does_not_hold_the_end_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
