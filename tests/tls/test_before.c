/*
 * What a peer costs before it has been let in, whatever it sends: 16 KiB at most, and with TLS what OpenSSL
 * needs for a connection besides. Counted is what malloc has given out; peers are raw sockets, so that the
 * server alone is counted.
 */
#include "../api/security.h"
#include "pair.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

enum { PEERS = 48, GREETING = 64, COMMAND_MAX = 8192, KIB = 1024, BYTES_MAX = 64 * KIB };

/* What a peer has sent when it stops, for good. */
struct stranger {
    size_t size;
    uint8_t bytes[BYTES_MAX];
};

static struct stranger stranger;

static void send_bytes(const void *bytes, size_t size)
{
    assert_true(size <= BYTES_MAX - stranger.size);
    memcpy(stranger.bytes + stranger.size, bytes, size);
    stranger.size += size;
}

static void send_greeting(const char *mechanism)
{
    uint8_t greeting[GREETING] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1};

    memcpy(greeting + 12, mechanism, strlen(mechanism));
    send_bytes(greeting, sizeof greeting);
}

/* A command of `announced` bytes, of which `sent` come; the first ones are given. */
static void send_command(const void *begin, size_t begin_size, size_t announced, size_t sent)
{
    static uint8_t body[BYTES_MAX];
    uint8_t header[9] = {6};

    memset(body, 'x', sizeof body);
    memcpy(body, begin, begin_size);
    for (int i = 0; i < 8; i++)
        header[1 + i] = (uint8_t)((uint64_t)announced >> (56 - 8 * i));
    send_bytes(header, sizeof header);
    send_bytes(body, sent);
}

/* ------------------------------------------------------------------ strangers */

static void say_nothing(void)
{
}

static void null_stops_in_a_command(void)
{
    send_greeting("NULL");
    send_command("\5READY", 6, COMMAND_MAX, COMMAND_MAX - 1);
}

/* READY of 8 KiB, a property of which fills it: asked about, and what comes afterwards waits. */
static void null_waits_for_the_verdict(void)
{
    static const char begin[] = "\5READY\13Socket-Type\0\0\0\4PUSH\1X\0\0\x1f";
    size_t size = sizeof begin - 1;
    uint8_t command[64];

    memcpy(command, begin, size);
    command[size] = (uint8_t)(COMMAND_MAX - size - 1 - 0x1f00);
    send_greeting("NULL");
    send_command(command, size + 1, COMMAND_MAX, COMMAND_MAX);
    for (int i = 0; i < 4; i++)
        send_command("\5READY", 6, COMMAND_MAX, COMMAND_MAX);
}

static void plain_waits_for_the_verdict(void)
{
    uint8_t hello[6 + 2 * 256] = "\5HELLO";

    memset(hello + 6, 'x', sizeof hello - 6);
    hello[6] = hello[6 + 256] = 255;
    send_greeting("PLAIN");
    send_command(hello, sizeof hello, sizeof hello, sizeof hello);
    for (int i = 0; i < 4; i++)
        send_command("\10INITIATE", 9, COMMAND_MAX, COMMAND_MAX);
}

static void curve_stops_in_a_command(void)
{
    send_greeting("CURVE");
    send_command("\5HELLO\1", 7, COMMAND_MAX, COMMAND_MAX - 1);
}

/* A record of the greatest size, with a ClientHello of which the last byte is missing. */
static void tls_stops_in_a_record(void)
{
    static uint8_t record[5 + 16 * KIB] = {0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3};

    send_bytes(record, sizeof record - 1);
}

/* ------------------------------------------------------------------ measuring */

struct row {
    const char *what, *mechanism;
    const char *scheme; /* of the bind */
    void (*speak)(void);
    bool is_asked;
    unsigned most; /* KiB of memory a peer */
};

