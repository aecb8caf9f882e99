/* RADIO, DISH and DGRAM over udp, with plain UDP sockets as peers. */
#include "api.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define API_UDP "udp://127.0.0.1:*"

enum { LARGEST = 65507 }; /* bytes in a datagram over IPv4 */

/* ------------------------------------------------------------------ plain sockets */

static struct sockaddr_in name_of(const char *endpoint)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    name.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
    return name;
}

static int raw_socket(char *out_endpoint)
{
    struct sockaddr_in name = name_of(":0");
    socklen_t size = sizeof name;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    snprintf(out_endpoint, API_ENDPOINT_MAX, "udp://127.0.0.1:%u", ntohs(name.sin_port));
    return fd;
}

static void raw_send(int fd, const char *endpoint, const void *data, size_t size)
{
    struct sockaddr_in name = name_of(endpoint);

    assert_int_equal(sendto(fd, data, size, 0, (struct sockaddr *)&name, sizeof name), size);
}

static size_t raw_recv(int fd, void *data, size_t capacity)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    ssize_t size;

    assert_int_equal(poll(&item, 1, API_TIMEOUT_MS), 1);
    size = recv(fd, data, capacity, 0);
    assert_true(size >= 0);
    return (size_t)size;
}

static void raw_expect(int fd, const void *data, size_t size)
{
    static char got[65536];

    assert_int_equal(raw_recv(fd, got, sizeof got), size);
    assert_memory_equal(got, data, size);
}

/* ------------------------------------------------------------------ groups */

static void send_bytes(tn_socket_t *radio, const char *group, const void *data, size_t size)
{
    tn_msg_t msg;

    assert_ok(tn_msg_init_copy(&msg, data, size));
    assert_ok(tn_msg_set_group(&msg, group));
    assert_ok(tn_msg_send(radio, &msg, 0));
}

static void expect_bytes(tn_socket_t *dish, const char *group, const void *data, size_t size)
{
    tn_msg_t msg;

    tn_msg_init(&msg);
    assert_int_equal(assert_ok(tn_msg_recv(dish, &msg, 0)), size);
    assert_memory_equal(tn_msg_data(&msg), data, size);
    assert_string_equal(tn_msg_group(&msg), group);
    tn_msg_close(&msg);
}

static void send_text(tn_socket_t *radio, const char *group, const char *text)
{
    send_bytes(radio, group, text, strlen(text));
}

static void expect_text(tn_socket_t *dish, const char *group, const char *text)
{
    expect_bytes(dish, group, text, strlen(text));
}

static uint64_t dropped(tn_socket_t *socket, int reason)
{
    tn_stats_t stats;

    assert_ok(tn_stats(socket, &stats));
    return stats.dropped[reason];
}

