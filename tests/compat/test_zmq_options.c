/* Socket options: defaults, sizes, ranges, who may read and set them, and on which sockets. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compat.h"

#define NONE INT64_MIN

struct row {
    int number;
    int socket; /* type */
    int size; /* of the value: 4 or 8 */
    bool is_new; /* the system's library may be older */
    int64_t value; /* default */
    int64_t good[4], bad[4]; /* ended by NONE */
};

#define BOOLEAN(number)                                                                            \
    {                                                                                              \
        number, ZMQ_DEALER, 4, false, 0, {1, 0, NONE},                                             \
        {                                                                                          \
            -1, 2, NONE                                                                            \
        }                                                                                          \
    }
#define NATURAL(number, value)                                                                     \
    {                                                                                              \
        number, ZMQ_DEALER, 4, false, value, {0, 1, 100000, NONE},                                 \
        {                                                                                          \
            -1, -2, NONE                                                                           \
        }                                                                                          \
    }
#define UNLIMITED(number, value)                                                                   \
    {                                                                                              \
        number, ZMQ_DEALER, 4, false, value, {-1, 0, 100000, NONE},                                \
        {                                                                                          \
            -2, NONE                                                                               \
        }                                                                                          \
    }

static const struct row rows[] = {
    NATURAL(ZMQ_SNDHWM, 1000),
    NATURAL(ZMQ_RCVHWM, 1000),
    UNLIMITED(ZMQ_SNDBUF, -1),
    UNLIMITED(ZMQ_RCVBUF, -1),
    UNLIMITED(ZMQ_SNDTIMEO, -1),
    UNLIMITED(ZMQ_RCVTIMEO, -1),
    UNLIMITED(ZMQ_LINGER, -1),
    UNLIMITED(ZMQ_RECONNECT_IVL, 100),
    NATURAL(ZMQ_RECONNECT_IVL_MAX, 0),
    NATURAL(ZMQ_BACKLOG, 100),
    NATURAL(ZMQ_CONNECT_TIMEOUT, 0),
    NATURAL(ZMQ_HANDSHAKE_IVL, 30000),
    NATURAL(ZMQ_HEARTBEAT_IVL, 0),
    {ZMQ_HEARTBEAT_TIMEOUT, ZMQ_DEALER, 4, false, -1, {0, 1, 100000, NONE}, {-1, -2, NONE}},
    {ZMQ_HEARTBEAT_TTL, ZMQ_DEALER, 4, false, 0, {0, 100, 6553500, NONE}, {-100, 6553600, NONE}},
    NATURAL(ZMQ_TCP_MAXRT, 0),
    {ZMQ_TCP_KEEPALIVE, ZMQ_DEALER, 4, false, -1, {0, 1, -1, NONE}, {-2, 2, NONE}},
    {ZMQ_TCP_KEEPALIVE_CNT, ZMQ_DEALER, 4, false, -1, {3, -1, NONE}, {-2, NONE}},
    {ZMQ_TCP_KEEPALIVE_IDLE, ZMQ_DEALER, 4, false, -1, {3, -1, NONE}, {-2, NONE}},
    {ZMQ_TCP_KEEPALIVE_INTVL, ZMQ_DEALER, 4, false, -1, {3, -1, NONE}, {-2, NONE}},
    {ZMQ_TOS, ZMQ_DEALER, 4, false, 0, {0, 0x28, NONE}, {-1, NONE}},
    BOOLEAN(ZMQ_IMMEDIATE),
    BOOLEAN(ZMQ_IPV6),
    {ZMQ_IPV4ONLY, ZMQ_DEALER, 4, false, 1, {0, 1, NONE}, {-1, 2, NONE}},
    BOOLEAN(ZMQ_CONFLATE),
    {ZMQ_INVERT_MATCHING, ZMQ_PUB, 4, false, 0, {1, 0, NONE}, {NONE}},
    {ZMQ_INVERT_MATCHING, ZMQ_DEALER, 4, false, 0, {1, 0, NONE}, {NONE}},
    {ZMQ_MAXMSGSIZE, ZMQ_DEALER, 8, false, -1, {0, 1, INT64_MAX, NONE}, {NONE}},
    {ZMQ_AFFINITY, ZMQ_DEALER, 8, false, 0, {1, -1, NONE}, {NONE}},
    {ZMQ_RATE, ZMQ_PUB, 4, false, 100, {1, 100000, NONE}, {0, -1, NONE}},
    {ZMQ_RECOVERY_IVL, ZMQ_PUB, 4, false, 10000, {0, 1, NONE}, {-1, NONE}},
    {ZMQ_MULTICAST_HOPS, ZMQ_DEALER, 4, false, 1, {1, 2, NONE}, {0, -1, NONE}},
    {ZMQ_MULTICAST_MAXTPDU, ZMQ_DEALER, 4, false, 1500, {1, 1400, NONE}, {0, -1, NONE}},
    {ZMQ_MULTICAST_LOOP, ZMQ_DEALER, 4, false, 1, {0, 1, NONE}, {NONE}},
    {ZMQ_USE_FD, ZMQ_DEALER, 4, false, -1, {-1, NONE}, {-2, NONE}},
    {ZMQ_ZAP_ENFORCE_DOMAIN, ZMQ_DEALER, 4, false, 0, {1, 0, NONE}, {NONE}},
    {ZMQ_LOOPBACK_FASTPATH, ZMQ_DEALER, 4, false, 0, {0, NONE}, {NONE}},
    {ZMQ_RECONNECT_STOP, ZMQ_DEALER, 4, false, 0, {1, 2, 7, NONE}, {NONE}},
    {ZMQ_IN_BATCH_SIZE, ZMQ_DEALER, 4, true, 8192, {1, 100000, NONE}, {0, -1, NONE}},
    {ZMQ_OUT_BATCH_SIZE, ZMQ_DEALER, 4, true, 8192, {1, 100000, NONE}, {0, -1, NONE}},
    {ZMQ_PRIORITY, ZMQ_DEALER, 4, true, 0, {0, 6, NONE}, {-1, NONE}},
    {ZMQ_ROUTER_NOTIFY, ZMQ_ROUTER, 4, true, 0, {1, 2, 3, NONE}, {-1, 4, NONE}},
};

