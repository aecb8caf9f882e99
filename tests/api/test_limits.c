/*
 * What a peer may cost: each limit, when it strikes, ends that one connection, and the monitor's event and
 * the log name it. A good peer is served before and afterwards.
 */
#include "api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOG_SIZE = 16 * 1024 };

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *server, *good;
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
};

/* The log, and where it would have gone: what a test that fails says goes there in the end. */
static int log_fd = -1, stderr_kept = -1;

static void open_log(void)
{
    char path[] = "/tmp/tenon-limits-XXXXXX";

    log_fd = mkstemp(path);
    assert_true(log_fd >= 0);
    unlink(path);
    stderr_kept = dup(STDERR_FILENO);
    assert_true(dup2(log_fd, STDERR_FILENO) >= 0);
}

static int log_has(const char *text)
{
    static char log[LOG_SIZE];
    ssize_t size = pread(log_fd, log, sizeof log - 1, 0);

    assert_true(size >= 0);
    log[size] = '\0';
    return strstr(log, text) != NULL;
}

static void close_log(void)
{
    assert_true(dup2(stderr_kept, STDERR_FILENO) >= 0);
    close(stderr_kept);
    close(log_fd);
    log_fd = -1;
}

static int show_log(void **state)
{
    char bytes[4096];
    ssize_t size;

    (void)state;
    if (log_fd < 0)
        return 0;
    lseek(log_fd, 0, SEEK_SET);
    while ((size = read(log_fd, bytes, sizeof bytes)) > 0)
        if (write(stderr_kept, bytes, (size_t)size) < 0)
            break;
    close_log();
    return 0;
}

static void open_scene(struct scene *scene, const char *server, const char *good)
{
    memset(scene, 0, sizeof *scene);
    open_log();
    scene->ctx = api_ctx();
    scene->server = api_socket(scene->ctx, server);
    scene->good = api_socket(scene->ctx, good);
    assert_ok(tn_set_int(scene->good, "reconnect_ivl", 10));
    scene->monitor = tn_monitor(scene->server, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_DISCONNECTED);
    assert_non_null(scene->monitor);
}

/* After the options. */
static void start(struct scene *scene)
{
    api_bind(scene->server, API_TCP, scene->endpoint);
    assert_ok(tn_connect(scene->good, scene->endpoint));
    assert_ok(tn_wait_peers(scene->server, 1, API_TIMEOUT_MS));
}

static void expect_struck(const struct scene *scene, uint32_t kind, const char *option)
{
    char quoted[64];
    tn_event_t event;

    snprintf(quoted, sizeof quoted, "('%s')", option);
    api_expect_event(scene->monitor, kind, &event);
    if (!strstr(event.reason, quoted))
        fail_msg("\"%s\" does not name %s", event.reason, quoted);
    assert_true(log_has(quoted));
}

static void close_scene(struct scene *scene)
{
    tn_monitor_close(scene->monitor);
    assert_ok(tn_close(scene->good));
    assert_ok(tn_close(scene->server));
    api_ctx_end(scene->ctx);
    close_log();
}

static void good_is_served(struct scene *scene)
{
    api_send(scene->good, "still here", 0);
    api_expect(scene->server, "still here");
}

/* ------------------------------------------------------------------ how much */

static void test_frame_above_maxmsgsize_is_named(void **state)
{
    static const uint8_t bomb[] = {2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, bomb, sizeof bomb);
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "maxmsgsize");
    good_is_served(&scene);
    close_scene(&scene);
}

static void test_one_part_too_many_is_named(void **state)
{
    static const uint8_t part[] = {1, 0};
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "max_parts", 3));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    for (int i = 0; i < 4; i++)
        api_raw_write(fd, part, sizeof part);
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "max_parts");
    good_is_served(&scene);
    close_scene(&scene);
}

/* A message of two frames of 100 bytes, and the beginning of one that goes on for ever. */
static void test_message_above_its_bytes_is_named(void **state)
{
    uint8_t frame[102] = {1, 100};
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "max_message_bytes", 200));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, frame, sizeof frame);
    frame[0] = 0;
    api_raw_write(fd, frame, sizeof frame);
    frame[0] = 1;
    for (int i = 0; i < 3; i++)
        api_raw_write(fd, frame, sizeof frame);
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "max_message_bytes");
    for (int i = 0; i < 2; i++)
        assert_int_equal(tn_recv(scene.server, frame, sizeof frame, 0), 100);
    good_is_served(&scene);
    close_scene(&scene);
}

