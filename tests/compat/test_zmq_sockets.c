/* Contexts and sockets: options, limits, ends, errors, and sockets that change their thread. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"

enum { BACKSTOP = 60 };

/* A context that a failed test left open must not keep the others' results. */
static int set_up(void **state)
{
    (void)state;
    alarm(BACKSTOP);
    return 0;
}

/* ------------------------------------------------------------------ many at once */

enum { CLIENTS = 1000, DESCRIPTORS_EACH = 5 };

/* As many as the descriptors allow. */
static int clients(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur / DESCRIPTORS_EACH < CLIENTS ? (int)(limit.rlim_cur / DESCRIPTORS_EACH)
                                                       : CLIENTS;
}

static void echo(void *router)
{
    uint8_t id[32], body[8];
    int id_size = zmq_recv(router, id, sizeof id, 0);

    assert_true(id_size > 0);
    assert_int_equal(zmq_recv(router, body, sizeof body, 0), 1);
    assert_int_equal(zmq_send(router, id, (size_t)id_size, ZMQ_SNDMORE), id_size);
    assert_int_equal(zmq_send(router, body, 1, 0), 1);
}

/* None of them is turned away, so that none has to come back: they are all of one host, and connect faster
 * than handshakes are made. Without ZMQ_HANDSHAKE_IVL nobody is given up for want of time, and with
 * such a backlog the kernel drops nobody. */
static void test_a_thousand_clients_of_a_host_come_at_once(void **state)
{
    void *ctx = zmq_ctx_new(), *router, *monitor, *dealers[CLIENTS];
    int count = clients(), none = 0, backlog = CLIENTS;
    char endpoint[64], byte;
    size_t size = sizeof endpoint;

    (void)state;
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, CLIENTS + 10), 0);
    router = zmq_socket(ctx, ZMQ_ROUTER);
    assert_int_equal(zmq_setsockopt(router, ZMQ_HANDSHAKE_IVL, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(router, ZMQ_BACKLOG, &backlog, sizeof backlog), 0);
    assert_int_equal(zmq_socket_monitor(router, "inproc://turned-away",
                                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                            ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED),
                     0);
    monitor = zmq_socket(ctx, ZMQ_PAIR);
    assert_int_equal(zmq_connect(monitor, "inproc://turned-away"), 0);
    assert_int_equal(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    for (int i = 0; i < count; i++) {
        dealers[i] = zmq_socket(ctx, ZMQ_DEALER);
        assert_non_null(dealers[i]);
        assert_int_equal(zmq_setsockopt(dealers[i], ZMQ_HANDSHAKE_IVL, &none, sizeof none), 0);
        assert_int_equal(zmq_connect(dealers[i], endpoint), 0);
        assert_int_equal(zmq_send(dealers[i], "x", 1, 0), 1);
    }
    for (int i = 0; i < count; i++)
        echo(router);
    assert_fails(EAGAIN, zmq_recv(monitor, &byte, 1, ZMQ_DONTWAIT));
    for (int i = 0; i < count; i++) {
        assert_int_equal(zmq_recv(dealers[i], &byte, 1, 0), 1);
        assert_int_equal(zmq_close(dealers[i]), 0);
    }
    assert_int_equal(zmq_close(monitor), 0);
    assert_int_equal(zmq_close(router), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ------------------------------------------------------------------ contexts */

static void test_contexts_begin_with_the_defaults(void **state)
{
    void *ctx = zmq_ctx_new();

    (void)state;
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_IO_THREADS), 1);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_MAX_SOCKETS), 1023);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_SOCKET_LIMIT), 65535);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_MAX_MSGSZ), INT32_MAX);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_MSG_T_SIZE), 64);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_IPV6), 0);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_BLOCKY), 1);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_ZERO_COPY_RECV), 1);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_THREAD_SCHED_POLICY), -1);
    assert_fails(EINVAL, zmq_ctx_get(ctx, 9999));
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_context_options_have_their_ranges(void **state)
{
    void *ctx = zmq_ctx_new();

    (void)state;
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_IO_THREADS, 0), 0);
    assert_fails(EINVAL, zmq_ctx_set(ctx, ZMQ_IO_THREADS, -1));
    assert_fails(EINVAL, zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, 0));
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, 100000), 0);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_MAX_SOCKETS), 100000);
    assert_fails(EINVAL, zmq_ctx_set(ctx, ZMQ_MAX_MSGSZ, -1));
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_MAX_MSGSZ, 10), 0);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_MAX_MSGSZ), 10);
    assert_fails(EINVAL, zmq_ctx_set(ctx, ZMQ_MSG_T_SIZE, 64));
    assert_fails(EINVAL, zmq_ctx_set(ctx, ZMQ_THREAD_SCHED_POLICY, -1));
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_THREAD_SCHED_POLICY, 0), 0);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_THREAD_SCHED_POLICY), 0);
    assert_fails(EINVAL, zmq_ctx_set(ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0));
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, 0), 0);
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0), 0);
    assert_fails(EINVAL, zmq_ctx_set(ctx, 9999, 0));
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_there_is_no_context_behind_null(void **state)
{
    (void)state;
    assert_fails(EFAULT, zmq_ctx_get(NULL, ZMQ_IO_THREADS));
    assert_fails(EFAULT, zmq_ctx_set(NULL, ZMQ_IO_THREADS, 1));
    assert_fails(EFAULT, zmq_ctx_term(NULL));
    assert_fails(EFAULT, zmq_ctx_destroy(NULL));
    assert_fails(EFAULT, zmq_ctx_shutdown(NULL));
    errno = 0;
    assert_null(zmq_socket(NULL, ZMQ_PAIR));
    assert_int_equal(errno, EFAULT);
}