static void *ctx;

static int set_up(void **state)
{
    (void)state;
    ctx = zmq_ctx_new();
    return ctx ? 0 : -1;
}

/* Sockets that a failed test left open must not keep the others' results. */
static int tear_down(void **state)
{
    (void)state;
    alarm(10);
    return zmq_ctx_term(ctx);
}

static bool is_there(const struct row *row)
{
    return is_drop_in() || !row->is_new;
}

static int set_number(void *socket, const struct row *row, int64_t value)
{
    int narrow = (int)value;

    return row->size == 4 ? zmq_setsockopt(socket, row->number, &narrow, sizeof narrow)
                          : zmq_setsockopt(socket, row->number, &value, sizeof value);
}

static int64_t get_number(void *socket, const struct row *row)
{
    size_t size = (size_t)row->size;
    int64_t value = 0;
    int narrow = 0;
    int rc = zmq_getsockopt(socket, row->number, row->size == 4 ? (void *)&narrow : &value, &size);

    if (rc != 0)
        fail_msg("option %d: %s", row->number, zmq_strerror(errno));
    assert_int_equal(size, row->size);
    return row->size == 4 ? narrow : value;
}

static void each_row(void (*check)(void *socket, const struct row *row))
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *socket;
        if (!is_there(&rows[i]))
            continue;
        socket = zmq_socket(ctx, rows[i].socket);
        assert_non_null(socket);
        check(socket, &rows[i]);
        assert_int_equal(zmq_close(socket), 0);
    }
}

static void check_default(void *socket, const struct row *row)
{
    int64_t value = get_number(socket, row);

    if (value != row->value)
        fail_msg("option %d begins as %lld, not %lld", row->number, (long long)value,
                 (long long)row->value);
}