static void test_message_bytes_follow_the_frame_limit(void **state)
{
    uint8_t frame[102] = {1, 100};
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "maxmsgsize", 100));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    for (int i = 0; i < 17; i++)
        api_raw_write(fd, frame, sizeof frame);
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "max_message_bytes");
    good_is_served(&scene);
    close_scene(&scene);
}

static void test_one_heartbeat_too_many_is_named(void **state)
{
    static const uint8_t ping[] = {4, 7, 4, 'P', 'I', 'N', 'G', 0, 0};
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "max_pings", 3));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    for (int i = 0; i < 8; i++) /* four of them fall into one second */
        if (send(fd, ping, sizeof ping, MSG_NOSIGNAL) < 0)
            break;
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "max_pings");
    good_is_served(&scene);
    close_scene(&scene);
}

/* ------------------------------------------------------------------ subscriptions */

static void request(int fd, const char *command, const char *text)
{
    uint8_t frame[2 + 10 + 100] = {4};
    size_t name = strlen(command), size = strlen(text);

    frame[1] = (uint8_t)(1 + name + size);
    frame[2] = (uint8_t)name;
    memcpy(frame + 3, command, name);
    memcpy(frame + 3 + name, text, size);
    api_raw_write(fd, frame, 3 + name + size);
}

/* `extra` is one request too many for a peer whose others are "a", "b" and "c". */
static void one_request_too_many(const char *server, const char *good, const char *raw,
                                 const char *command, const char *option, int limit,
                                 const char *extra)
{
    struct scene scene;
    int fd;

    open_scene(&scene, server, good);
    assert_ok(tn_set_int(scene.server, option, limit));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, raw);
    request(fd, command, "a");
    request(fd, command, "b");
    request(fd, command, "b"); /* again: it is the same */
    request(fd, command, "c");
    assert_true(tn_wait_subscribers(scene.server, 3, API_TIMEOUT_MS) == 3);
    request(fd, command, extra);
    while (tn_wait_subscribers(scene.server, 4, 10) == -ETIMEDOUT && !log_has("max_subscription"))
        continue;
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, option);
    close_scene(&scene);
}

static void test_one_subscription_too_many_is_named(void **state)
{
    (void)state;
    one_request_too_many("pub", "sub", "SUB", "SUBSCRIBE", "max_subscriptions", 3, "d");
    one_request_too_many("xpub", "sub", "SUB", "SUBSCRIBE", "max_subscriptions", 3, "d");
}

static void test_subscriptions_of_too_many_bytes_are_named(void **state)
{
    (void)state;
    one_request_too_many("pub", "sub", "SUB", "SUBSCRIBE", "max_subscription_bytes", 12,
                         "ten bytes.");
}

static void test_one_group_too_many_is_named(void **state)
{
    (void)state;
    one_request_too_many("radio", "dish", "DISH", "JOIN", "max_subscriptions", 3, "d");
}

/* The program has read none of them yet, and reads "a" only to find that it may keep it. */
static void test_manual_subscriptions_count_as_asked_for(void **state)
{
    struct scene scene;
    char text[16];
    int fd;

    (void)state;
    open_scene(&scene, "xpub", "sub");
    assert_ok(tn_set_int(scene.server, "xpub_manual", 1));
    assert_ok(tn_set_int(scene.server, "max_subscriptions", 2));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "SUB");
    request(fd, "SUBSCRIBE", "a");
    assert_int_equal(tn_recv(scene.server, text, sizeof text, 0), 2);
    assert_ok(tn_subscribe(scene.server, "z", 1));
    request(fd, "SUBSCRIBE", "b");
    assert_int_equal(tn_recv(scene.server, text, sizeof text, 0), 2);
    request(fd, "SUBSCRIBE", "c");
    assert_int_equal(tn_recv(scene.server, text, sizeof text, 0), 2);
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "max_subscriptions");
    assert_ok(tn_subscribe(scene.server, "y", 1)); /* for one that has gone */
    close_scene(&scene);
}