static void test_sockets_are_limited_and_types_known(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket;

    (void)state;
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, 1), 0);
    errno = 0;
    assert_null(zmq_socket(ctx, 77));
    assert_int_equal(errno, EINVAL);
    socket = zmq_socket(ctx, ZMQ_PAIR);
    assert_non_null(socket);
    assert_null(zmq_socket(ctx, ZMQ_PAIR));
    assert_int_equal(errno, EMFILE);
    assert_int_equal(zmq_close(socket), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_without_io_threads_there_is_inproc_alone(void **state)
{
    void *ctx = zmq_init(0);
    void *socket = zmq_socket(ctx, ZMQ_PAIR);

    (void)state;
    assert_int_equal(zmq_bind(socket, "inproc://a"), 0);
    assert_fails(EMTHREAD, zmq_bind(socket, "tcp://127.0.0.1:*"));
    assert_fails(EMTHREAD, zmq_connect(socket, "tcp://127.0.0.1:5555"));
    assert_int_equal(zmq_close(socket), 0);
    assert_int_equal(zmq_term(ctx), 0);
}

static int option_of(void *socket, int number)
{
    int value = -77;
    size_t size = sizeof value;

    assert_int_equal(zmq_getsockopt(socket, number, &value, &size), 0);
    return value;
}

static void test_sockets_take_after_their_context(void **state)
{
    void *ctx = zmq_ctx_new();
    void *before = zmq_socket(ctx, ZMQ_PAIR), *after;

    (void)state;
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_BLOCKY, 0), 0);
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_IPV6, 1), 0);
    after = zmq_socket(ctx, ZMQ_PAIR);
    assert_int_equal(option_of(before, ZMQ_LINGER), -1);
    assert_int_equal(option_of(before, ZMQ_IPV6), 0);
    assert_int_equal(option_of(after, ZMQ_LINGER), 0);
    assert_int_equal(option_of(after, ZMQ_IPV6), 1);
    zmq_close(before);
    zmq_close(after);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static int count_threads_named(const char *part)
{
    DIR *tasks = opendir("/proc/self/task");
    char path[300], name[64];
    struct dirent *task;
    int count = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks))) {
        FILE *file;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        file = fopen(path, "r");
        if (!file)
            continue;
        if (fgets(name, sizeof name, file) && strstr(name, part))
            count++;
        fclose(file);
    }
    closedir(tasks);
    return count;
}