static void test_sockets_begin_with_the_defaults(void **state)
{
    (void)state;
    each_row(check_default);
}

static void check_range(void *socket, const struct row *row)
{
    for (const int64_t *good = row->good; *good != NONE; good++) {
        if (set_number(socket, row, *good) != 0)
            fail_msg("option %d refuses %lld", row->number, (long long)*good);
        assert_int_equal(get_number(socket, row), *good);
    }
    for (const int64_t *bad = row->bad; *bad != NONE; bad++) {
        int64_t before = get_number(socket, row);
        errno = 0;
        if (set_number(socket, row, *bad) != -1 || errno != EINVAL)
            fail_msg("option %d accepts %lld", row->number, (long long)*bad);
        assert_int_equal(get_number(socket, row), before);
    }
}

static void test_values_are_kept_within_their_range(void **state)
{
    (void)state;
    each_row(check_range);
}

static void check_sizes(void *socket, const struct row *row)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, 8, 16};
    char room[16] = {0};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i];
        if (size == (size_t)row->size)
            continue;
        assert_fails(EINVAL, zmq_setsockopt(socket, row->number, room, size));
        assert_fails(EINVAL, zmq_getsockopt(socket, row->number, room, &size));
    }
}

static void test_numbers_have_exactly_their_size(void **state)
{
    (void)state;
    each_row(check_sizes);
}

static void test_ttl_is_kept_in_tenths_of_a_second(void **state)
{
    const struct row row = {.number = ZMQ_HEARTBEAT_TTL, .size = 4};
    void *socket = zmq_socket(ctx, ZMQ_DEALER);

    (void)state;
    assert_int_equal(set_number(socket, &row, 1999), 0);
    assert_int_equal(get_number(socket, &row), 1900);
    assert_int_equal(set_number(socket, &row, 99), 0);
    assert_int_equal(get_number(socket, &row), 0);
    zmq_close(socket);
}

static void test_ipv4only_is_the_inverse_of_ipv6(void **state)
{
    const struct row four = {.number = ZMQ_IPV4ONLY, .size = 4},
                     six = {.number = ZMQ_IPV6, .size = 4};
    void *socket = zmq_socket(ctx, ZMQ_DEALER);

    (void)state;
    assert_int_equal(set_number(socket, &four, 0), 0);
    assert_int_equal(get_number(socket, &six), 1);
    assert_int_equal(set_number(socket, &six, 0), 0);
    assert_int_equal(get_number(socket, &four), 1);
    zmq_close(socket);
}

/* ------------------------------------------------------------------ who may read and set */

static void test_state_can_be_read_only(void **state)
{
    static const int numbers[] = {ZMQ_RCVMORE, ZMQ_FD,        ZMQ_EVENTS,
                                  ZMQ_TYPE,    ZMQ_MECHANISM, ZMQ_LAST_ENDPOINT};
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    int one = 1;

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_fails(EINVAL, zmq_setsockopt(socket, numbers[i], &one, sizeof one));
    zmq_close(socket);
}

/* Set on a socket of its type, refused by one of another, and unreadable on both. */
static void check_set_only(int number, int type, int other)
{
    void *socket = zmq_socket(ctx, type), *stranger = zmq_socket(ctx, other);
    int one = 1, value;
    size_t size = sizeof value;

    if (zmq_setsockopt(socket, number, &one, sizeof one) != 0)
        fail_msg("option %d: %s", number, zmq_strerror(errno));
    assert_fails(EINVAL, zmq_getsockopt(socket, number, &value, &size));
    assert_fails(EINVAL, zmq_setsockopt(stranger, number, &one, sizeof one));
    zmq_close(socket);
    zmq_close(stranger);
}