/* A publisher that does nothing does not collect requests for ever. */
static void test_requests_that_nobody_reads_are_limited(void **state)
{
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pub", "sub");
    assert_ok(tn_set_int(scene.server, "max_subscriptions", 100));
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "SUB");
    for (int i = 0; i < 201; i++)
        request(fd, i % 2 ? "CANCEL" : "SUBSCRIBE", "a");
    request(fd, "SUBSCRIBE", "b");
    api_raw_expect_close(fd);
    close(fd);
    expect_struck(&scene, TN_EVENT_DISCONNECTED, "max_subscriptions");
    close_scene(&scene);
}

/* ------------------------------------------------------------------ how many */

static int connect_from(const char *host, const char *endpoint)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, host, &from.sin_addr), 1);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void one_too_many_half_open(const char *option, int limit)
{
    struct scene scene;
    int fds[8], late;

    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, option, limit));
    start(&scene);
    for (int i = 0; i < limit; i++)
        fds[i] = api_raw_connect(scene.endpoint);
    late = api_raw_connect(scene.endpoint);
    api_raw_expect_close(late);
    expect_struck(&scene, TN_EVENT_HANDSHAKE_FAILED, option);
    good_is_served(&scene);
    /* Those that were there may go on. */
    api_raw_handshake(fds[0], 1, "PUSH");
    close(late);
    late = api_raw_connect(scene.endpoint);
    api_raw_handshake(late, 1, "PUSH");
    for (int i = 0; i < limit; i++)
        close(fds[i]);
    close(late);
    close_scene(&scene);
}

static void test_one_half_open_peer_too_many_is_named(void **state)
{
    (void)state;
    one_too_many_half_open("max_half_open", 3);
}

static void test_one_half_open_peer_of_an_address_too_many_is_named(void **state)
{
    (void)state;
    one_too_many_half_open("max_half_open_per_address", 3);
}

static void test_half_open_peers_of_an_address_are_64_by_default(void **state)
{
    enum { LIMIT = 64 };
    struct scene scene;
    int fds[LIMIT + 1];

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    for (int i = 0; i <= LIMIT; i++)
        fds[i] = api_raw_connect(scene.endpoint);
    api_raw_expect_close(fds[LIMIT]);
    expect_struck(&scene, TN_EVENT_HANDSHAKE_FAILED, "max_half_open_per_address");
    for (int i = 0; i <= LIMIT; i++)
        close(fds[i]);
    good_is_served(&scene);
    close_scene(&scene);
}

/* Without "handshake_ivl" those in line wait as long as it takes. All are there before the first one says
 * anything. */
static void expect_turns(const char *option, int limit, int count)
{
    struct scene scene;
    tn_event_t event;
    int *fds = calloc((size_t)count, sizeof *fds);

    assert_non_null(fds);
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 0));
    assert_ok(tn_set_int(scene.server, "max_half_open_per_address", 0));
    assert_ok(tn_set_int(scene.server, option, limit));
    start(&scene);
    for (int i = 0; i < count; i++)
        fds[i] = api_raw_connect(scene.endpoint);
    for (int i = 0; i < count; i++)
        api_raw_handshake(fds[i], 1, "PUSH");
    assert_ok(tn_wait_peers(scene.server, count + 1, API_TIMEOUT_MS));
    assert_code(tn_monitor_recv(scene.monitor, &event, 0), -ETIMEDOUT);
    assert_false(log_has("max_half_open"));
    for (int i = 0; i < count; i++)
        close(fds[i]);
    free(fds);
    good_is_served(&scene);
    close_scene(&scene);
}

static void test_half_open_peers_of_an_address_take_turns(void **state)
{
    (void)state;
    expect_turns("max_half_open_per_address", 1, 30);
    expect_turns("max_half_open_per_address", 64, 300);
}

static void test_half_open_peers_of_a_bind_take_turns(void **state)
{
    (void)state;
    expect_turns("max_half_open", 2, 30);
}

