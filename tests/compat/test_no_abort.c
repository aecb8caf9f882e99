/*
 * What libzmq asserts on, or has undefined, is an error here: each scenario runs in a child of its own,
 * which must come to its end. `test_no_abort NAME...` runs some of them, without children.
 *
 * On libzmq 4.3.4 many of them end by SIGABRT or SIGSEGV; that is not a test.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat.h"

enum { LIMIT_SECONDS = 60, PATIENCE_MS = 10000 };

#define CHECK(expression) check((expression), #expression, __LINE__)
#define FAILS(number, call) check_fails((call), (number), #call, __LINE__)

static void check(bool is_true, const char *what, int line)
{
    if (is_true)
        return;
    fprintf(stderr, "line %d: not %s (errno %d, %s)\n", line, what, errno, zmq_strerror(errno));
    exit(EXIT_FAILURE);
}

static void check_fails(int rc, int number, const char *what, int line)
{
    if (rc == -1 && errno == number)
        return;
    fprintf(stderr, "line %d: %s is %d, errno %d (%s), not %s\n", line, what, rc, errno,
            zmq_strerror(errno), zmq_strerror(number));
    exit(EXIT_FAILURE);
}

static void *open_socket(void *context, int type)
{
    void *socket = zmq_socket(context, type);
    int patience = PATIENCE_MS, linger = 0;

    CHECK(socket != NULL);
    CHECK(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(zmq_setsockopt(socket, ZMQ_SNDTIMEO, &patience, sizeof patience) == 0);
    CHECK(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) == 0);
    return socket;
}

static void set_int(void *socket, int option, int value)
{
    CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static void bind_wildcard(void *socket, char endpoint[256])
{
    size_t size = 256;

    CHECK(zmq_bind(socket, "tcp://127.0.0.1:*") == 0);
    CHECK(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
}

/* Two connected sockets over tcp, through which a message has passed. */
static void connect_pair(void *context, int near_type, int far_type, void **near, void **far)
{
    char endpoint[256], got[8];

    *near = open_socket(context, near_type);
    *far = open_socket(context, far_type);
    bind_wildcard(*far, endpoint);
    CHECK(zmq_connect(*near, endpoint) == 0);
    CHECK(zmq_send(*near, "first", 5, 0) == 5);
    CHECK(zmq_recv(*far, got, sizeof got, 0) == 5);
}

/* ------------------------------------------------------------------ handles */

static void closed_socket(void)
{
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PAIR);
    char buffer[8];
    int value = 0;
    size_t size = sizeof value;

    CHECK(zmq_close(socket) == 0);
    FAILS(ENOTSOCK, zmq_close(socket));
    FAILS(ENOTSOCK, zmq_send(socket, "x", 1, ZMQ_DONTWAIT));
    FAILS(ENOTSOCK, zmq_recv(socket, buffer, sizeof buffer, ZMQ_DONTWAIT));
    FAILS(ENOTSOCK, zmq_bind(socket, "inproc://x"));
    FAILS(ENOTSOCK, zmq_connect(socket, "inproc://x"));
    FAILS(ENOTSOCK, zmq_setsockopt(socket, ZMQ_LINGER, &value, sizeof value));
    FAILS(ENOTSOCK, zmq_getsockopt(socket, ZMQ_LINGER, &value, &size));
    FAILS(ENOTSOCK, zmq_socket_monitor(socket, "inproc://m", ZMQ_EVENT_ALL));
    CHECK(zmq_ctx_term(context) == 0);
}

static void ended_context(void)
{
    void *context = zmq_ctx_new();

    CHECK(zmq_ctx_term(context) == 0);
    FAILS(EFAULT, zmq_ctx_term(context));
    FAILS(EFAULT, zmq_ctx_shutdown(context));
    FAILS(EFAULT, zmq_ctx_set(context, ZMQ_IO_THREADS, 1));
    CHECK(zmq_socket(context, ZMQ_PAIR) == NULL && errno == EFAULT);
}

static void garbage_handles(void)
{
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PAIR);
    static _Alignas(4096) char zeros[8192], text[8192];
    void *garbage[] = {NULL, zeros, text, zeros + 100, &context};

    memset(text, 'x', sizeof text);
#ifdef __SANITIZE_ADDRESS__
    garbage[4] = NULL; /* looking at its neighbours is what the sanitizer is for */