static void test_options_of_patterns_belong_to_their_sockets(void **state)
{
    (void)state;
    check_set_only(ZMQ_ROUTER_MANDATORY, ZMQ_ROUTER, ZMQ_DEALER);
    check_set_only(ZMQ_ROUTER_HANDOVER, ZMQ_ROUTER, ZMQ_DEALER);
    check_set_only(ZMQ_ROUTER_RAW, ZMQ_ROUTER, ZMQ_DEALER);
    check_set_only(ZMQ_PROBE_ROUTER, ZMQ_DEALER, ZMQ_PUSH);
    check_set_only(ZMQ_PROBE_ROUTER, ZMQ_REQ, ZMQ_PAIR);
    check_set_only(ZMQ_PROBE_ROUTER, ZMQ_ROUTER, ZMQ_SUB);
    check_set_only(ZMQ_REQ_CORRELATE, ZMQ_REQ, ZMQ_DEALER);
    check_set_only(ZMQ_REQ_RELAXED, ZMQ_REQ, ZMQ_REP);
    check_set_only(ZMQ_STREAM_NOTIFY, ZMQ_STREAM, ZMQ_ROUTER);
    check_set_only(ZMQ_SUBSCRIBE, ZMQ_SUB, ZMQ_XSUB);
    check_set_only(ZMQ_UNSUBSCRIBE, ZMQ_SUB, ZMQ_XPUB);
    check_set_only(ZMQ_XPUB_VERBOSE, ZMQ_XPUB, ZMQ_SUB);
    check_set_only(ZMQ_XPUB_VERBOSER, ZMQ_XPUB, ZMQ_XSUB);
    check_set_only(ZMQ_XPUB_VERBOSE, ZMQ_PUB, ZMQ_SUB);
    check_set_only(ZMQ_XPUB_NODROP, ZMQ_XPUB, ZMQ_PUSH);
    check_set_only(ZMQ_XPUB_NODROP, ZMQ_PUB, ZMQ_PUSH);
    check_set_only(ZMQ_XPUB_MANUAL, ZMQ_XPUB, ZMQ_SUB);
    check_set_only(ZMQ_XPUB_MANUAL_LAST_VALUE, ZMQ_XPUB, ZMQ_SUB);
    check_set_only(ZMQ_ONLY_FIRST_SUBSCRIBE, ZMQ_XPUB, ZMQ_SUB);
    check_set_only(ZMQ_ONLY_FIRST_SUBSCRIBE, ZMQ_XSUB, ZMQ_SUB);
    check_set_only(ZMQ_CONNECT_ROUTING_ID, ZMQ_ROUTER, ZMQ_DEALER);
    check_set_only(ZMQ_CONNECT_ROUTING_ID, ZMQ_STREAM, ZMQ_PUB);
    if (is_drop_in())
        check_set_only(ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, ZMQ_XSUB, ZMQ_SUB);
}

static void test_flags_take_any_number_from_zero(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_ROUTER);
    int values[] = {0, 1, 2, INT_MAX}, bad = -1;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &values[i], sizeof(int)), 0);
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &bad, sizeof bad));
    zmq_close(socket);
}

static void test_unknown_options_are_refused(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    int value = 1;
    size_t size = sizeof value;

    (void)state;
    assert_fails(EINVAL, zmq_setsockopt(socket, 9999, &value, sizeof value));
    assert_fails(EINVAL, zmq_getsockopt(socket, 9999, &value, &size));
    assert_fails(EINVAL, zmq_setsockopt(socket, -1, &value, sizeof value));
    zmq_close(socket);
}

static void test_what_is_not_built_is_refused(void **state)
{
    static const int numbers[] = {ZMQ_GSSAPI_SERVER,     ZMQ_GSSAPI_PLAINTEXT,
                                  ZMQ_VMCI_BUFFER_SIZE,  ZMQ_VMCI_CONNECT_TIMEOUT,
                                  ZMQ_NORM_MODE,         ZMQ_NORM_PUSH,
                                  ZMQ_WSS_TRUST_SYSTEM,  ZMQ_GSSAPI_PRINCIPAL_NAMETYPE,
                                  ZMQ_NORM_UNICAST_NACK, ZMQ_NORM_BUFFER_SIZE};
    void *socket;
    int value = 1;
    size_t size = sizeof value;

    (void)state;
    SKIP_ON_ORACLE();
    socket = zmq_socket(ctx, ZMQ_DEALER);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_fails(EINVAL, zmq_setsockopt(socket, numbers[i], &value, sizeof value));
        assert_fails(EINVAL, zmq_getsockopt(socket, numbers[i], &value, &size));
    }
    zmq_close(socket);
}