static void expect_silence(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* Who is in line may go, and who leaves the handshake without an end makes room as well. Another address
 * has its own line. */
static void test_a_line_moves_when_peers_go(void **state)
{
    struct scene scene;
    int inside, gone, next, other;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 0));
    assert_ok(tn_set_int(scene.server, "max_half_open_per_address", 1));
    start(&scene);
    inside = api_raw_connect(scene.endpoint);
    gone = api_raw_connect(scene.endpoint);
    next = api_raw_connect(scene.endpoint);
    other = connect_from("127.0.0.2", scene.endpoint);
    api_raw_handshake(other, 1, "PUSH");
    expect_silence(next);
    close(gone);
    close(inside);
    api_raw_handshake(next, 1, "PUSH");
    close(other);
    close(next);
    good_is_served(&scene);
    close_scene(&scene);
}

/* A server that closes has some in line. */
static void test_those_in_line_are_closed_with_the_bind(void **state)
{
    struct scene scene;
    int fds[8];

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 0));
    assert_ok(tn_set_int(scene.server, "max_half_open_per_address", 2));
    start(&scene);
    for (int i = 0; i < 8; i++)
        fds[i] = api_raw_connect(scene.endpoint);
    good_is_served(&scene);
    close_scene(&scene);
    for (int i = 0; i < 8; i++) {
        api_raw_expect_close(fds[i]);
        close(fds[i]);
    }
}

static void test_one_connection_of_an_address_too_many_is_named(void **state)
{
    struct scene scene;
    tn_event_t event;
    int first, second, third;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "max_connections_per_address", 3));
    start(&scene);
    first = api_raw_connect(scene.endpoint);
    second = api_raw_connect(scene.endpoint);
    api_raw_handshake(first, 1, "PUSH");
    api_raw_handshake(second, 1, "PUSH");
    third = api_raw_connect(scene.endpoint);
    api_raw_expect_close(third);
    expect_struck(&scene, TN_EVENT_HANDSHAKE_FAILED, "max_connections_per_address");
    good_is_served(&scene);
    close(third);
    /* Whoever goes makes room. */
    close(first);
    api_expect_event(scene.monitor, TN_EVENT_DISCONNECTED, &event);
    third = api_raw_connect(scene.endpoint);
    api_raw_handshake(third, 1, "PUSH");
    close(second);
    close(third);
    close_scene(&scene);
}

static void test_paths_have_no_address_to_be_counted_by(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pull");
    tn_socket_t *clients[3];
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(server, "max_connections_per_address", 1));
    api_bind(server, API_IPC, endpoint);
    for (int i = 0; i < 3; i++) {
        clients[i] = api_socket(ctx, "push");
        assert_ok(tn_connect(clients[i], endpoint));
    }
    assert_true(tn_wait_peers(server, 3, API_TIMEOUT_MS) == 3);
    for (int i = 0; i < 3; i++)
        assert_ok(tn_close(clients[i]));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_one_connection_of_a_context_too_many_is_named(void **state)
{
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_close(scene.good));
    assert_ok(tn_close(scene.server));
    tn_monitor_close(scene.monitor);
    assert_code(tn_ctx_set_int(scene.ctx, "max_connections", 1), -EBUSY);
    api_ctx_end(scene.ctx);
    scene.ctx = tn_ctx_new();
    assert_ok(tn_ctx_set_int(scene.ctx, "max_connections", 1));
    scene.server = api_socket(scene.ctx, "pull");
    scene.good = api_socket(scene.ctx, "push");
    scene.monitor = tn_monitor(scene.server, TN_EVENT_HANDSHAKE_FAILED);
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_expect_close(fd);
    expect_struck(&scene, TN_EVENT_HANDSHAKE_FAILED, "max_connections");
    good_is_served(&scene);
    close(fd);
    close_scene(&scene);
}

/* The process has 200 descriptors, of which peers get all but 64. */
static void test_descriptors_are_left_to_the_program(void **state)
{
    enum { ALL = 200, LEFT = 64 };
    struct rlimit before, narrow;
    struct scene scene;
    tn_monitor_t *accepted;
    tn_event_t event;
    int fds[ALL], count = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    narrow = before;
    narrow.rlim_cur = ALL;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "max_half_open_per_address", 0));
    start(&scene);
    accepted = tn_monitor(scene.server, TN_EVENT_ACCEPTED);
    assert_non_null(accepted);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &narrow), 0);
    while (count < ALL - LEFT && !log_has("max_connections")) {
        fds[count++] = api_raw_connect(scene.endpoint);
        api_expect_event(accepted, TN_EVENT_ACCEPTED, &event);
    }
    expect_struck(&scene, TN_EVENT_HANDSHAKE_FAILED, "max_connections");
    good_is_served(&scene);
    tn_monitor_close(accepted);
    while (count > 0)
        close(fds[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close_scene(&scene);
}

/* ------------------------------------------------------------------ how long */

static void test_handshake_that_never_ends_is_named(void **state)
{
    struct scene scene;
    tn_socket_t *bad;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 100));
    start(&scene);
    bad = api_socket(scene.ctx, "push");
    api_connect_badly(bad, scene.endpoint, "half_open=80&handshake_ivl=0");
    expect_struck(&scene, TN_EVENT_HANDSHAKE_FAILED, "handshake_ivl");
    good_is_served(&scene);
    assert_ok(tn_close(bad));
    close_scene(&scene);
}

