/* The patterns whose messages have one frame: CLIENT, SERVER, PEER, CHANNEL, SCATTER, GATHER. */
#include "api.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const transports[] = {API_TCP, API_IPC, "inproc://single"};

enum { TRANSPORTS = 3 };

struct couple {
    tn_ctx_t *ctx;
    tn_socket_t *binder, *connecter;
};

static struct couple couple_open(const char *binder, const char *connecter, const char *endpoint)
{
    struct couple couple;

    couple.ctx = api_ctx();
    couple.binder = api_socket(couple.ctx, binder);
    couple.connecter = api_socket(couple.ctx, connecter);
    api_join(couple.binder, couple.connecter, endpoint);
    return couple;
}

static void couple_close(struct couple *couple)
{
    assert_ok(tn_close(couple->connecter));
    assert_ok(tn_close(couple->binder));
    api_ctx_end(couple->ctx);
}

static uint32_t receive(tn_socket_t *socket, const char *text)
{
    uint32_t routing_id;
    tn_msg_t msg;

    tn_msg_init(&msg);
    assert_int_equal(assert_ok(tn_msg_recv(socket, &msg, 0)), strlen(text));
    assert_memory_equal(tn_msg_data(&msg), text, strlen(text));
    assert_false(tn_msg_more(&msg));
    routing_id = tn_msg_routing_id(&msg);
    tn_msg_close(&msg);
    return routing_id;
}

static int send_to(tn_socket_t *socket, uint32_t routing_id, const char *text, int flags)
{
    tn_msg_t msg;
    int rc;

    assert_ok(tn_msg_init_copy(&msg, text, strlen(text)));
    if (routing_id)
        assert_ok(tn_msg_set_routing_id(&msg, routing_id));
    rc = tn_msg_send(socket, &msg, flags);
    tn_msg_close(&msg);
    return rc;
}

static void test_client_and_server_talk(void **state)
{
    (void)state;
    for (int i = 0; i < TRANSPORTS; i++) {
        struct couple couple = couple_open("server", "client", transports[i]);
        uint32_t id;

        api_send(couple.connecter, "hello", 0);
        id = receive(couple.binder, "hello");
        assert_int_not_equal(id, 0);
        assert_ok(send_to(couple.binder, id, "one", 0));
        assert_ok(send_to(couple.binder, id, "two", 0));
        assert_int_equal(receive(couple.connecter, "one"), 0);
        api_expect(couple.connecter, "two");
        couple_close(&couple);
    }
}

static void test_server_also_connects(void **state)
{
    struct couple couple = couple_open("client", "server", API_TCP);

    (void)state;
    api_send(couple.binder, "x", 0);
    assert_ok(send_to(couple.connecter, receive(couple.connecter, "x"), "y", 0));
    api_expect(couple.binder, "y");
    couple_close(&couple);
}

static void test_server_refuses_unknown_clients(void **state)
{
    struct couple couple = couple_open("server", "client", API_TCP);
    uint32_t id;

    (void)state;
    assert_code(send_to(couple.binder, 0, "x", 0), -EHOSTUNREACH);
    assert_code(tn_send(couple.binder, "x", 1, 0), -EHOSTUNREACH);
    api_send(couple.connecter, "x", 0);
    id = receive(couple.binder, "x");
    assert_code(send_to(couple.binder, id + 1, "x", 0), -EHOSTUNREACH);
    couple_close(&couple);
}

/* A server waits for a client that does not read, and drops nothing. */
static void test_server_waits_for_a_full_client(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "server"), *client = api_socket(ctx, "client");
    uint32_t id;
    int sent = 0;

    (void)state;
    assert_ok(tn_set_int(server, "sndhwm", 3));
    assert_ok(tn_set_int(client, "rcvhwm", 3));
    api_join(server, client, "inproc://full");
    api_send(client, "x", 0);
    id = receive(server, "x");
    while (send_to(server, id, "y", TN_DONTWAIT) == 0)
        sent++;
    assert_int_equal(tn_last_code(), -EAGAIN);
    assert_int_equal(sent, 6);
    assert_ok(tn_set_int(server, "sndtimeo", 0));
    assert_code(send_to(server, id, "y", 0), -EAGAIN);
    while (sent--)
        api_expect(client, "y");
    assert_ok(send_to(server, id, "z", TN_DONTWAIT));
    api_expect(client, "z");
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_single_patterns_refuse_a_second_frame(void **state)
{
    static const char *const patterns[] = {"client", "server", "peer", "channel", "scatter"};
    tn_ctx_t *ctx = api_ctx();

    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        tn_socket_t *socket = api_socket(ctx, patterns[i]);
        assert_code(tn_send(socket, "x", 1, TN_MORE | TN_DONTWAIT), -EINVAL);
        assert_ok(tn_close(socket));
    }
    api_ctx_end(ctx);
}