static void test_options_end_with_the_context_and_the_socket(void **state)
{
    void *own = zmq_ctx_new();
    void *socket = zmq_socket(own, ZMQ_DEALER);
    int value = 0;
    size_t size = sizeof value;

    (void)state;
    assert_int_equal(zmq_ctx_shutdown(own), 0);
    assert_fails(ETERM, zmq_recv(socket, NULL, 0, ZMQ_DONTWAIT));
    assert_fails(ETERM, zmq_setsockopt(socket, ZMQ_LINGER, &value, sizeof value));
    assert_fails(ETERM, zmq_getsockopt(socket, ZMQ_LINGER, &value, &size));
    assert_fails(ETERM, zmq_getsockopt(socket, ZMQ_TYPE, &value, &size));
    assert_int_equal(zmq_close(socket), 0);
    assert_int_equal(zmq_ctx_term(own), 0);
    assert_fails(ENOTSOCK, zmq_setsockopt(NULL, ZMQ_LINGER, &value, sizeof value));
    assert_fails(ENOTSOCK, zmq_getsockopt(NULL, ZMQ_LINGER, &value, &size));
}

/* ------------------------------------------------------------------ bytes and text */

static void test_routing_id_is_bytes(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    char room[300], id[300];
    size_t size = sizeof room;

    (void)state;
    memset(id, 'i', sizeof id);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_ROUTING_ID, room, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, "a\0b", 3), 0);
    memset(room, '#', sizeof room);
    size = 8;
    assert_int_equal(zmq_getsockopt(socket, ZMQ_ROUTING_ID, room, &size), 0);
    assert_int_equal(size, 3);
    assert_memory_equal(room, "a\0b\0\0\0\0\0#", 9);
    size = 2;
    assert_fails(EINVAL, zmq_getsockopt(socket, ZMQ_ROUTING_ID, room, &size));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, 0));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, 256));
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, 255), 0);
    zmq_close(socket);
}

static void expect_text(void *socket, int number, const char *text)
{
    char room[300];
    size_t size = strlen(text);

    assert_fails(EINVAL, zmq_getsockopt(socket, number, room, &size));
    size = sizeof room;
    assert_int_equal(zmq_getsockopt(socket, number, room, &size), 0);
    assert_int_equal(size, strlen(text) + 1);
    assert_string_equal(room, text);
}

static void test_text_is_read_with_its_end(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    char domain[300];

    (void)state;
    memset(domain, 'd', sizeof domain);
    expect_text(socket, ZMQ_ZAP_DOMAIN, "");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "global", 6), 0);
    expect_text(socket, ZMQ_ZAP_DOMAIN, "global");
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, 256));
    expect_text(socket, ZMQ_BINDTODEVICE, "");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_BINDTODEVICE, "lo", 2), 0);
    expect_text(socket, ZMQ_BINDTODEVICE, "lo");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_BINDTODEVICE, NULL, 0), 0);
    expect_text(socket, ZMQ_BINDTODEVICE, "");
    zmq_close(socket);
}

static void test_proxies_are_named_by_text(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);

    (void)state;
    expect_text(socket, ZMQ_SOCKS_PROXY, "");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SOCKS_PROXY, "127.0.0.1:1080", 14), 0);
    expect_text(socket, ZMQ_SOCKS_PROXY, "127.0.0.1:1080");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SOCKS_PROXY, NULL, 0), 0);
    expect_text(socket, ZMQ_SOCKS_PROXY, "");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SOCKS_USERNAME, "user", 4), 0);
    expect_text(socket, ZMQ_SOCKS_USERNAME, "user");
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SOCKS_PASSWORD, "word", 4), 0);
    expect_text(socket, ZMQ_SOCKS_PASSWORD, "word");
    zmq_close(socket);
}