/* Messages go to both until the one that reads nothing is full; then to the good one alone. */
static void test_peer_that_takes_nothing_is_named(void **state)
{
    static uint8_t large[256 * 1024];
    struct scene scene;
    tn_socket_t *bad;
    tn_event_t event;

    (void)state;
    open_scene(&scene, "pub", "sub");
    assert_ok(tn_set_int(scene.server, "stall_timeout", 200));
    assert_ok(tn_set_int(scene.server, "sndhwm", 0));
    assert_ok(tn_subscribe(scene.good, "good", 4));
    start(&scene);
    bad = api_socket(scene.ctx, "sub");
    assert_ok(tn_subscribe(bad, "", 0));
    api_connect_badly(bad, scene.endpoint, "half_open=10000");
    assert_ok(tn_wait_subscribers(scene.server, 2, API_TIMEOUT_MS));
    for (int i = 0; i < 64; i++)
        assert_ok(tn_send(scene.server, large, sizeof large, 0));
    api_expect_event(scene.monitor, TN_EVENT_DISCONNECTED, &event);
    assert_non_null(strstr(event.reason, "('stall_timeout')"));
    assert_true(log_has("('stall_timeout')"));
    api_send(scene.server, "good", 0);
    api_expect(scene.good, "good");
    assert_ok(tn_close(bad));
    close_scene(&scene);
}

