/* Much traffic over ipc, where the two ends come to share memory: both ways at once, with peers that are killed,
 * and without leaving that memory behind. */
#include "api.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 400 * 1000, EACH = 500 };

/** A message tells its number; its other bytes follow from that. */
static size_t size_of(uint32_t number)
{
    static const size_t sizes[] = {8, 100, 5000, 33000, 65536, 20, MOST, 8000};

    return sizes[number * 2654435761u >> 29];
}

static void fill(uint8_t *body, uint32_t number)
{
    memset(body, (int)(number * 7), size_of(number));
    memcpy(body, &number, sizeof number);
}

static uint32_t number_of(const uint8_t *body, size_t size)
{
    uint32_t number;

    assert_true(size >= sizeof number);
    memcpy(&number, body, sizeof number);
    assert_int_equal(size, size_of(number));
    for (size_t i = sizeof number; i < size; i++)
        if (body[i] != (uint8_t)(number * 7))
            fail_msg("message %u: byte %zu of %zu is wrong", number, i, size);
    return number;
}

static void *send_each(void *arg)
{
    uint8_t *body = malloc(MOST);

    for (uint32_t i = 0; i < EACH; i++) {
        fill(body, i);
        assert_ok(tn_send(arg, body, size_of(i), 0));
    }
    free(body);
    return NULL;
}

static void *expect_each(void *arg)
{
    uint8_t *body = malloc(MOST);

    for (uint32_t i = 0; i < EACH; i++) {
        size_t size = (size_t)assert_ok(tn_recv(arg, body, MOST, 0));
        assert_int_equal(number_of(body, size), i);
    }
    free(body);
    return NULL;
}

static void exchange(const char *endpoint)
{
    static void *(*const tasks[])(void *) = {send_each, expect_each, send_each, expect_each};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *ends[2] = {api_socket(ctx, "dealer"), api_socket(ctx, "dealer")};
    pthread_t threads[4];

    api_join(ends[0], ends[1], endpoint);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, tasks[i], ends[i / 2]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_ok(tn_close(ends[0]));
    assert_ok(tn_close(ends[1]));
    api_ctx_end(ctx);
}

static void test_both_ways_at_once_keep_their_orders(void **state)
{
    (void)state;
    exchange("ipc://*");
    exchange("ipc://*?ring_size=65536");
    exchange("ipc://*?ring_size=0");
}

/* ------------------------------------------------------------------ memory */

/** KiB of memory that is shared with a peer. */
static long shared_kib(void)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    bool is_ring = false;
    char line[512];
    long size = 0, part;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strstr(line, "/memfd:tenon-ipc"))
            is_ring = true;
        if (is_ring && sscanf(line, "Rss: %ld", &part) == 1) {
            size += part;
            is_ring = false;
        }
    }
    fclose(file);
    return size;
}

/** Returns how much is shared at the most: it may have gone back before everything is received. */
static void *send_each_looking(void *arg)
{
    uint8_t *body = malloc(MOST);
    long most = 0;

    for (uint32_t i = 0; i < EACH; i++) {
        long now = i % 16 ? 0 : shared_kib();
        fill(body, i);
        assert_ok(tn_send(arg, body, size_of(i), 0));
        most = now > most ? now : most;
    }
    free(body);
    return (void *)(intptr_t)most;
}

static void test_memory_goes_back_after_traffic(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    pthread_t thread;
    int waited = 0;
    void *most;

    (void)state;
    api_join(pull, push, API_IPC);
    assert_int_equal(shared_kib(), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_each_looking, push), 0);
    expect_each(pull);
    pthread_join(thread, &most);
    assert_true((intptr_t)most > 500);
    while (shared_kib() > 32 && waited++ < API_TIMEOUT_MS / 10)
        usleep(10000);
    assert_true(shared_kib() <= 32);
    assert_int_equal(pthread_create(&thread, NULL, send_each, push), 0);
    expect_each(pull);
    pthread_join(thread, NULL);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
    assert_int_equal(shared_kib(), 0);
}

/* ------------------------------------------------------------------ small messages */

enum { TURNS = 4000, SMALL = 1000 };

static ssize_t recv_polling(tn_socket_t *socket, void *body)
{
    tn_pollitem_t item = {.socket = socket, .events = TN_POLLIN};

    assert_int_equal(tn_poll(&item, 1, API_TIMEOUT_MS), 1);
    return tn_recv(socket, body, SMALL, TN_DONTWAIT);
}

static ssize_t recv_asking(tn_socket_t *socket, void *body)
{
    ssize_t size;

    do
        size = tn_recv(socket, body, SMALL, TN_DONTWAIT);
    while (size == -EAGAIN && sched_yield() == 0);
    return size;
}

static ssize_t recv_by_descriptor(tn_socket_t *socket, void *body)
{
    struct pollfd item = {.fd = tn_fd(socket, TN_POLLIN), .events = POLLIN};
    ssize_t size;

    while ((size = tn_recv(socket, body, SMALL, TN_DONTWAIT)) == -EAGAIN)
        assert_int_equal(poll(&item, 1, API_TIMEOUT_MS), 1);
    return size;
}

static ssize_t recv_waiting(tn_socket_t *socket, void *body)
{
    return tn_recv(socket, body, SMALL, 0);
}

static ssize_t recv_later(tn_socket_t *socket, void *body)
{
    usleep(10000); /* longer than a lease */
    return recv_waiting(socket, body);
}

/** Most turns wait as a program does that has nothing else to do, in rows long enough for a lease. The way by
 *  a descriptor comes late, since a socket that has one keeps it. */