static void test_filters_add_up_until_they_are_emptied(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    char room[100];
    size_t size = sizeof room;
    int id = 1;

    (void)state;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8", 10), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.1", 9), 0);
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/40", 11));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/x", 10));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, "nowhere", 7));
    assert_int_equal(zmq_setsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, NULL, 0), 0);
    assert_fails(EINVAL, zmq_getsockopt(socket, ZMQ_TCP_ACCEPT_FILTER, room, &size));
    for (int number = ZMQ_IPC_FILTER_PID; number <= ZMQ_IPC_FILTER_GID; number++) {
        assert_int_equal(zmq_setsockopt(socket, number, &id, sizeof id), 0);
        assert_int_equal(zmq_setsockopt(socket, number, &id, sizeof id), 0);
        assert_int_equal(zmq_setsockopt(socket, number, NULL, 0), 0);
        assert_fails(EINVAL, zmq_setsockopt(socket, number, &id, 3));
        assert_fails(EINVAL, zmq_getsockopt(socket, number, room, &size));
    }
    zmq_close(socket);
}

/* A PUSH that has sent one message to an address that the PULL just bound. */
static void *push_to(void *pull)
{
    void *push = zmq_socket(ctx, ZMQ_PUSH);
    char bound[100];
    size_t size = sizeof bound;
    int zero = 0;

    assert_int_equal(zmq_setsockopt(push, ZMQ_LINGER, &zero, sizeof zero), 0);
    assert_int_equal(zmq_bind(pull, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, bound, &size), 0);
    assert_int_equal(zmq_connect(push, bound), 0);
    assert_int_equal(zmq_send(push, "x", 1, 0), 1);
    return push;
}

static void test_filters_decide_who_may_connect(void **state)
{
    void *pull = zmq_socket(ctx, ZMQ_PULL);
    void *stranger, *guest;
    char room[8];
    int wait = 100;

    (void)state;
    assert_int_equal(zmq_setsockopt(pull, ZMQ_TCP_ACCEPT_FILTER, "10.1.2.3", 8), 0);
    stranger = push_to(pull);
    assert_int_equal(zmq_setsockopt(pull, ZMQ_RCVTIMEO, &wait, sizeof wait), 0);
    assert_fails(EAGAIN, zmq_recv(pull, room, sizeof room, 0));
    assert_int_equal(zmq_setsockopt(pull, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.0/8", 11), 0);
    wait = -1;
    assert_int_equal(zmq_setsockopt(pull, ZMQ_RCVTIMEO, &wait, sizeof wait), 0);
    guest = push_to(pull);
    assert_int_equal(zmq_recv(pull, room, sizeof room, 0), 1);
    zmq_close(stranger);
    zmq_close(guest);
    zmq_close(pull);
}

static void test_metadata_needs_name_and_value(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);

    (void)state;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_METADATA, "X-key:value", 11), 0);
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_METADATA, "X-key", 5));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_METADATA, "key:value", 9));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_METADATA, ":", 1));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_METADATA, NULL, 0));
    zmq_close(socket);
}

static void test_last_endpoint_is_what_was_taken(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    char text[200];
    size_t size = sizeof text;
    int port = 0;

    (void)state;
    expect_text(socket, ZMQ_LAST_ENDPOINT, "");
    assert_int_equal(zmq_bind(socket, "inproc://a?b"), 0);
    expect_text(socket, ZMQ_LAST_ENDPOINT, "inproc://a?b");
    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, text, &size), 0);
    assert_int_equal(sscanf(text, "tcp://127.0.0.1:%d", &port), 1);
    assert_true(port > 0);
    assert_int_equal(size, strlen(text) + 1);
    assert_int_equal(zmq_unbind(socket, text), 0);
    assert_int_equal(zmq_connect(socket, "inproc://nowhere"), 0);
    expect_text(socket, ZMQ_LAST_ENDPOINT, "inproc://nowhere");
    zmq_close(socket);
}

