/* Every valid pair of patterns with libzmq in another process: over tcp and ipc, each side ours once,
 * each side binding once, all sizes, one frame and several. */
#include "exchange.h"

static void run(const struct exchange *exchange, const char *wildcard, bool a_is_ours, bool a_binds)
{
    struct side a, b;
    struct side *binder = a_binds ? &a : &b, *connecter = a_binds ? &b : &a;
    char endpoint[API_ENDPOINT_MAX];

    print_message("%s-%s over %s, %s is ours, %s binds\n", exchange->a, exchange->b, wildcard,
                  a_is_ours ? "the first" : "the second", a_binds ? "the first" : "the second");
    side_start(&a, a_is_ours, exchange->a, exchange->a_id);
    side_start(&b, !a_is_ours, exchange->b, exchange->b_id);
    side_bind(binder, wildcard, endpoint);
    side_connect(connecter, endpoint);
    exchange_run(exchange, &a, &b, true);
    side_end(&a);
    side_end(&b);
}

static void run_all(const char *wildcard, bool we_bind)
{
    for (size_t i = 0; i < exchange_count; i++) {
        run(&exchanges[i], wildcard, true, we_bind);
        run(&exchanges[i], wildcard, false, !we_bind);
    }
}

static void test_pairs_talk_over_tcp_when_we_bind(void **state)
{
    (void)state;
    run_all(API_TCP, true);
}

static void test_pairs_talk_over_tcp_when_we_connect(void **state)
{
    (void)state;
    run_all(API_TCP, false);
}

static void test_pairs_talk_over_ipc_when_we_bind(void **state)
{
    (void)state;
    run_all(API_IPC, true);
}

static void test_pairs_talk_over_ipc_when_we_connect(void **state)
{
    (void)state;
    run_all(API_IPC, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_talk_over_tcp_when_we_bind),
        cmocka_unit_test(test_pairs_talk_over_tcp_when_we_connect),
        cmocka_unit_test(test_pairs_talk_over_ipc_when_we_bind),
        cmocka_unit_test(test_pairs_talk_over_ipc_when_we_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