#endif
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        FAILS(ENOTSOCK, zmq_send(garbage[i], "x", 1, ZMQ_DONTWAIT));
        FAILS(ENOTSOCK, zmq_close(garbage[i]));
    }
    garbage[3] = socket;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        FAILS(EFAULT, zmq_ctx_shutdown(garbage[i]));
        FAILS(EFAULT, zmq_ctx_term(garbage[i]));
        CHECK(zmq_socket(garbage[i], ZMQ_PAIR) == NULL && errno == EFAULT);
    }
    CHECK(zmq_close(socket) == 0 && zmq_ctx_term(context) == 0);
}

static void garbage_messages(void)
{
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PAIR);
    zmq_msg_t never_made, closed;

    memset(&never_made, 0, sizeof never_made);
    CHECK(zmq_msg_init_size(&closed, 100) == 0 && zmq_msg_close(&closed) == 0);
    FAILS(EFAULT, zmq_msg_close(&closed));
    FAILS(EFAULT, zmq_msg_close(&never_made));
    FAILS(EFAULT, zmq_msg_send(&closed, socket, ZMQ_DONTWAIT));
    FAILS(EFAULT, zmq_msg_recv(&never_made, socket, ZMQ_DONTWAIT));
    FAILS(EFAULT, zmq_msg_copy(&never_made, &closed));
    FAILS(EFAULT, zmq_msg_move(&never_made, &closed));
    FAILS(ENOMEM, zmq_msg_init_size(&closed, SIZE_MAX));
    FAILS(ENOMEM, zmq_msg_init_size(&closed, SIZE_MAX / 4));
    CHECK(zmq_close(socket) == 0 && zmq_ctx_term(context) == 0);
}

static void null_arguments(void)
{
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_ROUTER);
    size_t size = 4;

    FAILS(EINVAL, zmq_bind(socket, NULL));
    FAILS(EINVAL, zmq_connect(socket, NULL));
    FAILS(EINVAL, zmq_unbind(socket, NULL));
    FAILS(EINVAL, zmq_disconnect(socket, NULL));
    FAILS(EINVAL, zmq_setsockopt(socket, ZMQ_SNDHWM, NULL, 4));
    FAILS(EINVAL, zmq_setsockopt(socket, ZMQ_ROUTING_ID, NULL, 10));
    CHECK(zmq_getsockopt(socket, ZMQ_SNDHWM, NULL, &size) == -1);
    FAILS(EFAULT, zmq_poll(NULL, 1, 0));
    FAILS(EFAULT, zmq_proxy(NULL, NULL, NULL));
    CHECK(zmq_close(socket) == 0 && zmq_ctx_term(context) == 0);
}

/* ------------------------------------------------------------------ processes and threads */

static void forked_child(void)
{
    void *context = zmq_ctx_new(), *near, *far;
    char got[8];
    int status;
    pid_t child;

    connect_pair(context, ZMQ_PUSH, ZMQ_PULL, &near, &far);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        void *own = zmq_ctx_new(), *one, *other;
        CHECK(zmq_send(near, "x", 1, ZMQ_DONTWAIT) == -1);
        CHECK(zmq_recv(far, got, sizeof got, ZMQ_DONTWAIT) == -1);
        CHECK(zmq_socket(context, ZMQ_PAIR) == NULL);
        zmq_close(near);
        zmq_close(far);
        zmq_ctx_term(context);
#ifdef __SANITIZE_THREAD__
        (void)one, (void)other; /* it knows no threads of a forked child */
        CHECK(zmq_ctx_term(own) == 0);
#else
        connect_pair(own, ZMQ_PUSH, ZMQ_PULL, &one, &other);
        CHECK(zmq_close(one) == 0 && zmq_close(other) == 0 && zmq_ctx_term(own) == 0);
#endif
        _exit(EXIT_SUCCESS);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(zmq_send(near, "after", 5, 0) == 5);
    CHECK(zmq_recv(far, got, sizeof got, 0) == 5);
    CHECK(zmq_close(near) == 0 && zmq_close(far) == 0 && zmq_ctx_term(context) == 0);
}

static void *receive_until_closed(void *socket)
{
    char got[8];

    while (zmq_recv(socket, got, sizeof got, 0) >= 0)
        continue;
    CHECK(errno == ENOTSOCK || errno == ETERM);
    return NULL;
}

