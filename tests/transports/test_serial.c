/* serial://, over two pseudo-terminals whose other ends two children connect. */
#include "api.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { BIG = 100000 };

/* One end of the line. */
struct end {
    int master, slave; /* the slave stays open, so that nothing that is on its way is lost */
    char bind[API_ENDPOINT_MAX];
    char path[128];
};

struct cable {
    struct end ends[2];
    pid_t carriers[2];
};

static void open_end(struct end *end)
{
    struct termios mode;

    end->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(end->master >= 0 && grantpt(end->master) == 0 && unlockpt(end->master) == 0);
    assert_int_equal(ptsname_r(end->master, end->path, sizeof end->path), 0);
    end->slave = open(end->path, O_RDWR | O_NOCTTY);
    assert_true(end->slave >= 0);
    assert_int_equal(tcgetattr(end->slave, &mode), 0);
    cfmakeraw(&mode);
    assert_int_equal(tcsetattr(end->slave, TCSANOW, &mode), 0);
    snprintf(end->bind, sizeof end->bind, "serial://%s", end->path);
}

static void carry(int from, int to)
{
    char bytes[512];
    ssize_t size;

    while ((size = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0, more; at < size; at += more) {
            more = write(to, bytes + at, (size_t)(size - at));
            if (more <= 0)
                return;
        }
    }
}

static int lay(void **state)
{
    struct cable *cable = calloc(1, sizeof *cable);

    assert_non_null(cable);
    open_end(&cable->ends[0]);
    open_end(&cable->ends[1]);
    for (int i = 0; i < 2; i++) {
        cable->carriers[i] = fork();
        if (cable->carriers[i] == 0) {
            carry(cable->ends[i].master, cable->ends[!i].master);
            _exit(0);
        }
        assert_true(cable->carriers[i] > 0);
    }
    *state = cable;
    return 0;
}

static int take_up(void **state)
{
    struct cable *cable = *state;

    for (int i = 0; i < 2; i++) {
        kill(cable->carriers[i], SIGKILL);
        waitpid(cable->carriers[i], NULL, 0);
        close(cable->ends[i].master);
        close(cable->ends[i].slave);
    }
    free(cable);
    return 0;
}

static void say(tn_socket_t *from, tn_socket_t *to, const char *text)
{
    api_send(from, text, 0);
    api_expect(to, text);
}

static void exchange_big(tn_socket_t *from, tn_socket_t *to)
{
    char *big = malloc(BIG), *got = malloc(BIG);

    assert_true(big && got);
    for (int i = 0; i < BIG; i++)
        big[i] = (char)(i * 7 + i / 256); /* every byte, also those that the frame uses */
    assert_ok(tn_send(from, big, BIG, 0));
    assert_int_equal(tn_recv(to, got, BIG, 0), BIG);
    assert_memory_equal(big, got, BIG);
    free(big);
    free(got);
}

static tn_socket_t *dealer(tn_ctx_t *ctx)
{
    tn_socket_t *socket = api_socket(ctx, "dealer");

    assert_ok(tn_set_int(socket, "reconnect_ivl", 1));
    return socket;
}