/* What a foreign peer sends in two frames is dropped whole, and nothing says that there is a message. */
static void expect_one_frame(const char *pattern, const char *peer)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, pattern);
    char endpoint[API_ENDPOINT_MAX];
    tn_pollitem_t item = {.socket = socket, .events = TN_POLLIN};
    tn_stats_t stats;
    int fd;

    api_bind(socket, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 1, peer);
    api_raw_write(fd, "\1\1a\0\1b", 6);
    do {
        assert_int_equal(tn_poll(&item, 1, 0), 0);
        assert_ok(tn_stats(socket, &stats));
    } while (stats.dropped[TN_DROP_MALFORMED] == 0);
    api_raw_write(fd, "\1\1a\1\1b\0\1c\0\1d\1\1e\0\1f\0\1g", 21);
    receive(socket, "d");
    receive(socket, "g");
    api_expect_nothing(socket);
    assert_ok(tn_stats(socket, &stats));
    assert_int_equal(stats.dropped[TN_DROP_MALFORMED], 3);
    close(fd);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

static void test_single_patterns_drop_messages_of_several_frames(void **state)
{
    (void)state;
    expect_one_frame("server", "CLIENT");
    expect_one_frame("client", "SERVER");
    expect_one_frame("peer", "PEER");
    expect_one_frame("channel", "CHANNEL");
    expect_one_frame("gather", "SCATTER");
}

static void test_single_patterns_refuse_others(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "server"), *dealer = api_socket(ctx, "dealer");

    (void)state;
    assert_ok(tn_bind(server, "inproc://server"));
    assert_code(tn_connect(dealer, "inproc://server"), -TN_ENOCOMPAT);
    assert_ok(tn_close(dealer));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_peer_connects_and_answers(void **state)
{
    (void)state;
    for (int i = 0; i < TRANSPORTS; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *a = api_socket(ctx, "peer"), *b = api_socket(ctx, "peer");
        char endpoint[API_ENDPOINT_MAX];
        uint32_t of_b = 0, of_a;

        api_bind(b, transports[i], endpoint);
        assert_ok(tn_connect_peer(a, endpoint, &of_b));
        assert_ok(send_to(a, of_b, "hello", 0));
        of_a = receive(b, "hello");
        assert_ok(send_to(b, of_a, "world", 0));
        assert_int_equal(receive(a, "world"), of_b);
        assert_ok(tn_disconnect_peer(a, of_b));
        assert_code(send_to(a, of_b, "x", 0), -EHOSTUNREACH);
        assert_code(tn_disconnect_peer(a, of_b), -EHOSTUNREACH);
        while (send_to(b, of_a, "x", TN_DONTWAIT) != -EHOSTUNREACH)
            ;
        assert_ok(tn_close(a));
        assert_ok(tn_close(b));
        api_ctx_end(ctx);
    }
}

static void test_connect_peer_is_for_peers(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "server"), *peer = api_socket(ctx, "peer");
    uint32_t id;

    (void)state;
    assert_code(tn_connect_peer(server, "tcp://127.0.0.1:1", &id), -ENOTSUP);
    assert_code(tn_disconnect_peer(server, 1), -ENOTSUP);
    assert_code(tn_connect_peer(peer, "nonsense", &id), -EINVAL);
    assert_code(tn_connect_peer(peer, "tcp://127.0.0.1:1", NULL), -EINVAL);
    assert_ok(tn_set_int(peer, "immediate", 1));
    assert_code(tn_connect_peer(peer, "tcp://127.0.0.1:1", &id), -ENOTSUP);
    assert_ok(tn_close(peer));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_channel_has_one_peer(void **state)
{
    (void)state;
    for (int i = 0; i < TRANSPORTS; i++) {
        struct couple couple = couple_open("channel", "channel", transports[i]);

        api_send(couple.connecter, "hello", 0);
        api_expect(couple.binder, "hello");
        api_send(couple.binder, "world", 0);
        api_expect(couple.connecter, "world");
        couple_close(&couple);
    }
}

static void test_scatter_reaches_gather(void **state)
{
    (void)state;
    for (int i = 0; i < TRANSPORTS; i++) {
        struct couple couple = couple_open("gather", "scatter", transports[i]);

        for (int n = 0; n < 10; n++)
            api_send(couple.connecter, "work", 0);
        for (int n = 0; n < 10; n++)
            api_expect(couple.binder, "work");
        assert_code(tn_send(couple.binder, "x", 1, 0), -ENOTSUP);
        couple_close(&couple);
    }
}

static void test_scatter_takes_turns(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *scatter = api_socket(ctx, "scatter");
    tn_socket_t *one = api_socket(ctx, "gather"), *two = api_socket(ctx, "gather");

    (void)state;
    assert_ok(tn_bind(scatter, "inproc://turns"));
    assert_ok(tn_connect(one, "inproc://turns"));
    assert_ok(tn_connect(two, "inproc://turns"));
    for (int n = 0; n < 4; n++)
        api_send(scatter, "work", 0);
    for (int n = 0; n < 2; n++) {
        api_expect(one, "work");
        api_expect(two, "work");
    }
    assert_ok(tn_close(two));
    assert_ok(tn_close(one));
    assert_ok(tn_close(scatter));
    api_ctx_end(ctx);
}