enum { STALL_MS = 300, PAUSE_MS = 20, PIECE = 64 * 1024 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads so many bytes, a little at a time, for far longer than the limit. `last`: when the sending
 * began. False: it was stopped itself for a good part of the limit. */
static bool read_slowly(int fd, size_t left, int64_t last)
{
    static uint8_t bytes[PIECE];
    int64_t now;
    bool was_stopped = false;

    for (ssize_t size = 0; left && !was_stopped; left -= (size_t)size) {
        usleep(PAUSE_MS * 1000);
        size = recv(fd, bytes, left < PIECE ? left : PIECE, 0);
        now = now_ms();
        was_stopped = now - last >= STALL_MS / 3;
        last = now;
        if (!was_stopped)
            assert_true(size > 0);
    }
    return !was_stopped;
}

static bool serve_slowly(void)
{
    static uint8_t large[256 * 1024];
    enum { MESSAGES = 24, RCVBUF = 128 * 1024 };
    struct scene scene;
    tn_event_t event;
    bool was_slow;
    int fd, small = RCVBUF;
    int64_t began;

    open_scene(&scene, "push", "pull");
    assert_ok(tn_set_int(scene.server, "stall_timeout", STALL_MS));
    assert_ok(tn_set_int(scene.server, "sndhwm", 0));
    api_bind(scene.server, API_TCP, scene.endpoint);
    fd = api_raw_connect(scene.endpoint);
    /* With a large one the kernel tells the sender of what was read once in a while only. */
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    api_raw_handshake(fd, 1, "PULL");
    began = now_ms();
    for (int i = 0; i < MESSAGES; i++)
        assert_ok(tn_send(scene.server, large, sizeof large, 0));
    was_slow = read_slowly(fd, (sizeof large + 9) * MESSAGES, began);
    if (was_slow)
        assert_int_equal(tn_monitor_recv(scene.monitor, &event, 0), -ETIMEDOUT);
    close(fd);
    close_scene(&scene);
    return was_slow;
}

/* On a machine that stops the whole test again and again it is tried as often as it takes. */
static void test_slow_peer_is_not_a_stalled_one(void **state)
{
    (void)state;
    while (!serve_slowly())
        continue;
}

/* ------------------------------------------------------------------ the process's memory */

enum {
    MEMORY = 4 * 1024 * 1024,
    PUSHERS = 3,
    MESSAGES = 1000,
    EVERY = 5,
    SMALL = 100,
    BIG = 100000
};

/* A peer that sends messages of both sizes as fast as they are taken, and what has come of them. */
struct pusher {
    int fd, sent, seen; /* messages */
    size_t done, size; /* of the frame that is being sent */
    uint8_t frame[9 + BIG];
};

static size_t size_of(int number)
{
    return number % EVERY == 0 ? BIG : SMALL;
}

static void next_frame(struct pusher *pusher, int which)
{
    size_t size = size_of(pusher->sent);

    pusher->frame[0] = 2;
    for (int i = 0; i < 8; i++)
        pusher->frame[1 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
    memset(pusher->frame + 9, pusher->sent % 251, size);
    pusher->frame[9] = (uint8_t)which;
    pusher->size = 9 + size;
    pusher->done = 0;
}

/* Until the kernel takes no more. */
static void push(struct pusher *pusher, int which)
{
    while (pusher->sent < MESSAGES) {
        ssize_t put;
        if (pusher->size == 0)
            next_frame(pusher, which);
        put = send(pusher->fd, pusher->frame + pusher->done, pusher->size - pusher->done,
                   MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0) {
            assert_int_equal(errno, EAGAIN);
            return;
        }
        pusher->done += (size_t)put;
        if (pusher->done == pusher->size) {
            pusher->sent++;
            pusher->size = 0;
        }
    }
}

static bool can_push(struct pusher *pushers)
{
    enum { QUIET_MS = 200 };
    struct pollfd polled[PUSHERS];

    for (int i = 0; i < PUSHERS; i++)
        polled[i] = (struct pollfd){pushers[i].sent < MESSAGES ? pushers[i].fd : -1, POLLOUT, 0};
    return poll(polled, PUSHERS, QUIET_MS) > 0;
}

/* What waits for the program: of each peer the first messages that it sent. */
static size_t unread_bytes(tn_socket_t *server)
{
    tn_peer_t peers[PUSHERS + 1];
    int count = tn_peers(server, peers, PUSHERS + 1);
    size_t bytes = 0;

    assert_int_equal(count, PUSHERS + 1);
    for (int i = 0; i < count; i++)
        for (uint64_t number = 0; number < peers[i].queued_in; number++)
            bytes += size_of((int)number);
    return bytes;
}

static void take_one(struct pusher *pushers, tn_socket_t *server)
{
    static uint8_t body[BIG];
    struct pusher *from;
    ssize_t size = tn_recv(server, body, sizeof body, 0);

    assert_ok(size);
    assert_in_range(body[0], 0, PUSHERS - 1);
    from = &pushers[body[0]];
    assert_int_equal(size, size_of(from->seen));
    for (ssize_t i = 1; i < size; i++)
        if (body[i] != from->seen % 251)
            fail_msg("message %d of peer %d is broken at byte %zd", from->seen, body[0], i);
    from->seen++;
}

static void test_memory_holds_those_that_have_most(void **state)
{
    enum { ONE_TURN = 256 * 1024 + 2 * BIG };
    static struct pusher pushers[PUSHERS];
    char endpoint[API_ENDPOINT_MAX];
    tn_socket_t *req, *rep;
    struct scene scene;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_close(scene.good));
    assert_ok(tn_close(scene.server));
    tn_monitor_close(scene.monitor);
    api_ctx_end(scene.ctx);
    scene.ctx = tn_ctx_new();
    assert_ok(tn_ctx_set_int(scene.ctx, "max_memory", MEMORY));
    scene.server = api_socket(scene.ctx, "pull");
    scene.good = api_socket(scene.ctx, "push");
    scene.monitor = tn_monitor(scene.server, TN_EVENT_DISCONNECTED);
    start(&scene);
    req = api_socket(scene.ctx, "req");
    rep = api_socket(scene.ctx, "rep");
    api_bind(rep, API_TCP, endpoint);
    assert_ok(tn_connect(req, endpoint));
    for (int i = 0; i < PUSHERS; i++) {
        memset(&pushers[i], 0, sizeof pushers[i]);
        pushers[i].fd = api_raw_connect(scene.endpoint);
        api_raw_handshake(pushers[i].fd, 1, "PUSH");
    }
    assert_ok(tn_wait_peers(scene.server, PUSHERS + 1, API_TIMEOUT_MS));
    do {
        for (int i = 0; i < PUSHERS; i++)
            push(&pushers[i], i);
        api_send(req, "question", 0);
        api_expect(rep, "question");
        api_send(rep, "answer", 0);
        api_expect(req, "answer");
    } while (can_push(pushers) || !log_has("('max_memory')"));
    for (int i = 0; i < PUSHERS; i++)
        assert_true(pushers[i].sent < MESSAGES);
    assert_true(log_has("('max_memory')"));
    assert_true(unread_bytes(scene.server) >= MEMORY / 2);
    assert_true(unread_bytes(scene.server) <= MEMORY + PUSHERS * ONE_TURN);
    for (int left = PUSHERS * MESSAGES; left > 0; left--) {
        for (int i = 0; i < PUSHERS; i++)
            push(&pushers[i], i);
        take_one(pushers, scene.server);
    }
    for (int i = 0; i < PUSHERS; i++) {
        assert_int_equal(pushers[i].seen, MESSAGES);
        close(pushers[i].fd);
    }
    good_is_served(&scene);
    assert_ok(tn_close(req));
    assert_ok(tn_close(rep));
    close_scene(&scene);
}

/* ------------------------------------------------------------------ the log */

static void test_limit_that_strikes_often_is_logged_once(void **state)
{
    struct scene scene;
    static char log[LOG_SIZE];
    const char *line;
    ssize_t size;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "max_connections_per_address", 1));
    start(&scene);
    for (int i = 0; i < 20; i++) {
        int fd = api_raw_connect(scene.endpoint);
        api_raw_expect_close(fd);
        close(fd);
    }
    size = pread(log_fd, log, sizeof log - 1, 0);
    assert_true(size > 0);
    log[size] = '\0';
    line = strstr(log, "max_connections_per_address");
    assert_non_null(line);
    assert_null(strstr(line + 1, "max_connections_per_address"));
    close_scene(&scene);
}