static const struct row rows[] = {
    {"NULL, nothing sent", "null", API_TCP, say_nothing, false, 16},
    {"NULL, all of a command but a byte", "null", API_TCP, null_stops_in_a_command, false, 16},
    {"NULL, asked about", "null", API_TCP, null_waits_for_the_verdict, true, 16},
    {"PLAIN, asked about", "plain", API_TCP, plain_waits_for_the_verdict, true, 16},
    {"CURVE, all of a command but a byte", "curve", API_TCP, curve_stops_in_a_command, false, 16},
    {"tls, nothing sent", "null", "tls://127.0.0.1:*", say_nothing, false, 16},
    {"tls, all of a record but a byte", "null", "tls://127.0.0.1:*", tls_stops_in_a_record, false,
     96},
};

static void never_answer(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    (void)question;
    (void)info;
    atomic_fetch_add((atomic_int *)arg, 1);
}

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void set_server(tn_socket_t *server, const struct row *row, atomic_int *asked)
{
    static const char secret[] = "ow*r8y>ptQ}e$O/!wHFC6p0Ng=/:hUs[%qsnWa@H";

    assert_ok(tn_set_int(server, "handshake_ivl", 600 * 1000));
    assert_ok(tn_set_str(server, "mechanism", row->mechanism));
    if (strcmp(row->mechanism, "plain") == 0)
        assert_ok(tn_set_int(server, "plain.server", 1));
    if (strcmp(row->mechanism, "curve") == 0) {
        assert_ok(tn_set_int(server, "curve.server", 1));
        assert_ok(tn_set_str(server, "curve.secretkey", secret));
        assert_ok(tn_set_str(server, "authenticator", "none"));
    }
    if (strncmp(row->scheme, "tls", 3) == 0) {
        assert_ok(tn_set_str(server, "tls.cert", certs_path("server.pem")));
        assert_ok(tn_set_str(server, "tls.key", certs_path("server.key")));
    }
    if (row->is_asked)
        assert_ok(tn_set_authenticator(server, never_answer, asked));
}

/* After it the I/O thread has seen what came before. */
static void go_round(tn_socket_t *one, tn_socket_t *other)
{
    for (int i = 0; i < 100; i++) {
        api_send(one, "x", 0);
        api_expect(other, "x");
    }
}

/* As many connections as are in their handshake, before any of them is counted. */
static void expect_half_open(tn_monitor_t *monitor, int count)
{
    tn_event_t event;

    while (count-- > 0)
        api_expect_event(monitor, TN_EVENT_ACCEPTED, &event);
}

static void measure(const struct row *row)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pull"), *one, *other;
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
    int fds[PEERS + 1];
    atomic_int asked = 0;
    size_t before = 0, each;

    set_server(server, row, &asked);
    monitor = tn_monitor(server, TN_EVENT_ACCEPTED | TN_EVENT_HANDSHAKE_FAILED);
    one = api_socket(ctx, "push");
    other = api_socket(ctx, "pull");
    api_join(other, one, API_TCP);
    api_bind(server, row->scheme, endpoint);
    stranger.size = 0;
    row->speak();
    for (int i = 0; i <= PEERS; i++) {
        if (i == 1) /* what is made once is there */
            before = allocated();
        fds[i] = api_raw_connect(endpoint);
        api_raw_write(fds[i], stranger.bytes, stranger.size);
        expect_half_open(monitor, 1);
        while (row->is_asked && atomic_load(&asked) <= i)
            go_round(one, other);
        go_round(one, other);
    }
    each = (allocated() - before) / PEERS;
    print_message("    %s: %zu bytes\n", row->what, each);
    assert_in_range(each, 100, row->most * KIB);
    for (int i = 0; i <= PEERS; i++)
        close(fds[i]);
    tn_monitor_close(monitor);
    assert_ok(tn_close(one));
    assert_ok(tn_close(other));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_strangers_cost_little(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].mechanism, "curve") == 0 && !security_has(SECURE_CURVE))
            continue;
        measure(&rows[i]);
    }
}

static int make(void **state)
{
    (void)state;
    certs_begin();
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    certs_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_cost_little),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