static void test_serial_moves_every_byte(void **state)
{
    struct cable *cable = *state;
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = dealer(ctx), *two = dealer(ctx);

    assert_ok(tn_bind(one, cable->ends[0].bind));
    assert_ok(tn_connect(two, cable->ends[1].bind));
    say(one, two, "there");
    say(two, one, "back");
    exchange_big(one, two);
    exchange_big(two, one);
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

/* Whoever comes late finds the other one waiting. */
static void test_serial_sides_come_in_any_order(void **state)
{
    struct cable *cable = *state;
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = dealer(ctx), *two = dealer(ctx);
    tn_monitor_t *monitor = tn_monitor(two, TN_EVENT_ALL);
    tn_event_t event;

    assert_non_null(monitor);
    assert_ok(tn_connect(two, cable->ends[1].bind));
    api_expect_event(monitor, TN_EVENT_CONNECT_DELAYED, &event);
    assert_int_equal(write(cable->ends[1].master, "noise~~~}}", 10), 10);
    assert_ok(tn_bind(one, cable->ends[0].bind));
    say(one, two, "there");
    say(two, one, "back");
    tn_monitor_close(monitor);
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

static void test_serial_either_side_may_begin_anew(void **state)
{
    struct cable *cable = *state;
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = dealer(ctx), *two = dealer(ctx);

    assert_ok(tn_bind(one, cable->ends[0].bind));
    assert_ok(tn_connect(two, cable->ends[1].bind));
    say(two, one, "first");
    for (int i = 0; i < 3; i++) {
        assert_ok(tn_close(two));
        two = dealer(ctx);
        assert_ok(tn_connect(two, cable->ends[1].bind));
        say(two, one, "a new client");
        assert_ok(tn_close(one));
        one = dealer(ctx);
        assert_ok(tn_bind(one, cable->ends[0].bind));
        say(one, two, "a new server");
    }
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

/* A connection outlives its bind; the line has room for no other, so the next bind waits for its end. */
static void test_serial_next_bind_waits_for_the_connection(void **state)
{
    struct cable *cable = *state;
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = dealer(ctx), *two = dealer(ctx), *waiting = dealer(ctx), *next = dealer(ctx);

    assert_ok(tn_bind(one, cable->ends[0].bind));
    assert_ok(tn_connect(two, cable->ends[1].bind));
    say(two, one, "first");
    assert_ok(tn_unbind(one, cable->ends[0].bind));
    assert_ok(tn_bind(waiting, cable->ends[0].bind));
    assert_code(tn_bind(next, cable->ends[0].bind), -EBUSY);
    exchange_big(one, two);
    exchange_big(two, one);
    assert_ok(tn_close(waiting));
    assert_ok(tn_bind(next, cable->ends[0].bind));
    say(two, one, "last");
    assert_ok(tn_close(one));
    say(next, two, "there");
    say(two, next, "back");
    assert_ok(tn_close(two));
    assert_ok(tn_close(next));
    api_ctx_end(ctx);
}

static void test_serial_both_may_connect(void **state)
{
    struct cable *cable = *state;
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = dealer(ctx), *two = dealer(ctx);

    assert_ok(tn_connect(one, cable->ends[0].bind));
    assert_ok(tn_connect(two, cable->ends[1].bind));
    say(one, two, "there");
    say(two, one, "back");
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

static void test_serial_line_is_set_up(void **state)
{
    struct cable *cable = *state;
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = dealer(ctx), *other = dealer(ctx);
    char endpoint[2 * API_ENDPOINT_MAX];
    struct termios mode;

    snprintf(endpoint, sizeof endpoint, "%s?baud=9600&parity=odd&flow=xonxoff",
             cable->ends[0].bind);
    assert_ok(tn_bind(socket, endpoint));
    assert_int_equal(tcgetattr(cable->ends[0].slave, &mode), 0);
    assert_int_equal(cfgetispeed(&mode), B9600);
    assert_true((mode.c_cflag & PARODD) && (mode.c_iflag & IXON) && (mode.c_iflag & IXOFF));
    assert_false(mode.c_lflag & (ICANON | ECHO));
    assert_code(tn_bind(other, cable->ends[0].bind), -EBUSY);
    assert_code(tn_bind(other, "serial:///dev/null"), -ENOTTY);
    assert_code(tn_bind(other, "serial:///nowhere/tty"), -ENOENT);
    assert_code(tn_bind(other, "serial://ttyS0"), -EINVAL);
    snprintf(endpoint, sizeof endpoint, "%s?baud=9601", cable->ends[1].bind);
    assert_code(tn_bind(other, endpoint), -EINVAL);
    snprintf(endpoint, sizeof endpoint, "%s?parity=most", cable->ends[1].bind);
    assert_code(tn_connect(other, endpoint), -EINVAL);
    snprintf(endpoint, sizeof endpoint, "%s?flow=slow", cable->ends[1].bind);
    assert_code(tn_connect(other, endpoint), -EINVAL);
    assert_ok(tn_close(socket));
    assert_ok(tn_close(other));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_serial_moves_every_byte, lay, take_up),
        cmocka_unit_test_setup_teardown(test_serial_sides_come_in_any_order, lay, take_up),
        cmocka_unit_test_setup_teardown(test_serial_either_side_may_begin_anew, lay, take_up),
        cmocka_unit_test_setup_teardown(test_serial_next_bind_waits_for_the_connection, lay,
                                        take_up),
        cmocka_unit_test_setup_teardown(test_serial_both_may_connect, lay, take_up),
        cmocka_unit_test_setup_teardown(test_serial_line_is_set_up, lay, take_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