static void test_io_threads_are_made_as_asked_for(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket;

    (void)state;
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_IO_THREADS, 3), 0);
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_THREAD_NAME_PREFIX, 4711), 0);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_THREAD_NAME_PREFIX), 4711);
    socket = zmq_socket(ctx, ZMQ_PAIR);
    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    if (is_drop_in()) /* the other's threads name themselves, sooner or later */
        assert_int_equal(count_threads_named("4711/"), 3);
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_IO_THREADS, 9), 0);
    zmq_close(socket);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_a_name_may_be_text(void **state)
{
    void *ctx = zmq_ctx_new();
    char name[32];
    size_t size = sizeof name;
    int number = 5;

    (void)state;
    SKIP_ON_ORACLE();
    assert_int_equal(zmq_ctx_set_ext(ctx, ZMQ_THREAD_NAME_PREFIX, "worker", 6), 0);
    assert_int_equal(zmq_ctx_get_ext(ctx, ZMQ_THREAD_NAME_PREFIX, name, &size), 0);
    assert_string_equal(name, "worker");
    assert_int_equal(size, 7);
    assert_fails(EINVAL, zmq_ctx_set_ext(ctx, ZMQ_THREAD_NAME_PREFIX, "seventeen letters", 17));
    assert_int_equal(zmq_ctx_set_ext(ctx, ZMQ_IO_THREADS, &number, sizeof number), 0);
    assert_int_equal(zmq_ctx_get(ctx, ZMQ_IO_THREADS), 5);
    assert_fails(EINVAL, zmq_ctx_set_ext(ctx, ZMQ_IO_THREADS, &number, 3));
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ------------------------------------------------------------------ the end */

static void *receive(void *socket)
{
    char room[8];
    int rc = zmq_recv(socket, room, sizeof room, 0);
    int number = errno;

    zmq_close(socket);
    return (void *)(intptr_t)(rc < 0 ? number : 0);
}

static void test_termination_ends_what_waits(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_PULL);
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(zmq_bind(socket, "inproc://wait"), 0);
    assert_int_equal(pthread_create(&thread, NULL, receive, socket), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, ETERM);
}