#define LIMIT_TEST(test) cmocka_unit_test_teardown(test, show_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(test_frame_above_maxmsgsize_is_named),
        LIMIT_TEST(test_one_part_too_many_is_named),
        LIMIT_TEST(test_message_above_its_bytes_is_named),
        LIMIT_TEST(test_message_bytes_follow_the_frame_limit),
        LIMIT_TEST(test_one_heartbeat_too_many_is_named),
        LIMIT_TEST(test_one_subscription_too_many_is_named),
        LIMIT_TEST(test_subscriptions_of_too_many_bytes_are_named),
        LIMIT_TEST(test_one_group_too_many_is_named),
        LIMIT_TEST(test_manual_subscriptions_count_as_asked_for),
        LIMIT_TEST(test_requests_that_nobody_reads_are_limited),
        LIMIT_TEST(test_one_half_open_peer_too_many_is_named),
        LIMIT_TEST(test_one_half_open_peer_of_an_address_too_many_is_named),
        LIMIT_TEST(test_half_open_peers_of_an_address_are_64_by_default),
        LIMIT_TEST(test_half_open_peers_of_an_address_take_turns),
        LIMIT_TEST(test_half_open_peers_of_a_bind_take_turns),
        LIMIT_TEST(test_a_line_moves_when_peers_go),
        LIMIT_TEST(test_those_in_line_are_closed_with_the_bind),
        LIMIT_TEST(test_one_connection_of_an_address_too_many_is_named),
        LIMIT_TEST(test_paths_have_no_address_to_be_counted_by),
        LIMIT_TEST(test_one_connection_of_a_context_too_many_is_named),
        LIMIT_TEST(test_descriptors_are_left_to_the_program),
        LIMIT_TEST(test_handshake_that_never_ends_is_named),
        LIMIT_TEST(test_peer_that_takes_nothing_is_named),
        LIMIT_TEST(test_slow_peer_is_not_a_stalled_one),
        LIMIT_TEST(test_memory_holds_those_that_have_most),
        LIMIT_TEST(test_limit_that_strikes_often_is_logged_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