enum { THREADS = 4, REQUESTS = 500 };

static void *ask(void *socket)
{
    for (int n = 0; n < REQUESTS; n++)
        api_send(socket, "question", 0);
    return NULL;
}

/* A client is shared by threads without more ado. */
static void test_client_serves_many_threads(void **state)
{
    struct couple couple = couple_open("server", "client", API_TCP);
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, couple.connecter), 0);
    for (int n = 0; n < THREADS * REQUESTS; n++)
        assert_ok(send_to(couple.binder, receive(couple.binder, "question"), "answer", 0));
    for (int n = 0; n < THREADS * REQUESTS; n++)
        api_expect(couple.connecter, "answer");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    couple_close(&couple);
}

static void test_message_keeps_its_routing_id(void **state)
{
    tn_msg_t msg, copy;

    (void)state;
    tn_msg_init(&msg);
    tn_msg_init(&copy);
    assert_int_equal(tn_msg_routing_id(&msg), 0);
    assert_code(tn_msg_set_routing_id(&msg, 0), -EINVAL);
    assert_code(tn_msg_set_routing_id(NULL, 1), -EINVAL);
    assert_ok(tn_msg_set_routing_id(&msg, 7));
    assert_ok(tn_msg_copy(&copy, &msg));
    assert_int_equal(tn_msg_routing_id(&copy), 7);
    tn_msg_close(&copy);
    assert_int_equal(tn_msg_routing_id(&copy), 0);
    tn_msg_close(&msg);
}

/* Both sides greet each other, at each connection. */
static void test_hello_is_the_first_message(void **state)
{
    static const char *const pairs[][2] = {
        {"server", "client"}, {"peer", "peer"}, {"router", "dealer"}, {"dealer", "dealer"}};
    static const char *const endpoints[] = {API_TCP, "inproc://hello"};

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *a = api_socket(ctx, pairs[i / 2][0]), *b = api_socket(ctx, pairs[i / 2][1]);

        assert_ok(tn_set_blob(a, "hello_msg", "hi", 2));
        assert_ok(tn_set_blob(b, "hello_msg", "ho", 2));
        api_join(a, b, endpoints[i % 2]);
        api_expect(b, "hi");
        if (i / 2 == 2) {
            char id[8];
            assert_int_equal(assert_ok(tn_recv(a, id, sizeof(id), 0)), 5);
        }
        api_expect(a, "ho");
        assert_ok(tn_close(b));
        assert_ok(tn_close(a));
        api_ctx_end(ctx);
    }
}

static void test_disconnect_msg_tells_of_a_lost_client(void **state)
{
    (void)state;
    for (int i = 0; i < TRANSPORTS; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *server = api_socket(ctx, "server"), *client = api_socket(ctx, "client");
        uint32_t id;

        assert_ok(tn_set_blob(server, "disconnect_msg", "bye", 3));
        api_join(server, client, transports[i]);
        api_send(client, "x", 0);
        id = receive(server, "x");
        assert_ok(tn_close(client));
        assert_int_equal(receive(server, "bye"), id);
        api_expect_nothing(server);
        assert_ok(tn_close(server));
        api_ctx_end(ctx);
    }
}

static void test_hiccup_msg_tells_of_a_lost_connection(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *client = api_socket(ctx, "client");
    char endpoint[API_ENDPOINT_MAX];
    int listener = api_raw_listen(endpoint), fd;

    (void)state;
    assert_ok(tn_set_blob(client, "hiccup_msg", "hic", 3));
    assert_ok(tn_connect(client, endpoint));
    fd = accept(listener, NULL, NULL);
    api_raw_handshake(fd, 1, "SERVER");
    api_raw_write(fd, "\0\1a", 3);
    close(fd);
    api_expect(client, "a");
    api_expect(client, "hic");
    close(listener);
    assert_ok(tn_close(client));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_and_server_talk),
        cmocka_unit_test(test_server_also_connects),
        cmocka_unit_test(test_server_refuses_unknown_clients),
        cmocka_unit_test(test_server_waits_for_a_full_client),
        cmocka_unit_test(test_single_patterns_refuse_a_second_frame),
        cmocka_unit_test(test_single_patterns_drop_messages_of_several_frames),
        cmocka_unit_test(test_single_patterns_refuse_others),
        cmocka_unit_test(test_peer_connects_and_answers),
        cmocka_unit_test(test_connect_peer_is_for_peers),
        cmocka_unit_test(test_channel_has_one_peer),
        cmocka_unit_test(test_scatter_reaches_gather),
        cmocka_unit_test(test_scatter_takes_turns),
        cmocka_unit_test(test_client_serves_many_threads),
        cmocka_unit_test(test_message_keeps_its_routing_id),
        cmocka_unit_test(test_hello_is_the_first_message),
        cmocka_unit_test(test_disconnect_msg_tells_of_a_lost_client),
        cmocka_unit_test(test_hiccup_msg_tells_of_a_lost_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