static void test_after_shutdown_only_close_works(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_PAIR);

    (void)state;
    assert_int_equal(zmq_ctx_shutdown(ctx), 0);
    assert_int_equal(zmq_ctx_shutdown(ctx), 0);
    errno = 0;
    assert_null(zmq_socket(ctx, ZMQ_PAIR));
    assert_int_equal(errno, ETERM);
    assert_fails(ETERM, zmq_bind(socket, "inproc://a"));
    assert_fails(ETERM, zmq_connect(socket, "inproc://a"));
    assert_fails(ETERM, zmq_send(socket, "x", 1, ZMQ_DONTWAIT));
    assert_fails(ETERM, zmq_recv(socket, NULL, 0, 0));
    assert_int_equal(zmq_close(socket), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void on_signal(int number)
{
    (void)number;
}

static void test_signals_interrupt_waiting_and_termination(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_PULL);
    const struct itimerspec soon = {{0, 20000000}, {0, 20000000}}, never = {{0, 0}, {0, 0}};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    timer_t timer;

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    event._sigev_un._tid = gettid();
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
    assert_fails(EINTR, zmq_recv(socket, NULL, 0, 0));
    assert_fails(EINTR, zmq_ctx_term(ctx));
    assert_int_equal(timer_settime(timer, 0, &never, NULL), 0);
    timer_delete(timer);
    assert_int_equal(zmq_close(socket), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ------------------------------------------------------------------ errors */

static void test_there_is_no_socket_behind_null(void **state)
{
    char room[8] = "";

    (void)state;
    assert_fails(ENOTSOCK, zmq_close(NULL));
    assert_fails(ENOTSOCK, zmq_send(NULL, room, 1, 0));
    assert_fails(ENOTSOCK, zmq_send_const(NULL, room, 1, 0));
    assert_fails(ENOTSOCK, zmq_recv(NULL, room, 1, 0));
    assert_fails(ENOTSOCK, zmq_bind(NULL, "inproc://a"));
    assert_fails(ENOTSOCK, zmq_connect(NULL, "inproc://a"));
    assert_fails(ENOTSOCK, zmq_unbind(NULL, "inproc://a"));
    assert_fails(ENOTSOCK, zmq_disconnect(NULL, "inproc://a"));
}

static void test_a_closed_socket_is_none(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_PAIR);

    (void)state;
    SKIP_ON_ORACLE();
    assert_int_equal(zmq_close(socket), 0);
    assert_fails(ENOTSOCK, zmq_close(socket));
    assert_fails(ENOTSOCK, zmq_send(socket, "x", 1, 0));
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_patterns_refuse_what_they_cannot_do(void **state)
{
    static const struct {
        int type;
        bool sends;
        int number;
    } rows[] = {{ZMQ_PUSH, false, ENOTSUP}, {ZMQ_PULL, true, ENOTSUP},  {ZMQ_PUB, false, ENOTSUP},
                {ZMQ_SUB, true, ENOTSUP},   {ZMQ_REQ, false, EFSM},     {ZMQ_REP, true, EFSM},
                {ZMQ_REP, false, EAGAIN},   {ZMQ_PUSH, true, EAGAIN},   {ZMQ_DEALER, true, EAGAIN},
                {ZMQ_PAIR, true, EAGAIN},   {ZMQ_ROUTER, false, EAGAIN}};
    void *ctx = zmq_ctx_new();
    char room[4];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *socket = zmq_socket(ctx, rows[i].type);
        errno = 0;
        assert_int_equal(rows[i].sends ? zmq_send(socket, "x", 1, ZMQ_DONTWAIT)
                                       : zmq_recv(socket, room, 4, ZMQ_DONTWAIT),
                         -1);
        if (errno != rows[i].number)
            fail_msg("type %d: %s", rows[i].type, zmq_strerror(errno));
        zmq_close(socket);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_endpoints_are_checked(void **state)
{
    static const struct {
        const char *endpoint;
        int bind, connect;
    } rows[] = {
        {"", EINVAL, EINVAL},
        {"nonsense", EINVAL, EINVAL},
        {"none://there", EPROTONOSUPPORT, EPROTONOSUPPORT},
        {"tcp://", EINVAL, EINVAL},
        {"tcp://127.0.0.1", EINVAL, EINVAL},
        {"tcp://nosuchinterface:5555", ENODEV, 0},
        {"tcp://1.2.3.4:5555", EADDRNOTAVAIL, 0},
        {"inproc://", EINVAL, EINVAL},
    };
    void *ctx = zmq_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *socket = zmq_socket(ctx, ZMQ_PUB);
        errno = 0;
        if (zmq_bind(socket, rows[i].endpoint) != -1 || errno != rows[i].bind)
            fail_msg("bind '%s': %s", rows[i].endpoint, zmq_strerror(errno));
        errno = 0;
        if ((zmq_connect(socket, rows[i].endpoint) == 0) != (rows[i].connect == 0) ||
            (rows[i].connect && errno != rows[i].connect))
            fail_msg("connect '%s': %s", rows[i].endpoint, zmq_strerror(errno));
        zmq_close(socket);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_endpoints_end_by_their_names(void **state)
{
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_PAIR), *other = zmq_socket(ctx, ZMQ_PAIR);

    (void)state;
    assert_int_equal(zmq_bind(socket, "inproc://once?"), 0);
    assert_fails(EADDRINUSE, zmq_bind(other, "inproc://once?"));
    assert_fails(ENOENT, zmq_unbind(socket, "inproc://never"));
    assert_fails(ENOENT, zmq_disconnect(socket, "tcp://127.0.0.1:5555"));
    assert_fails(EINVAL, zmq_unbind(socket, "nonsense"));
    assert_int_equal(zmq_unbind(socket, "inproc://once?"), 0);
    assert_fails(ENOENT, zmq_unbind(socket, "inproc://once?"));
    assert_int_equal(zmq_bind(other, "inproc://once?"), 0);
    zmq_close(socket);
    zmq_close(other);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_errors_have_sentences(void **state)
{
    static const struct {
        int number;
        const char *text;
    } rows[] = {
        {EFSM, "Operation cannot be accomplished in current state"},
        {ENOCOMPATPROTO, "The protocol is not compatible with the socket type"},
        {ETERM, "Context was terminated"},
        {EMTHREAD, "No thread available"},
        {EHOSTUNREACH, "Host unreachable"},
        {EAGAIN, "Resource temporarily unavailable"},
    };

    (void)state;
    assert_int_equal(EFSM, 156384763);
    assert_int_equal(EMTHREAD, 156384766);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(zmq_strerror(rows[i].number), rows[i].text);
    errno = ETERM;
    assert_int_equal(zmq_errno(), ETERM);
}

/* ------------------------------------------------------------------ threads */

struct errand {
    void *socket;
    bool sends;
    const char *text;
    bool more;
    int result;
};

static void *run_errand(void *arg)
{
    struct errand *errand = arg;
    char room[16] = "";

    if (errand->sends) {
        errand->result = zmq_send(errand->socket, errand->text, strlen(errand->text),
                                  errand->more ? ZMQ_SNDMORE : 0);
    } else {
        errand->result = zmq_recv(errand->socket, room, sizeof room - 1, 0);
        if (strcmp(room, errand->text) != 0)
            errand->result = -1;
    }
    return NULL;
}

static void in_another_thread(void *socket, bool sends, const char *text, bool more)
{
    struct errand errand = {socket, sends, text, more, 0};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run_errand, &errand), 0);
    pthread_join(thread, NULL);
    assert_int_equal(errand.result, (int)strlen(text));
}

/* A socket may be handed to another thread between any two calls. */
static void test_a_socket_migrates_in_the_middle_of_a_message(void **state)
{
    void *ctx = zmq_ctx_new();
    void *push = zmq_socket(ctx, ZMQ_PUSH), *pull = zmq_socket(ctx, ZMQ_PULL);
    char room[16];

    (void)state;
    assert_int_equal(zmq_bind(pull, "inproc://migrate"), 0);
    assert_int_equal(zmq_connect(push, "inproc://migrate"), 0);
    assert_int_equal(zmq_send(push, "one", 3, ZMQ_SNDMORE), 3);
    in_another_thread(push, true, "two", true);
    in_another_thread(push, true, "three", false);
    in_another_thread(pull, false, "one", false);
    assert_int_equal(zmq_recv(pull, room, sizeof room, 0), 3);
    assert_int_equal(option_of(pull, ZMQ_RCVMORE), 1);
    in_another_thread(pull, false, "three", false);
    assert_int_equal(option_of(pull, ZMQ_RCVMORE), 0);
    zmq_close(push);
    zmq_close(pull);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ------------------------------------------------------------------ the draft interface */

static void test_a_router_tells_of_its_peers(void **state)
{
    void *ctx, *router, *dealer;
    char room[8];

    (void)state;
    SKIP_ON_ORACLE();
    ctx = zmq_ctx_new();
    router = zmq_socket(ctx, ZMQ_ROUTER);
    dealer = zmq_socket(ctx, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(dealer, ZMQ_ROUTING_ID, "peer", 4), 0);
    assert_int_equal(zmq_bind(router, "inproc://peers"), 0);
    assert_fails(EHOSTUNREACH, zmq_socket_get_peer_state(router, "peer", 4));
    assert_int_equal(zmq_connect(dealer, "inproc://peers"), 0);
    assert_int_equal(zmq_send(dealer, "x", 1, 0), 1);
    assert_int_equal(zmq_recv(router, room, sizeof room, 0), 4);
    assert_int_equal(zmq_socket_get_peer_state(router, "peer", 4), ZMQ_POLLOUT);
    assert_fails(ENOTSUP, zmq_socket_get_peer_state(dealer, "peer", 4));
    zmq_close(router);
    zmq_close(dealer);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_clients_of_a_host_come_at_once),
        cmocka_unit_test(test_contexts_begin_with_the_defaults),
        cmocka_unit_test(test_context_options_have_their_ranges),
        cmocka_unit_test(test_there_is_no_context_behind_null),
        cmocka_unit_test(test_sockets_are_limited_and_types_known),
        cmocka_unit_test(test_without_io_threads_there_is_inproc_alone),
        cmocka_unit_test(test_sockets_take_after_their_context),
        cmocka_unit_test(test_io_threads_are_made_as_asked_for),
        cmocka_unit_test(test_a_name_may_be_text),
        cmocka_unit_test(test_termination_ends_what_waits),
        cmocka_unit_test(test_after_shutdown_only_close_works),
        cmocka_unit_test(test_signals_interrupt_waiting_and_termination),
        cmocka_unit_test(test_there_is_no_socket_behind_null),
        cmocka_unit_test(test_a_closed_socket_is_none),
        cmocka_unit_test(test_patterns_refuse_what_they_cannot_do),
        cmocka_unit_test(test_endpoints_are_checked),
        cmocka_unit_test(test_endpoints_end_by_their_names),
        cmocka_unit_test(test_errors_have_sentences),
        cmocka_unit_test(test_a_socket_migrates_in_the_middle_of_a_message),
        cmocka_unit_test(test_a_router_tells_of_its_peers),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