static void closed_while_blocked(void)
{
    void *context = zmq_ctx_new(), *near, *far;
    pthread_t thread;

    connect_pair(context, ZMQ_PUSH, ZMQ_PULL, &near, &far);
    set_int(far, ZMQ_RCVTIMEO, -1);
    CHECK(pthread_create(&thread, NULL, receive_until_closed, far) == 0);
    for (int i = 0; i < 100; i++)
        CHECK(zmq_send(near, "x", 1, 0) == 1);
    CHECK(zmq_close(far) == 0);
    pthread_join(thread, NULL);
    CHECK(zmq_close(near) == 0 && zmq_ctx_term(context) == 0);
}

enum { SENDERS = 4, MESSAGES = 2000 };

static void *send_many(void *socket)
{
    for (int i = 0; i < MESSAGES; i++)
        CHECK(zmq_send(socket, "x", 1, 0) == 1);
    return NULL;
}

static void shared_socket(void)
{
    void *context = zmq_ctx_new(), *near, *far;
    pthread_t threads[SENDERS];
    char got[8];

    connect_pair(context, ZMQ_PUSH, ZMQ_PULL, &near, &far);
    for (int i = 0; i < SENDERS; i++)
        CHECK(pthread_create(&threads[i], NULL, send_many, near) == 0);
    for (int i = 0; i < SENDERS * MESSAGES; i++)
        CHECK(zmq_recv(far, got, sizeof got, 0) == 1);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(zmq_close(near) == 0 && zmq_close(far) == 0 && zmq_ctx_term(context) == 0);
}

/* ------------------------------------------------------------------ descriptors */

/* A program that closes what ZMQ_FD gave it, or wraps it in something that does. */
static void closed_notifier(void)
{
    void *context = zmq_ctx_new(), *near, *far;
    int fd, events, replacement;
    size_t size = sizeof fd;
    char got[8];

    connect_pair(context, ZMQ_PUSH, ZMQ_PULL, &near, &far);
    CHECK(zmq_getsockopt(far, ZMQ_FD, &fd, &size) == 0);
    close(fd);
    for (int i = 0; i < 1000; i++)
        CHECK(zmq_send(near, "x", 1, 0) == 1);
    for (int i = 0; i < 1000; i++)
        CHECK(zmq_recv(far, got, sizeof got, 0) == 1);
    size = sizeof events;
    CHECK(zmq_getsockopt(far, ZMQ_EVENTS, &events, &size) == 0);
    /* What takes its number stays the program's. */
    replacement = open("/dev/null", O_RDWR);
    CHECK(replacement >= 0);
    CHECK(zmq_close(near) == 0 && zmq_close(far) == 0 && zmq_ctx_term(context) == 0);
    close(replacement);
}

static void bad_descriptors(void)
{
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PULL);
    int file = open("/dev/null", O_RDWR), gone = dup(file);
    zmq_pollitem_t items[2] = {{NULL, gone, ZMQ_POLLIN, 0}, {socket, 0, ZMQ_POLLIN, 0}};

    close(gone);
    CHECK(zmq_poll(items, 2, 0) >= -1);
    set_int(socket, ZMQ_USE_FD, file);
    CHECK(zmq_bind(socket, "tcp://127.0.0.1:*") == -1);
    set_int(socket, ZMQ_USE_FD, gone);
    CHECK(zmq_bind(socket, "ipc://*") == -1);
    CHECK(zmq_close(socket) == 0 && zmq_ctx_term(context) == 0);
    close(file);
}

/* Every call may fail for lack of a descriptor, and works again when there are some. */
static void out_of_descriptors(void)
{
    void *context, *near, *far, *socket;
    struct rlimit before, now;
    char endpoint[256];
    int rc;

    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    now = before;
    for (rlim_t most = 3; most < 24; most++) {
        now.rlim_cur = most;
        CHECK(setrlimit(RLIMIT_NOFILE, &now) == 0);
        context = zmq_ctx_new();
        for (int type = ZMQ_PAIR; context && type <= ZMQ_STREAM; type++) {
            socket = zmq_socket(context, type);
            if (!socket)
                continue;
            zmq_bind(socket, "tcp://127.0.0.1:*");
            zmq_bind(socket, "ipc://*");
            zmq_connect(socket, "tcp://127.0.0.1:1");
            zmq_socket_monitor(socket, "inproc://monitor", ZMQ_EVENT_ALL);
            set_int(socket, ZMQ_LINGER, 0);
            CHECK(zmq_close(socket) == 0);
        }
        CHECK(!context || zmq_ctx_term(context) == 0);
    }
    /* A listener that runs out while it accepts. */
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    context = zmq_ctx_new();
    far = open_socket(context, ZMQ_PULL);
    near = open_socket(context, ZMQ_PUSH);
    bind_wildcard(far, endpoint);
    now.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &now) == 0);
    rc = zmq_connect(near, endpoint);
    CHECK(rc == 0 || errno == EMFILE);
    zmq_send(near, "x", 1, ZMQ_DONTWAIT);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    if (rc != 0)
        CHECK(zmq_connect(near, endpoint) == 0 && zmq_send(near, "x", 1, 0) == 1);
    CHECK(zmq_recv(far, endpoint, sizeof endpoint, 0) == 1);
    CHECK(zmq_close(near) == 0 && zmq_close(far) == 0 && zmq_ctx_term(context) == 0);
}

