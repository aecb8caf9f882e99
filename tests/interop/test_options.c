/* What options make of a pattern, with ours and libzmq's on each side: four times the same result. */
#include <zmq.h>

#include "side.h"

/** Calls `run` with each pair of makers. */
static void each(void (*run)(bool first_is_ours, bool second_is_ours))
{
    for (int i = 0; i < 4; i++)
        run(i & 1, i & 2);
}

/* ------------------------------------------------------------------ requests of subscribers */

/* A asked for twice, cancelled twice and once more; then M, which says that nothing else is to come. */
static void run_requests(bool xpub_is_ours, bool xsub_is_ours, const char *name, int number,
                         const char *const *shown)
{
    static const char *const requests[] = {"%0141", "%0141", "%0041", "%0041", "%0041", "%014d"};
    struct side xpub, xsub;
    char endpoint[API_ENDPOINT_MAX];

    side_start(&xpub, xpub_is_ours, "xpub", "-");
    side_start(&xsub, xsub_is_ours, "xsub", "-");
    if (name)
        side_set(&xpub, name, number, 1);
    side_bind(&xpub, API_TCP, endpoint);
    side_connect(&xsub, endpoint);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        side_send(&xsub, requests[i]);
    while (*shown)
        side_expect(&xpub, *shown++);
    side_send(&xpub, "=Alpha");
    side_send(&xpub, "=Mike");
    side_expect(&xsub, "=Mike");
    side_end(&xsub);
    side_expect(&xpub, "%004d");
    side_end(&xpub);
}

static void run_each_option(bool xpub_is_ours, bool xsub_is_ours)
{
    static const char *const plain[] = {"%0141", "%0041", "%014d", NULL};
    static const char *const verbose[] = {"%0141", "%0141", "%0041", "%014d", NULL};

    run_requests(xpub_is_ours, xsub_is_ours, NULL, 0, plain);
    run_requests(xpub_is_ours, xsub_is_ours, "xpub_verbose", ZMQ_XPUB_VERBOSE, verbose);
    run_requests(xpub_is_ours, xsub_is_ours, "xpub_verboser", ZMQ_XPUB_VERBOSER, verbose);
}

static void test_requests_are_shown_alike(void **state)
{
    (void)state;
    each(run_each_option);
}

/* ------------------------------------------------------------------ two peers of one name */

static void run_names(bool router_is_ours, bool dealers_are_ours, int handover)
{
    struct side router, first, second;
    char endpoint[API_ENDPOINT_MAX];

    side_start(&router, router_is_ours, "router", "-");
    side_start(&first, dealers_are_ours, "dealer", "twin");
    side_start(&second, dealers_are_ours, "dealer", "twin");
    side_set(&router, "router_handover", ZMQ_ROUTER_HANDOVER, handover);
    side_bind(&router, API_TCP, endpoint);
    side_connect(&first, endpoint);
    side_send(&first, "=one");
    side_expect(&router, "=twin =one");
    side_connect(&second, endpoint);
    side_send(&second, "=two");
    if (handover)
        side_expect(&router, "=twin =two");
    side_send(&router, "=twin =answer");
    side_expect(handover ? &second : &first, "=answer");
    side_end(&second);
    side_end(&first);
    side_end(&router);
}

static void run_handover(bool router_is_ours, bool dealers_are_ours)
{
    run_names(router_is_ours, dealers_are_ours, 0);
    run_names(router_is_ours, dealers_are_ours, 1);
}

static void test_router_hands_a_name_over_alike(void **state)
{
    (void)state;
    each(run_handover);
}

/* ------------------------------------------------------------------ probes */

static void run_probe(bool router_is_ours, bool dealer_is_ours)
{
    struct side router, dealer;
    char endpoint[API_ENDPOINT_MAX];

    side_start(&router, router_is_ours, "router", "-");
    side_start(&dealer, dealer_is_ours, "dealer", "bob");
    side_set(&dealer, "probe_router", ZMQ_PROBE_ROUTER, 1);
    side_bind(&router, API_TCP, endpoint);
    side_connect(&dealer, endpoint);
    side_expect(&router, "=bob =");
    side_send(&router, "=bob =hello");
    side_expect(&dealer, "=hello");
    side_end(&dealer);
    side_end(&router);
}

static void test_probes_arrive_alike(void **state)
{
    (void)state;
    each(run_probe);
}

/* ------------------------------------------------------------------ bytes */

static void run_stream(bool binder_is_ours, bool connecter_is_ours)
{
    struct side binder, connecter;
    char endpoint[API_ENDPOINT_MAX];

    side_start(&binder, binder_is_ours, "stream", "-");
    side_start(&connecter, connecter_is_ours, "stream", "-");
    side_set(&binder, "stream_notify", ZMQ_STREAM_NOTIFY, 0);
    side_bind(&binder, API_TCP, endpoint);
    side_name(&connecter, "web");
    side_connect(&connecter, endpoint);
    side_expect(&connecter, "=web =");
    side_send(&connecter, "=web 1:3000");
    side_echo(&binder);
    side_expect(&connecter, "=web 1:3000");
    side_end(&binder);
    side_expect(&connecter, "=web =");
    side_end(&connecter);
}

static void test_streams_carry_bytes_alike(void **state)
{
    (void)state;
    each(run_stream);
}

/* A name that is not for peers to choose, by RFC 28, but that libzmq sends and takes. */
static void test_routing_id_may_begin_with_zero(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dealer = api_socket(ctx, "dealer");
    struct side router;
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    side_start(&router, false, "router", "-");
    side_bind(&router, API_TCP, endpoint);
    assert_ok(tn_set_blob(dealer, "routing_id", "\0ab", 3));
    assert_ok(tn_connect(dealer, endpoint));
    api_send(dealer, "x", 0);
    side_expect(&router, "%006162 =x");
    side_send(&router, "%006162 =y");
    api_expect(dealer, "y");
    side_end(&router);
    assert_ok(tn_close(dealer));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_shown_alike),
        cmocka_unit_test(test_router_hands_a_name_over_alike),
        cmocka_unit_test(test_probes_arrive_alike),
        cmocka_unit_test(test_streams_carry_bytes_alike),
        cmocka_unit_test(test_routing_id_may_begin_with_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
