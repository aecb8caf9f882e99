/* A peer of libzmq is killed and comes back at the same address: our socket goes on, whichever side
 * bound. */
#include "exchange.h"

static void attach(struct side *ours, struct side *theirs, bool we_bind, char *endpoint,
                   bool is_first)
{
    if (we_bind && is_first)
        side_bind(ours, API_TCP, endpoint);
    if (we_bind)
        side_connect(theirs, endpoint);
    else
        side_bind(theirs, is_first ? API_TCP : endpoint, endpoint);
    if (!we_bind && is_first)
        side_connect(ours, endpoint);
}

static void run(const struct exchange *exchange, bool a_is_ours, bool we_bind)
{
    struct side ours, theirs;
    struct side *a = a_is_ours ? &ours : &theirs, *b = a_is_ours ? &theirs : &ours;
    char endpoint[API_ENDPOINT_MAX];
    tn_monitor_t *monitor;
    tn_event_t event;

    print_message("%s-%s, %s is ours, %s\n", exchange->a, exchange->b,
                  a_is_ours ? "the first" : "the second", we_bind ? "we bind" : "we connect");
    side_start(a_is_ours ? &ours : &theirs, a_is_ours, exchange->a, exchange->a_id);
    side_start(a_is_ours ? &theirs : &ours, !a_is_ours, exchange->b, exchange->b_id);
    monitor = tn_monitor(ours.socket, TN_EVENT_DISCONNECTED);
    assert_non_null(monitor);
    attach(&ours, &theirs, we_bind, endpoint, true);
    exchange_run(exchange, a, b, false);
    for (int i = 0; i < 2; i++) {
        side_kill(&theirs);
        api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
        side_start(&theirs, false, theirs.pattern, theirs.id);
        attach(&ours, &theirs, we_bind, endpoint, false);
        /* A publisher forgets the old subscriptions when the new connection is there. */
        assert_ok(tn_wait_peers(ours.socket, 1, API_TIMEOUT_MS));
        exchange_run(exchange, a, b, false);
    }
    tn_monitor_close(monitor);
    side_end(&ours);
    side_end(&theirs);
}

/** XPUB is told of the cancellation that the loss of a subscriber means; the others need nothing. */
static bool is_plain(const struct exchange *exchange)
{
    return strcmp(exchange->a, "xpub") != 0 && strcmp(exchange->b, "xsub") != 0;
}

static void run_all(bool we_bind)
{
    for (size_t i = 0; i < exchange_count; i++) {
        if (!is_plain(&exchanges[i]))
            continue;
        run(&exchanges[i], true, we_bind);
        run(&exchanges[i], false, we_bind);
    }
}

static void test_killed_peer_returns_when_we_connect(void **state)
{
    (void)state;
    run_all(false);
}

static void test_killed_peer_returns_when_we_bind(void **state)
{
    (void)state;
    run_all(true);
}

static void test_queued_messages_wait_for_the_peer_to_return(void **state)
{
    struct side ours, theirs;
    char endpoint[API_ENDPOINT_MAX], frames[32];
    tn_monitor_t *monitor;
    tn_event_t event;

    (void)state;
    side_start(&ours, true, "push", "-");
    side_start(&theirs, false, "pull", "-");
    monitor = tn_monitor(ours.socket, TN_EVENT_DISCONNECTED);
    assert_non_null(monitor);
    attach(&ours, &theirs, false, endpoint, true);
    side_send(&ours, "=first");
    side_expect(&theirs, "=first");
    side_kill(&theirs);
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    for (int i = 0; i < 100; i++) {
        snprintf(frames, sizeof(frames), "%d:%d =end", i, i * 7);
        side_send(&ours, frames);
    }
    side_start(&theirs, false, "pull", "-");
    attach(&ours, &theirs, false, endpoint, false);
    for (int i = 0; i < 100; i++) {
        snprintf(frames, sizeof(frames), "%d:%d =end", i, i * 7);
        side_expect(&theirs, frames);
    }
    tn_monitor_close(monitor);
    side_end(&ours);
    side_end(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_peer_returns_when_we_connect),
        cmocka_unit_test(test_killed_peer_returns_when_we_bind),
        cmocka_unit_test(test_queued_messages_wait_for_the_peer_to_return),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