/* ------------------------------------------------------------------ patterns */

static void topic_of_a_megabyte(void)
{
    enum { SIZE = 1024 * 1024 };
    void *context = zmq_ctx_new(), *pub = open_socket(context, ZMQ_XPUB);
    void *sub = open_socket(context, ZMQ_SUB);
    char *topic = malloc(SIZE + 1);
    zmq_msg_t seen;

    CHECK(topic != NULL);
    memset(topic, 't', SIZE + 1);
    CHECK(zmq_bind(pub, "inproc://topics") == 0 && zmq_connect(sub, "inproc://topics") == 0);
    CHECK(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, topic, SIZE) == 0);
    CHECK(zmq_msg_init(&seen) == 0 && zmq_msg_recv(&seen, pub, 0) == SIZE + 1);
    CHECK(zmq_setsockopt(sub, ZMQ_UNSUBSCRIBE, topic, SIZE) == 0);
    CHECK(zmq_msg_recv(&seen, pub, 0) == SIZE + 1);
    CHECK(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, topic, SIZE) == 0);
    CHECK(zmq_msg_recv(&seen, pub, 0) == SIZE + 1);
    zmq_msg_close(&seen);
    FAILS(EINVAL, zmq_setsockopt(sub, ZMQ_SUBSCRIBE, topic, (size_t)SIZE + 1));
    CHECK(zmq_close(sub) == 0 && zmq_close(pub) == 0 && zmq_ctx_term(context) == 0);
    free(topic);
}

/* Two peers that were given the same name. */
static void same_routing_id_twice(void)
{
    void *context = zmq_ctx_new(), *router = open_socket(context, ZMQ_ROUTER);
    void *one = open_socket(context, ZMQ_DEALER), *other = open_socket(context, ZMQ_DEALER);
    char first[256], second[256];
    int rc;

    bind_wildcard(one, first);
    bind_wildcard(other, second);
    CHECK(zmq_setsockopt(router, ZMQ_CONNECT_ROUTING_ID, "same", 4) == 0);
    CHECK(zmq_connect(router, first) == 0);
    rc = zmq_setsockopt(router, ZMQ_CONNECT_ROUTING_ID, "same", 4);
    if (rc == 0)
        zmq_connect(router, second);
    CHECK(zmq_send(router, "same", 4, ZMQ_SNDMORE) == 4 && zmq_send(router, "x", 1, 0) == 1);
    CHECK(zmq_recv(one, first, sizeof first, 0) == 1);
    CHECK(zmq_close(router) == 0 && zmq_close(one) == 0 && zmq_close(other) == 0);
    CHECK(zmq_ctx_term(context) == 0);
}