/* ------------------------------------------------------------------ state */

static int state_of(void *socket, int number)
{
    int value = -1;
    size_t size = sizeof value;

    assert_int_equal(zmq_getsockopt(socket, number, &value, &size), 0);
    assert_int_equal(size, sizeof value);
    return value;
}

static void test_sockets_tell_their_type(void **state)
{
    (void)state;
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++) {
        void *socket = zmq_socket(ctx, type);
        assert_non_null(socket);
        assert_int_equal(state_of(socket, ZMQ_TYPE), type);
        assert_int_equal(state_of(socket, ZMQ_THREAD_SAFE), 0);
        assert_int_equal(state_of(socket, ZMQ_RCVMORE), 0);
        zmq_close(socket);
    }
}

static void test_thread_safe_types_say_so(void **state)
{
    static const int types[] = {ZMQ_SERVER,  ZMQ_CLIENT, ZMQ_RADIO, ZMQ_DISH,
                                ZMQ_SCATTER, ZMQ_GATHER, ZMQ_PEER,  ZMQ_CHANNEL};
    int fd;
    size_t size = sizeof fd;

    (void)state;
    SKIP_ON_ORACLE();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        void *socket = zmq_socket(ctx, types[i]);
        assert_non_null(socket);
        assert_int_equal(state_of(socket, ZMQ_TYPE), types[i]);
        assert_int_equal(state_of(socket, ZMQ_THREAD_SAFE), 1);
        assert_fails(EINVAL, zmq_getsockopt(socket, ZMQ_FD, &fd, &size));
        zmq_close(socket);
    }
}

/* What depends on the moment may have more room than it needs. */
static void test_state_of_the_moment_takes_larger_room(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_PULL);
    char room[8];
    size_t size = 8;

    (void)state;
    assert_int_equal(zmq_getsockopt(socket, ZMQ_EVENTS, room, &size), 0);
    assert_int_equal(size, 4);
    size = 8;
    assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, room, &size), 0);
    assert_int_equal(size, 4);
    size = 3;
    assert_fails(EINVAL, zmq_getsockopt(socket, ZMQ_EVENTS, room, &size));
    zmq_close(socket);
}

/* ------------------------------------------------------------------ mechanisms */

static void test_options_of_plain_choose_plain(void **state)
{
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    int one = 1, zero = 0;

    (void)state;
    assert_int_equal(state_of(socket, ZMQ_MECHANISM), ZMQ_NULL);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_PLAIN_SERVER, &one, sizeof one), 0);
    assert_int_equal(state_of(socket, ZMQ_MECHANISM), ZMQ_PLAIN);
    assert_int_equal(state_of(socket, ZMQ_PLAIN_SERVER), 1);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_PLAIN_SERVER, &zero, sizeof zero), 0);
    assert_int_equal(state_of(socket, ZMQ_MECHANISM), ZMQ_NULL);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_PLAIN_SERVER, &one, sizeof one), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_PLAIN_USERNAME, "admin", 5), 0);
    assert_int_equal(state_of(socket, ZMQ_PLAIN_SERVER), 0);
    assert_int_equal(state_of(socket, ZMQ_MECHANISM), ZMQ_PLAIN);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_PLAIN_PASSWORD, "secret", 6), 0);
    expect_text(socket, ZMQ_PLAIN_USERNAME, "admin");
    expect_text(socket, ZMQ_PLAIN_PASSWORD, "secret");
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_PLAIN_USERNAME, "", 0));
    assert_int_equal(zmq_setsockopt(socket, ZMQ_PLAIN_USERNAME, NULL, 0), 0);
    assert_int_equal(state_of(socket, ZMQ_MECHANISM), ZMQ_NULL);
    zmq_close(socket);
}