static ssize_t recv_somehow(tn_socket_t *socket, void *body, unsigned turn, unsigned salt)
{
    unsigned way = (turn * 7 + salt) * 2654435761u >> 26;

    if (turn % 400 < 200 || way >= 5)
        return recv_waiting(socket, body);
    if (way == 0)
        return recv_later(socket, body);
    if (way == 1 && turn > TURNS / 2)
        return recv_by_descriptor(socket, body);
    return way == 2 ? recv_asking(socket, body) : recv_polling(socket, body);
}

static void *answer_each(void *arg)
{
    uint8_t body[SMALL];

    for (unsigned i = 0; i < TURNS; i++) {
        assert_int_equal(recv_somehow(arg, body, i, 3), SMALL);
        assert_int_equal(body[0], (uint8_t)i);
        assert_ok(tn_send(arg, body, SMALL, 0));
    }
    return NULL;
}

/** Asks, and has one more question under way at times. */
static void ask_each(tn_socket_t *socket)
{
    uint8_t body[SMALL] = {0};
    unsigned asked = 0;

    for (unsigned i = 0; i < TURNS; i++) {
        while (asked < TURNS && asked <= i + (i % 50 == 7)) {
            body[0] = (uint8_t)asked++;
            assert_ok(tn_send(socket, body, SMALL, 0));
        }
        assert_int_equal(recv_somehow(socket, body, i, 5), SMALL);
        assert_int_equal(body[0], (uint8_t)i);
    }
}

static void exchange_small(unsigned spin_us)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *asks = api_socket(ctx, "dealer"), *answers = api_socket(ctx, "dealer");
    pthread_t thread;

    assert_ok(tn_set_int(asks, "spin_us", spin_us));
    api_join(answers, asks, API_IPC);
    assert_int_equal(pthread_create(&thread, NULL, answer_each, answers), 0);
    ask_each(asks);
    pthread_join(thread, NULL);
    assert_true(shared_kib() <= 4 * (64 + 8)); /* both ends of two rings: a unit and the head */
    assert_ok(tn_close(asks));
    assert_ok(tn_close(answers));
    api_ctx_end(ctx);
}

static void test_small_exchanges_wait_in_any_way_and_take_little_memory(void **state)
{
    (void)state;
    exchange_small(0);
    exchange_small(50);
}

/* ------------------------------------------------------------------ peers that are killed */

enum { PEERS = 5, OF_EACH_PEER = 120 };

/** Takes messages of which each is whole and newer than the one before; all but the last peer are killed in
 *  between. */
static void be_peer(const char *endpoint, int turn, bool is_last)
{
    tn_ctx_t *ctx;
    tn_socket_t *pull;
    uint8_t *body = malloc(MOST);
    int64_t newest = -1;
    char go;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    assert_int_equal(read(turn, &go, 1), 1);
    ctx = api_ctx();
    pull = api_socket(ctx, "pull");
    assert_ok(tn_connect(pull, endpoint));
    for (int i = 0; is_last || i < OF_EACH_PEER; i++) {
        size_t size = (size_t)assert_ok(tn_recv(pull, body, MOST, 0));
        if (size == 1)
            _exit(0);
        assert_true(number_of(body, size) > newest);
        newest = number_of(body, size);
    }
    raise(SIGKILL);
}

static pid_t new_peer(const char *endpoint, int *out_turn, bool is_last)
{
    int turn[2];
    pid_t peer;

    assert_int_equal(pipe(turn), 0);
    peer = fork();
    if (peer == 0)
        be_peer(endpoint, turn[0], is_last);
    close(turn[0]);
    *out_turn = turn[1];
    return peer;
}

struct source {
    tn_socket_t *push;
    _Atomic bool must_end;
};

static void *send_on(void *arg)
{
    struct source *source = arg;
    uint8_t *body = malloc(MOST);

    for (uint32_t i = 0; !source->must_end; i++) {
        fill(body, i);
        assert_ok(tn_send(source->push, body, size_of(i), 0));
    }
    assert_ok(tn_send(source->push, "", 1, 0));
    free(body);
    return NULL;
}

/* The processes come first: a context does not outlive a fork. */
static void test_killed_peers_leave_whole_messages_to_the_next(void **state)
{
    char directory[] = "/tmp/test-shared-XXXXXX", endpoint[64];
    pid_t peers[PEERS];
    int turns[PEERS], status;
    struct source source = {0};
    tn_ctx_t *ctx;
    pthread_t thread;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", directory);
    for (int i = 0; i < PEERS; i++)
        peers[i] = new_peer(endpoint, &turns[i], i == PEERS - 1);
    ctx = api_ctx();
    source.push = api_socket(ctx, "push");
    assert_ok(tn_set_int(source.push, "sndhwm", 20));
    assert_ok(tn_bind(source.push, endpoint));
    assert_int_equal(pthread_create(&thread, NULL, send_on, &source), 0);
    for (int i = 0; i < PEERS; i++) {
        source.must_end = i == PEERS - 1;
        assert_int_equal(write(turns[i], "", 1), 1);
        assert_int_equal(waitpid(peers[i], &status, 0), peers[i]);
        if (i < PEERS - 1)
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        else
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        close(turns[i]);
    }
    pthread_join(thread, NULL);
    assert_ok(tn_close(source.push));
    api_ctx_end(ctx);
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* it forks: first, before there have been threads */
        cmocka_unit_test(test_killed_peers_leave_whole_messages_to_the_next),
        cmocka_unit_test(test_both_ways_at_once_keep_their_orders),
        cmocka_unit_test(test_memory_goes_back_after_traffic),
        cmocka_unit_test(test_small_exchanges_wait_in_any_way_and_take_little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