/* libzmq dies when a client comes to a PLAIN server that must have a domain and has none. */
static void plain_without_domain(void)
{
    void *context = zmq_ctx_new(), *server = open_socket(context, ZMQ_REP);
    void *client = open_socket(context, ZMQ_REQ);
    char endpoint[256];
    int yes = 1;

    if (zmq_setsockopt(server, ZMQ_PLAIN_SERVER, &yes, sizeof yes) == 0 &&
        zmq_setsockopt(server, ZMQ_ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) == 0) {
        size_t size = sizeof endpoint;
        if (zmq_bind(server, "tcp://127.0.0.1:*") == 0) {
            CHECK(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
            CHECK(zmq_setsockopt(client, ZMQ_PLAIN_USERNAME, "u", 1) == 0);
            CHECK(zmq_setsockopt(client, ZMQ_PLAIN_PASSWORD, "p", 1) == 0);
            set_int(client, ZMQ_RCVTIMEO, 200);
            CHECK(zmq_connect(client, endpoint) == 0);
            CHECK(zmq_send(client, "x", 1, 0) == 1);
            CHECK(zmq_recv(client, endpoint, sizeof endpoint, 0) == -1);
        }
    }
    CHECK(zmq_close(client) == 0 && zmq_close(server) == 0 && zmq_ctx_term(context) == 0);
}

/* ------------------------------------------------------------------ limits */

static void absurd_numbers(void)
{
    void *context = zmq_ctx_new(), *socket;
    int minus = -5;

    FAILS(EINVAL, zmq_ctx_set(context, ZMQ_IO_THREADS, -1));
    FAILS(EINVAL, zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 0));
    FAILS(EINVAL, zmq_ctx_set(context, 12345, 1));
    CHECK(zmq_ctx_set(context, ZMQ_IO_THREADS, 100000) == 0);
    socket = zmq_socket(context, ZMQ_DEALER);
    CHECK(socket || errno == EMFILE || errno == EAGAIN || errno == ENOMEM || errno == EINVAL);
    if (socket) {
        FAILS(EINVAL, zmq_setsockopt(socket, ZMQ_SNDHWM, &minus, sizeof minus));
        FAILS(EINVAL, zmq_setsockopt(socket, ZMQ_LINGER, &minus, sizeof minus));
        FAILS(EINVAL, zmq_setsockopt(socket, ZMQ_SNDHWM, &minus, 1));
        FAILS(EINVAL, zmq_setsockopt(socket, 98765, &minus, sizeof minus));
        FAILS(EINVAL, zmq_poll(NULL, -1, 0));
        CHECK(zmq_close(socket) == 0);
    }
    CHECK(zmq_ctx_term(context) == 0);
}

/* An address of any length and content. */
static void absurd_addresses(void)
{
    static const char *const schemes[] = {"tcp://", "ipc://",  "inproc://", "udp://", "",
                                          "ws://",  "tipc://", "vmci://",   "pgm://", "norm://"};
    static const size_t lengths[] = {0, 1, 107, 108, 255, 256, 1023, 1024, 5000, 70000};
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_DEALER);
    char *address = malloc(80000);

    CHECK(address != NULL);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            static const char fills[] = {'a', ':', ';', '%', '?', '/', '\xff', '9'};
            size_t head = strlen(schemes[i]);
            strcpy(address, schemes[i]);
            memset(address + head, fills[k % sizeof fills], lengths[k]);
            address[head + lengths[k]] = '\0';
            if (zmq_bind(socket, address) == 0)
                zmq_unbind(socket, address);
            if (zmq_connect(socket, address) == 0)
                zmq_disconnect(socket, address);
            zmq_socket_monitor(socket, address, ZMQ_EVENT_ALL);
            zmq_socket_monitor(socket, NULL, 0);
        }
    }
    free(address);
    CHECK(zmq_close(socket) == 0 && zmq_ctx_term(context) == 0);
}

/* A process that ends with all of it open. */
static void left_open(void)
{
    void *context = zmq_ctx_new(), *near, *far;

    connect_pair(context, ZMQ_PUSH, ZMQ_PULL, &near, &far);
    _exit(EXIT_SUCCESS);
}

/* ------------------------------------------------------------------ running them */

static const struct scenario {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"closed_socket", closed_socket},
    {"ended_context", ended_context},
    {"garbage_handles", garbage_handles},
    {"garbage_messages", garbage_messages},
    {"null_arguments", null_arguments},
    {"forked_child", forked_child},
    {"closed_while_blocked", closed_while_blocked},
    {"shared_socket", shared_socket},
    {"closed_notifier", closed_notifier},
    {"bad_descriptors", bad_descriptors},
    {"out_of_descriptors", out_of_descriptors},
    {"topic_of_a_megabyte", topic_of_a_megabyte},
    {"same_routing_id_twice", same_routing_id_twice},
    {"plain_without_domain", plain_without_domain},
    {"absurd_numbers", absurd_numbers},
    {"absurd_addresses", absurd_addresses},
    {"left_open", left_open},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static int run_in_child(const struct scenario *scenario)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        alarm(LIMIT_SECONDS);
        scenario->run();
        exit(EXIT_SUCCESS);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 1;
    if (WIFSIGNALED(status))
        printf("%s: ended by signal %d\n", scenario->name, WTERMSIG(status));
    else
        printf("%s: %s\n", scenario->name, status ? "failed" : "passed");
    fflush(stdout);
    return status != 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 0; i < SCENARIOS && argc == 1; i++)
        failed += run_in_child(&scenarios[i]);
    for (int k = 1; k < argc; k++) {
        for (int i = 0; i < SCENARIOS; i++) {
            if (strcmp(argv[k], scenarios[i].name) == 0)
                scenarios[i].run();
        }
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