static void test_radio_reaches_dish(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(dish, API_UDP, endpoint);
    assert_non_null(strstr(endpoint, "udp://127.0.0.1:"));
    assert_ok(tn_join(dish, "TV"));
    assert_ok(tn_connect(radio, endpoint));
    send_text(radio, "TV", "Friends");
    expect_text(dish, "TV", "Friends");
    send_text(radio, "Radio", "filtered by the dish");
    send_text(radio, "TV", "");
    expect_text(dish, "TV", "");
    assert_int_equal(dropped(dish, TN_DROP_FILTERED), 1);
    assert_ok(tn_leave(dish, "TV"));
    assert_ok(tn_join(dish, ""));
    api_send(radio, "without a group", 0);
    expect_text(dish, "", "without a group");
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_datagrams_have_the_bytes_of_the_rfc(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX], raw[API_ENDPOINT_MAX], longest[TN_GROUP_MAX + 1];
    char bytes[1 + TN_GROUP_MAX + 4];
    int fd = raw_socket(raw);

    (void)state;
    memset(longest, 'g', TN_GROUP_MAX);
    longest[TN_GROUP_MAX] = '\0';
    api_bind(dish, API_UDP, endpoint);
    assert_ok(tn_join(dish, "ab"));
    assert_ok(tn_join(dish, ""));
    assert_ok(tn_join(dish, longest));
    assert_ok(tn_connect(radio, raw));
    send_text(radio, "ab", "hi");
    raw_expect(fd, "\2abhi", 5);
    send_text(radio, "", "hi");
    raw_expect(fd, "\0hi", 3);
    send_text(radio, longest, "body");
    bytes[0] = (char)TN_GROUP_MAX;
    memcpy(bytes + 1, longest, TN_GROUP_MAX);
    memcpy(bytes + 1 + TN_GROUP_MAX, "body", 4);
    raw_expect(fd, bytes, sizeof bytes);

    raw_send(fd, endpoint, "\2abhi", 5);
    expect_text(dish, "ab", "hi");
    raw_send(fd, endpoint, "\0hi", 3);
    expect_text(dish, "", "hi");
    raw_send(fd, endpoint, "\2ab", 3);
    expect_text(dish, "ab", "");
    raw_send(fd, endpoint, bytes, sizeof bytes);
    expect_text(dish, longest, "body");
    close(fd);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_malformed_datagrams_are_dropped_and_counted(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX], raw[API_ENDPOINT_MAX];
    int fd = raw_socket(raw);

    (void)state;
    api_bind(dish, API_UDP, endpoint);
    assert_ok(tn_join(dish, "ab"));
    raw_send(fd, endpoint, "", 0);
    raw_send(fd, endpoint, "\3ab", 3);
    raw_send(fd, endpoint, "\377", 1);
    raw_send(fd, endpoint, "\2abgood", 7);
    expect_text(dish, "ab", "good");
    assert_int_equal(dropped(dish, TN_DROP_MALFORMED), 3);
    assert_ok(tn_close(dish));

    dish = api_socket(ctx, "dish");
    assert_ok(tn_join(dish, "ab"));
    assert_ok(tn_set_int(dish, "maxmsgsize", 3));
    api_bind(dish, API_UDP, endpoint);
    raw_send(fd, endpoint, "\2ablong", 7);
    raw_send(fd, endpoint, "\2abfit", 6);
    expect_text(dish, "ab", "fit");
    assert_int_equal(dropped(dish, TN_DROP_OVERSIZED), 1);
    close(fd);
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_a_datagram_holds_up_to_its_largest_size(void **state)
{
    static char body[LARGEST + 1];
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)i;
    assert_ok(tn_set_int(dish, "rcvbuf", 1 << 20));
    assert_ok(tn_set_int(radio, "sndbuf", 1 << 20));
    api_bind(dish, API_UDP, endpoint);
    assert_ok(tn_join(dish, "g"));
    assert_ok(tn_connect(radio, endpoint));
    send_bytes(radio, "g", body, LARGEST - 2);
    expect_bytes(dish, "g", body, LARGEST - 2);
    send_bytes(radio, "g", body, LARGEST - 1);
    send_text(radio, "g", "after the one that was too large");
    expect_text(dish, "g", "after the one that was too large");
    assert_int_equal(dropped(radio, TN_DROP_OVERSIZED), 1);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_what_the_socket_has_no_room_for_is_dropped(void **state)
{
    enum { HWM = 5, SENT = 40 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX], raw[API_ENDPOINT_MAX];
    int fd = raw_socket(raw), got = 0;
    struct timespec pause = {.tv_nsec = 1000000};

    (void)state;
    assert_ok(tn_set_int(dish, "rcvhwm", HWM));
    assert_ok(tn_join(dish, "g"));
    api_bind(dish, API_UDP, endpoint);
    for (int i = 0; i < SENT; i++)
        raw_send(fd, endpoint, "\1gx", 3);
    while (dropped(dish, TN_DROP_HWM) < SENT - HWM)
        nanosleep(&pause, NULL);
    while (tn_recv(dish, raw, sizeof raw, TN_DONTWAIT) >= 0)
        got++;
    assert_int_equal(got, HWM);
    assert_int_equal(dropped(dish, TN_DROP_HWM), SENT - HWM);
    raw_send(fd, endpoint, "\1gy", 3);
    expect_text(dish, "g", "y");
    close(fd);
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_only_some_patterns_speak_over_datagrams(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_socket_t *dgram = api_socket(ctx, "dgram");
    tn_socket_t *push = api_socket(ctx, "push");

    (void)state;
    assert_code(tn_bind(radio, API_UDP), -TN_ENOCOMPAT);
    assert_code(tn_connect(dish, "udp://127.0.0.1:5555"), -TN_ENOCOMPAT);
    assert_code(tn_connect(dgram, "udp://127.0.0.1:5555"), -TN_ENOCOMPAT);
    assert_code(tn_bind(push, API_UDP), -TN_ENOCOMPAT);
    assert_code(tn_connect(push, "udp://127.0.0.1:5555"), -TN_ENOCOMPAT);
    assert_code(tn_bind(dgram, "tcp://127.0.0.1:*"), -TN_ENOCOMPAT);
    assert_code(tn_bind(dgram, "inproc://dgram"), -TN_ENOCOMPAT);
    assert_ok(tn_bind(dgram, API_UDP));
    assert_code(tn_bind(dgram, API_UDP), -EBUSY);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    assert_ok(tn_close(dgram));
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_addresses_are_checked(void **state)
{
    static const char *const bad[] = {
        "udp://",      "udp://127.0.0.1",       "udp://127.0.0.1:",        "udp://127.0.0.1:65536",
        "udp://:5555", "udp://;239.0.0.1:5555", "udp://lo;127.0.0.1:5555", "udp://a b:5555"};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_socket_t *other = api_socket(ctx, "dish");
    tn_socket_t *radio = api_socket(ctx, "radio");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_code(tn_bind(dish, bad[i]), -EINVAL);
        assert_code(tn_connect(radio, bad[i]), -EINVAL);
    }
    assert_code(tn_connect(radio, "udp://*:5555"), -EINVAL);
    assert_code(tn_connect(radio, "udp://127.0.0.1:*"), -EINVAL);
    assert_code(tn_bind(dish, "udp://no_such_interface0:5555"), -ENODEV);
    assert_code(tn_bind(dish, "udp://no_such_interface0;239.0.0.1:*"), -ENODEV);
    assert_code(tn_bind(dish, "udp://192.0.2.1:*"), -EADDRNOTAVAIL);
    assert_ok(tn_bind(dish, "udp://lo:*"));
    assert_ok(tn_bind(dish, "udp://*:*"));
    api_bind(dish, API_UDP, endpoint);
    assert_code(tn_bind(other, endpoint), -EADDRINUSE);
    assert_ok(tn_unbind(dish, endpoint));
    assert_code(tn_unbind(dish, endpoint), -ENOENT);
    assert_ok(tn_close(dish));
    assert_ok(tn_close(other));
    assert_ok(tn_close(radio));
    api_ctx_end(ctx);
}

static void test_radio_finds_a_name(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    char raw[API_ENDPOINT_MAX], endpoint[API_ENDPOINT_MAX];
    int fd = raw_socket(raw);

    (void)state;
    snprintf(endpoint, sizeof endpoint, "udp://localhost%s", strrchr(raw, ':'));
    assert_ok(tn_connect(radio, endpoint));
    send_text(radio, "g", "queued until the name is known");
    raw_expect(fd, "\1gqueued until the name is known", 32);
    close(fd);
    assert_ok(tn_close(radio));
    api_ctx_end(ctx);
}

static void test_close_sends_what_was_queued(void **state)
{
    enum { COUNT = 200 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    char raw[API_ENDPOINT_MAX];
    int fd = raw_socket(raw);

    (void)state;
    assert_ok(tn_set_int(radio, "linger", -1));
    assert_ok(tn_connect(radio, raw));
    for (int i = 0; i < COUNT; i++)
        send_text(radio, "g", "x");
    assert_ok(tn_close(radio));
    for (int i = 0; i < COUNT; i++)
        raw_expect(fd, "\1gx", 3);
    close(fd);
    api_ctx_end(ctx);
}

static void test_monitors_hear_of_binds_and_connects(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_monitor_t *of_dish = tn_monitor(dish, TN_EVENT_ALL);
    tn_monitor_t *of_radio = tn_monitor(radio, TN_EVENT_ALL);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    assert_code(tn_bind(dish, "udp://192.0.2.1:*"), -EADDRNOTAVAIL);
    assert_ok(tn_monitor_recv(of_dish, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_BIND_FAILED);
    assert_int_equal(event.error, -EADDRNOTAVAIL);
    api_bind(dish, API_UDP, endpoint);
    assert_ok(tn_monitor_recv(of_dish, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_LISTENING);
    assert_string_equal(event.endpoint, endpoint);
    assert_ok(tn_connect(radio, endpoint));
    assert_ok(tn_monitor_recv(of_radio, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_CONNECTED);
    assert_string_equal(event.remote, endpoint);
    assert_ok(tn_unbind(dish, endpoint));
    assert_ok(tn_monitor_recv(of_dish, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_CLOSED);
    tn_monitor_close(of_dish);
    tn_monitor_close(of_radio);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ multicast */

/* Whether datagrams to a group come back on the loopback interface here. */
static bool has_multicast(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    struct ip_mreqn member = {.imr_ifindex = (int)if_nametoindex("lo")};
    socklen_t size = sizeof name;
    struct pollfd item = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .events = POLLIN};
    bool works;

    inet_pton(AF_INET, "239.255.7.9", &member.imr_multiaddr);
    works = item.fd >= 0 && bind(item.fd, (struct sockaddr *)&name, sizeof name) == 0 &&
            getsockname(item.fd, (struct sockaddr *)&name, &size) == 0 &&
            setsockopt(item.fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member) == 0 &&
            setsockopt(item.fd, IPPROTO_IP, IP_MULTICAST_IF, &member, sizeof member) == 0;
    name.sin_addr = member.imr_multiaddr;
    works = works && sendto(item.fd, "x", 1, 0, (struct sockaddr *)&name, sizeof name) == 1 &&
            poll(&item, 1, 1000) == 1;
    if (item.fd >= 0)
        close(item.fd);
    if (!works)
        print_message("skipped: no multicast on the loopback interface\n");
    return works;
}

static void test_multicast_reaches_every_member(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *one = api_socket(ctx, "dish");
    tn_socket_t *two = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX];
    int64_t hops;

    (void)state;
    if (!has_multicast())
        skip();
    api_bind(one, "udp://lo;239.255.7.9:*", endpoint);
    assert_non_null(strstr(endpoint, "udp://lo;239.255.7.9:"));
    assert_null(strchr(strrchr(endpoint, ':'), '*'));
    assert_ok(tn_bind(two, endpoint));
    assert_ok(tn_join(one, "g"));
    assert_ok(tn_join(two, "g"));
    assert_ok(tn_set_int(radio, "udp.multicast_hops", 2));
    assert_ok(tn_get_int(radio, "udp.multicast_hops", &hops));
    assert_int_equal(hops, 2);
    assert_ok(tn_connect(radio, endpoint));
    send_text(radio, "g", "to both");
    expect_text(one, "g", "to both");
    expect_text(two, "g", "to both");
    assert_ok(tn_close(radio));
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

static void test_multicast_options_reach_the_system(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_monitor_t *monitor = tn_monitor(radio, TN_EVENT_CONNECTED);
    int hops = -1, loop = -1;
    socklen_t size = sizeof hops;
    tn_event_t event;

    (void)state;
    assert_ok(tn_set_int(radio, "udp.multicast_hops", 7));
    assert_ok(tn_set_int(radio, "udp.multicast_loop", 0));
    assert_ok(tn_connect(radio, "udp://lo;239.255.7.9:5555"));
    api_expect_event(monitor, TN_EVENT_CONNECTED, &event);
    assert_int_equal(getsockopt((int)event.value, IPPROTO_IP, IP_MULTICAST_TTL, &hops, &size), 0);
    assert_int_equal(getsockopt((int)event.value, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, &size), 0);
    assert_int_equal(hops, 7);
    assert_int_equal(loop, 0);
    assert_ok(tn_connect(radio, "udp://239.255.7.9:5555?multicast_hops=0"));
    api_expect_event(monitor, TN_EVENT_CONNECTED, &event);
    assert_int_equal(getsockopt((int)event.value, IPPROTO_IP, IP_MULTICAST_TTL, &hops, &size), 0);
    assert_int_equal(hops, 0);
    tn_monitor_close(monitor);
    assert_ok(tn_close(radio));
    api_ctx_end(ctx);
}

static void test_multicast_packets_may_have_a_limit(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    if (!has_multicast())
        skip();
    api_bind(dish, "udp://lo;239.255.7.9:*", endpoint);
    assert_ok(tn_join(dish, "g"));
    assert_ok(tn_set_int(radio, "udp.multicast_maxtpdu", 28 + 2 + 4));
    assert_ok(tn_connect(radio, endpoint));
    send_text(radio, "g", "large");
    send_text(radio, "g", "fits");
    expect_text(dish, "g", "fits");
    assert_int_equal(dropped(radio, TN_DROP_OVERSIZED), 1);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_datagrams_go_over_ipv6(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX];
    int rc;

    (void)state;
    rc = tn_bind(dish, "udp://[::1]:*");
    if (rc == -EADDRNOTAVAIL || rc == -EAFNOSUPPORT) {
        print_message("skipped: no IPv6 here\n");
    } else {
        size_t size = sizeof endpoint;
        assert_ok(rc);
        assert_ok(tn_get_str(dish, "last_endpoint", endpoint, &size));
        assert_ok(tn_join(dish, "g"));
        assert_ok(tn_connect(radio, endpoint));
        send_text(radio, "g", "six");
        expect_text(dish, "g", "six");
    }
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ DGRAM */

static void send_dgram(tn_socket_t *dgram, const char *to, const void *data, size_t size)
{
    api_send(dgram, to, TN_MORE);
    assert_ok(tn_send(dgram, data, size, 0));
}

static void test_dgram_answers_whom_it_hears(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dgram = api_socket(ctx, "dgram");
    char endpoint[API_ENDPOINT_MAX], raw[API_ENDPOINT_MAX], from[128];
    int fd = raw_socket(raw);

    (void)state;
    api_bind(dgram, API_UDP, endpoint);
    raw_send(fd, endpoint, "question", 8);
    api_expect_frame(dgram, raw + strlen("udp://"), true);
    api_expect_frame(dgram, "question", false);
    send_dgram(dgram, raw + strlen("udp://"), "answer", 6);
    raw_expect(fd, "answer", 6);
    raw_send(fd, endpoint, "", 0);
    assert_int_equal(tn_recv(dgram, from, sizeof from, 0), strlen(raw) - strlen("udp://"));
    api_expect_frame(dgram, "", false);
    close(fd);
    assert_ok(tn_close(dgram));
    api_ctx_end(ctx);
}

static void test_dgram_moves_every_size(void **state)
{
    static char body[LARGEST + 1], got[LARGEST + 1];
    static const size_t sizes[] = {0, 1, 100, 1500, 8192, 20000, LARGEST};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dgram = api_socket(ctx, "dgram");
    char endpoint[API_ENDPOINT_MAX], raw[API_ENDPOINT_MAX], from[128];
    int fd = raw_socket(raw), space = 1 << 20;

    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7);
    assert_ok(tn_set_int(dgram, "rcvbuf", space));
    assert_ok(tn_set_int(dgram, "sndbuf", space));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &space, sizeof space);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof space);
    api_bind(dgram, API_UDP, endpoint);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        send_dgram(dgram, raw + strlen("udp://"), body, sizes[i]);
        raw_expect(fd, body, sizes[i]);
        raw_send(fd, endpoint, body, sizes[i]);
        assert_true(tn_recv(dgram, from, sizeof from, 0) > 0);
        assert_int_equal(tn_recv(dgram, got, sizeof got, 0), sizes[i]);
        assert_memory_equal(got, body, sizes[i]);
    }
    send_dgram(dgram, raw + strlen("udp://"), body, LARGEST + 1);
    send_dgram(dgram, "nobody", "x", 1);
    send_dgram(dgram, "127.0.0.1:0", "x", 1);
    send_dgram(dgram, raw + strlen("udp://"), "last", 4);
    raw_expect(fd, "last", 4);
    assert_int_equal(dropped(dgram, TN_DROP_OVERSIZED), 1);
    assert_int_equal(dropped(dgram, TN_DROP_MALFORMED), 2);
    close(fd);
    assert_ok(tn_close(dgram));
    api_ctx_end(ctx);
}

static void test_dgram_takes_two_frames(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dgram = api_socket(ctx, "dgram");
    char endpoint[API_ENDPOINT_MAX], raw[API_ENDPOINT_MAX];
    int fd = raw_socket(raw);

    (void)state;
    api_bind(dgram, API_UDP, endpoint);
    assert_code(tn_send(dgram, "x", 1, 0), -EINVAL);
    api_send(dgram, raw + strlen("udp://"), TN_MORE);
    assert_code(tn_send(dgram, "x", 1, TN_MORE), -EINVAL);
    api_send(dgram, "body", 0);
    raw_expect(fd, "body", 4);
    assert_ok(tn_unbind(dgram, endpoint));
    close(fd);
    assert_ok(tn_close(dgram));
    api_ctx_end(ctx);
}

static void test_dgram_sockets_talk_under_load(void **state)
{
    enum { COUNT = 2000 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = api_socket(ctx, "dgram");
    tn_socket_t *two = api_socket(ctx, "dgram");
    char at_one[API_ENDPOINT_MAX], at_two[API_ENDPOINT_MAX], from[128];
    int number = 0, got;

    (void)state;
    api_bind(one, API_UDP, at_one);
    api_bind(two, API_UDP, at_two);
    for (int i = 0; i < COUNT; i++) {
        send_dgram(one, at_two + strlen("udp://"), &i, sizeof i);
        assert_int_equal(tn_recv(two, from, sizeof from, 0), strlen(at_one) - strlen("udp://"));
        assert_int_equal(tn_recv(two, &got, sizeof got, 0), sizeof got);
        assert_int_equal(got, number++);
    }
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

static void test_datagrams_without_threads(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio, *dish;
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_ctx_set_int(ctx, "io_threads", 0));
    radio = api_socket(ctx, "radio");
    dish = api_socket(ctx, "dish");
    assert_ok(tn_join(dish, "g"));
    api_bind(dish, API_UDP, endpoint);
    assert_ok(tn_connect(radio, endpoint));
    for (int i = 0; i < 100; i++) {
        send_text(radio, "g", "x");
        expect_text(dish, "g", "x");
    }
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_radio_reaches_dish),
        cmocka_unit_test(test_datagrams_have_the_bytes_of_the_rfc),
        cmocka_unit_test(test_malformed_datagrams_are_dropped_and_counted),
        cmocka_unit_test(test_a_datagram_holds_up_to_its_largest_size),
        cmocka_unit_test(test_what_the_socket_has_no_room_for_is_dropped),
        cmocka_unit_test(test_only_some_patterns_speak_over_datagrams),
        cmocka_unit_test(test_addresses_are_checked),
        cmocka_unit_test(test_radio_finds_a_name),
        cmocka_unit_test(test_close_sends_what_was_queued),
        cmocka_unit_test(test_monitors_hear_of_binds_and_connects),
        cmocka_unit_test(test_multicast_reaches_every_member),
        cmocka_unit_test(test_multicast_options_reach_the_system),
        cmocka_unit_test(test_multicast_packets_may_have_a_limit),
        cmocka_unit_test(test_datagrams_go_over_ipv6),
        cmocka_unit_test(test_dgram_answers_whom_it_hears),
        cmocka_unit_test(test_dgram_moves_every_size),
        cmocka_unit_test(test_dgram_takes_two_frames),
        cmocka_unit_test(test_dgram_sockets_talk_under_load),
        cmocka_unit_test(test_datagrams_without_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