static void test_keys_of_curve_come_in_three_forms(void **state)
{
    static const char text[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    void *socket;
    uint8_t key[32], read[32];
    char shown[41];
    size_t size;

    (void)state;
    if (!zmq_has("curve"))
        skip();
    socket = zmq_socket(ctx, ZMQ_DEALER);
    assert_non_null(zmq_z85_decode(key, text));
    for (size_t form = 0; form < 3; form++) {
        const size_t sizes[] = {32, 40, 41};
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY,
                                        form ? (const void *)text : key, sizes[form]),
                         0);
        assert_int_equal(state_of(socket, ZMQ_MECHANISM), ZMQ_CURVE);
        size = sizeof read;
        assert_int_equal(zmq_getsockopt(socket, ZMQ_CURVE_SERVERKEY, read, &size), 0);
        assert_memory_equal(read, key, sizeof key);
        size = sizeof shown;
        assert_int_equal(zmq_getsockopt(socket, ZMQ_CURVE_SERVERKEY, shown, &size), 0);
        assert_string_equal(shown, text);
    }
    size = 40;
    assert_fails(EINVAL, zmq_getsockopt(socket, ZMQ_CURVE_SERVERKEY, shown, &size));
    assert_fails(EINVAL, zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, text, 39));
    assert_int_equal(state_of(socket, ZMQ_CURVE_SERVER), 0);
    zmq_close(socket);
}

/* A deployment limits a program that knows nothing of it, which can still set its own value. */
static void test_deployment_gives_defaults(void **state)
{
    char directory[] = "/tmp/tenon-zmq-XXXXXX", path[64];
    int64_t most = 0;
    size_t size = sizeof most;
    void *context, *socket;
    FILE *file;

    (void)state;
    SKIP_ON_ORACLE();
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/70-limits.conf", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("socket.maxmsgsize = 1000\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("TENON_PLUGINS_D", directory, 1), 0);
    context = zmq_ctx_new();
    socket = zmq_socket(context, ZMQ_PULL);
    assert_non_null(socket);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &most, &size), 0);
    assert_int_equal(most, 1000);
    most = -1;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most), 0);
    assert_int_equal(zmq_close(socket), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
    unsetenv("TENON_PLUGINS_D");
    unlink(path);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets_begin_with_the_defaults),
        cmocka_unit_test(test_values_are_kept_within_their_range),
        cmocka_unit_test(test_numbers_have_exactly_their_size),
        cmocka_unit_test(test_ttl_is_kept_in_tenths_of_a_second),
        cmocka_unit_test(test_ipv4only_is_the_inverse_of_ipv6),
        cmocka_unit_test(test_state_can_be_read_only),
        cmocka_unit_test(test_options_of_patterns_belong_to_their_sockets),
        cmocka_unit_test(test_flags_take_any_number_from_zero),
        cmocka_unit_test(test_unknown_options_are_refused),
        cmocka_unit_test(test_what_is_not_built_is_refused),
        cmocka_unit_test(test_options_end_with_the_context_and_the_socket),
        cmocka_unit_test(test_routing_id_is_bytes),
        cmocka_unit_test(test_text_is_read_with_its_end),
        cmocka_unit_test(test_proxies_are_named_by_text),
        cmocka_unit_test(test_filters_add_up_until_they_are_emptied),
        cmocka_unit_test(test_filters_decide_who_may_connect),
        cmocka_unit_test(test_metadata_needs_name_and_value),
        cmocka_unit_test(test_last_endpoint_is_what_was_taken),
        cmocka_unit_test(test_sockets_tell_their_type),
        cmocka_unit_test(test_thread_safe_types_say_so),
        cmocka_unit_test(test_state_of_the_moment_takes_larger_room),
        cmocka_unit_test(test_options_of_plain_choose_plain),
        cmocka_unit_test(test_keys_of_curve_come_in_three_forms),
        cmocka_unit_test(test_deployment_gives_defaults),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
