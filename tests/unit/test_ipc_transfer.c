/* The ipc module's streams where much is sent: through memory that both ends share, or, with a peer that does
 * not know of it, through the socket. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_core.h"

extern const tn_module_t ipc_LTX_tenon_module_v1;

enum { LARGE = 64 * 1024, RING = 1024 * 1024, PERIOD = RING / 2 };

static struct fake_server server;
static struct fake_client near_end, far_end;
static uint8_t out_bytes[RING], in_bytes[2 * RING];

static int set_up(void **state)
{
    (void)state;
    fake_core_begin(ipc_LTX_tenon_module_v1.features[0]);
    for (size_t i = 0; i < sizeof out_bytes; i++)
        out_bytes[i] = (uint8_t)(i % PERIOD * 31 + i % PERIOD / 251);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return fake_alloc_balance() == 0 ? 0 : -1;
}

/* As greetings do: who accepted says something. */
static void greet(void)
{
    struct iovec out = {.iov_base = "hello", .iov_len = 5},
                 in = {.iov_base = in_bytes, .iov_len = 100};

    assert_int_equal(ops->writev(far_end.state, &out, 1), 5);
    assert_int_equal(ops->readv(near_end.state, &in, 1), 5);
    assert_memory_equal(in_bytes, "hello", 5);
}

static void begin(void)
{
    fake_pair(&server, "@tenon-test-transfer", &near_end, &far_end);
    greet();
}

static void end(void)
{
    fake_pair_end(&server, &near_end, &far_end);
}

/* ---- a stream whose bytes tell their place: they repeat after PERIOD, and out_bytes has two of these */

struct place {
    uint64_t written, read;
};

static ssize_t write_next(struct fake_client *from, struct place *place, size_t size)
{
    size_t at = place->written % PERIOD, half = size / 2;
    struct iovec iov[2] = {{.iov_base = out_bytes + at, .iov_len = half},
                           {.iov_base = out_bytes + at + half, .iov_len = size - half}};
    ssize_t done = ops->writev(from->state, iov, 2);

    if (done > 0) {
        assert_true((size_t)done <= size);
        place->written += (uint64_t)done;
    }
    return done;
}

static void check(const struct place *place, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t expected = out_bytes[(place->read + i) % PERIOD];
        if (bytes[i] != expected)
            fail_msg("byte %llu is wrong", (unsigned long long)(place->read + i));
    }
}

static ssize_t read_next(struct fake_client *to, struct place *place, size_t size)
{
    struct iovec iov[2] = {{.iov_base = in_bytes, .iov_len = size / 3},
                           {.iov_base = in_bytes + size / 3, .iov_len = size - size / 3}};
    ssize_t done = ops->readv(to->state, iov, 2);

    if (done > 0) {
        check(place, in_bytes, (size_t)done);
        place->read += (uint64_t)done;
    }
    return done;
}

static void read_all(struct fake_client *to, struct place *place)
{
    ssize_t size;

    while ((size = read_next(to, place, sizeof in_bytes)) > 0)
        continue;
    assert_int_equal(size, -EAGAIN);
    assert_int_equal(place->read, place->written);
}

static int in_socket(const struct fake_client *client)
{
    int size = -1;

    assert_int_equal(ioctl(ops->fd(client->state), FIONREAD, &size), 0);
    return size;
}

/* Writes and reads until what is written does not come over the socket any more; false: it always does. */
static bool comes_to_share(struct fake_client *from, struct fake_client *to, struct place *place)
{
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write_next(from, place, LARGE), LARGE);
        if (in_socket(to) < 100)
            return true;
        read_all(to, place);
    }
    return false;
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* ---- tests */

static void test_large_writes_come_to_share_memory(void **state)
{
    struct place there = {0}, back = {0};
    int before;

    (void)state;
    begin();
    before = open_descriptors();
    assert_true(comes_to_share(&near_end, &far_end, &there));
    read_all(&far_end, &there);
    assert_true(comes_to_share(&far_end, &near_end, &back));
    read_all(&near_end, &back);
    assert_int_equal(open_descriptors(), before);
    end();
}

static void test_small_writes_now_and_then_stay_on_the_socket(void **state)
{
    struct place place = {0};

    (void)state;
    begin();
    for (int i = 0; i < 1000; i++) {
        fake_clock_advance(1);
        assert_int_equal(write_next(&near_end, &place, 30000), 30000);
        assert_int_equal(in_socket(&far_end), 30000);
        read_all(&far_end, &place);
    }
    end();
}

static void test_small_writes_one_after_the_other_come_to_share_memory(void **state)
{
    struct place place = {0};
    bool shares = false;

    (void)state;
    begin();
    for (int i = 0; i < 1000 && !shares; i++) {
        assert_int_equal(write_next(&near_end, &place, 100), 100);
        shares = in_socket(&far_end) < 100;
        read_all(&far_end, &place);
    }
    assert_true(shares);
    end();
}

/* A read ends behind what an offer came with, and a reader that does not look for offers takes that for all. */
static void test_nothing_is_written_behind_a_small_offer_before_it_is_read(void **state)
{
    struct place place = {0};
    int refused = 0;

    (void)state;
    begin();
    for (int i = 0; i < 200; i++) {
        if (write_next(&near_end, &place, 10) == -EAGAIN) {
            int unread = in_socket(&far_end);
            refused++;
            assert_int_equal(write_next(&near_end, &place, 10), -EAGAIN);
            assert_int_equal(read_next(&far_end, &place, sizeof in_bytes), unread);
            assert_int_equal(write_next(&near_end, &place, 10), 10);
        }
    }
    assert_true(refused > 0);
    read_all(&far_end, &place);
    end();
}

static void test_sizes_of_all_kinds_keep_their_order(void **state)
{
    struct place there = {0}, back = {0};

    (void)state;
    begin();
    srand(2);
    for (int i = 0; i < 20000; i++) {
        bool is_back = rand() % 2;
        size_t size = rand() % 4 ? 1 + (size_t)rand() % 300 : 1 + (size_t)rand() % (RING / 3);
        ssize_t done;

        if (rand() % 2)
            done = write_next(is_back ? &far_end : &near_end, is_back ? &back : &there, size);
        else
            done = read_next(is_back ? &near_end : &far_end, is_back ? &back : &there, size);
        assert_true(done > 0 || done == -EAGAIN);
    }
    read_all(&far_end, &there);
    read_all(&near_end, &back);
    assert_true(there.read > 10 * RING && back.read > 10 * RING);
    end();
}

static void test_end_comes_after_the_last_byte(void **state)
{
    struct place place = {0};
    ssize_t size;

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    assert_int_equal(write_next(&near_end, &place, 3 * LARGE), 3 * LARGE);
    fake_close(&near_end);
    while ((size = read_next(&far_end, &place, 10000)) > 0)
        continue;
    assert_int_equal(size, 0);
    assert_int_equal(place.read, place.written);
    assert_int_equal(read_next(&far_end, &place, 100), 0);
    fake_close(&far_end);
    ops->unlisten(server.state);
    free(server.state);
}

static void test_writer_learns_that_the_reader_has_gone(void **state)
{
    struct place place = {0};
    ssize_t size;

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    fake_close(&far_end);
    for (int i = 0; i < 100 && (size = write_next(&near_end, &place, LARGE)) > 0; i++)
        continue;
    assert_int_equal(size, -EPIPE);
    fake_close(&near_end);
    ops->unlisten(server.state);
    free(server.state);
}

/* ---- events, as the core waits for them: edges */

static int edges_of(const struct fake_client *client)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    int set = epoll_create1(EPOLL_CLOEXEC);

    assert_true(set >= 0);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, ops->fd(client->state), &event), 0);
    return set;
}

static unsigned next_edge(int set)
{
    struct epoll_event event = {0};
    int count = epoll_wait(set, &event, 1, 0);

    assert_true(count >= 0);
    return count ? event.events : 0;
}

static void test_reader_that_found_nothing_has_an_event(void **state)
{
    struct place place = {0};
    int set;

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    read_all(&far_end, &place);
    set = edges_of(&far_end);
    for (int i = 0; i < 100; i++) {
        next_edge(set);
        assert_int_equal(next_edge(set), 0);
        assert_int_equal(write_next(&near_end, &place, 1 + (size_t)i * 1000), 1 + i * 1000);
        assert_true(next_edge(set) & EPOLLIN);
        read_all(&far_end, &place);
    }
    close(set);
    end();
}

static void test_writer_that_found_no_room_has_an_event(void **state)
{
    struct place place = {0};
    int set;

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    set = edges_of(&near_end);
    for (int i = 0; i < 100; i++) {
        ssize_t size;
        while ((size = write_next(&near_end, &place, LARGE)) > 0)
            continue;
        assert_int_equal(size, -EAGAIN);
        next_edge(set);
        assert_int_equal(next_edge(set), 0);
        do
            assert_true(read_next(&far_end, &place, LARGE / 2) > 0);
        while (place.written - place.read > RING / 2);
        assert_true(next_edge(set) & EPOLLOUT);
    }
    read_all(&far_end, &place);
    close(set);
    end();
}

/* The reader may come across the bell on its way to the first bytes, before it has made any room. */
static void test_writer_whose_bell_was_found_early_has_an_event_for_the_room(void **state)
{
    struct place place = {0};
    char bells[8];
    int set;

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    read_all(&far_end, &place);
    set = edges_of(&near_end);
    while (write_next(&near_end, &place, LARGE) > 0)
        continue;
    assert_true(recv(ops->fd(far_end.state), bells, sizeof bells, MSG_DONTWAIT) > 0);
    assert_true(next_edge(set) & EPOLLOUT);
    assert_int_equal(write_next(&near_end, &place, LARGE), -EAGAIN);
    next_edge(set);
    assert_int_equal(next_edge(set), 0);
    read_all(&far_end, &place);
    assert_true(next_edge(set) & EPOLLOUT);
    close(set);
    end();
}

/* Otherwise "stall_timeout" would take it for one that does not read at all. */
static void test_slow_reader_is_seen_to_read(void **state)
{
    struct place place = {0};

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    while (write_next(&near_end, &place, LARGE) > 0)
        continue;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(read_next(&far_end, &place, 1000), 1000);
        assert_int_equal(write_next(&near_end, &place, LARGE), -EAGAIN);
        assert_true(near_end.handle.wake_at > 0);
        fake_clock_advance(300);
        assert_true(write_next(&near_end, &place, LARGE) > 0);
        assert_int_equal(write_next(&near_end, &place, LARGE), -EAGAIN);
    }
    assert_true(in_socket(&far_end) < 10);
    read_all(&far_end, &place);
    end();
}

static void test_idle_memory_goes_back(void **state)
{
    struct place place = {0};
    uint64_t asked;

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    asked = near_end.handle.wake_at;
    assert_true(asked > 0);
    fake_clock_advance(2000);
    assert_int_equal(read_next(&near_end, &place, 10), -EAGAIN);
    assert_true(near_end.handle.wake_at > asked); /* the reader has not taken it: again */
    read_all(&far_end, &place);
    fake_clock_advance(2000);
    asked = near_end.handle.wake_at;
    assert_int_equal(read_next(&near_end, &place, 10), -EAGAIN);
    assert_int_equal(near_end.handle.wake_at, asked);
    assert_int_equal(write_next(&near_end, &place, LARGE), LARGE);
    assert_true(near_end.handle.wake_at > asked);
    read_all(&far_end, &place);
    end();
}

/* ---- peers that do not take part */

static int plain_peer(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0tenon-test-transfer"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen("tenon-test-transfer");

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, size), 0);
    fake_accept(&server, &far_end);
    return fd;
}

static void test_peer_that_knows_nothing_of_it_gets_the_same_bytes(void **state)
{
    struct place place = {0};
    int peer, before;

    (void)state;
    assert_int_equal(fake_listen(&server, "@tenon-test-transfer"), 0);
    peer = plain_peer();
    before = open_descriptors();
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write_next(&far_end, &place, LARGE), LARGE);
        assert_int_equal(recv(peer, in_bytes, LARGE, MSG_WAITALL), LARGE);
        check(&place, in_bytes, LARGE);
        place.read += LARGE;
    }
    assert_int_equal(open_descriptors(), before);
    close(peer);
    fake_close(&far_end);
    fake_unlisten(&server);
}

static void test_ring_size_0_shares_nothing(void **state)
{
    struct place place = {0};

    (void)state;
    fake_host_set_int(&fake, "ring_size", 0);
    begin();
    assert_false(comes_to_share(&near_end, &far_end, &place));
    end();
}

static void test_full_table_at_the_greeting_is_no_matter(void **state)
{
    struct place place = {0};
    struct rlimit before;

    (void)state;
    fake_pair(&server, "@tenon-test-transfer", &near_end, &far_end);
    assert_int_equal(ops->writev(far_end.state, &(struct iovec){"hello", 5}, 1), 5);
    before = fake_leave_descriptors(0);
    assert_int_equal(ops->readv(near_end.state, &(struct iovec){in_bytes, 5}, 1), 5);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(comes_to_share(&near_end, &far_end, &place));
    end();
}

static void test_greeting_without_a_descriptor_shares_nothing(void **state)
{
    struct place there = {0}, back = {0};
    struct rlimit before;

    (void)state;
    fake_pair(&server, "@tenon-test-transfer", &near_end, &far_end);
    before = fake_leave_descriptors(0);
    greet();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(comes_to_share(&near_end, &far_end, &there));
    assert_false(comes_to_share(&far_end, &near_end, &back));
    end();
}

/* The descriptor is lost then, and another one offered later. */
static void test_full_table_of_descriptors_loses_no_byte(void **state)
{
    struct place place = {0};
    struct rlimit before;

    (void)state;
    begin();
    assert_int_equal(write_next(&near_end, &place, LARGE), LARGE); /* makes the ring */
    before = fake_leave_descriptors(0);
    for (int i = 0; i < 10; i++) {
        read_all(&far_end, &place);
        assert_int_equal(write_next(&near_end, &place, LARGE), LARGE);
        assert_true(in_socket(&far_end) >= LARGE);
    }
    read_all(&far_end, &place);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(comes_to_share(&near_end, &far_end, &place));
    read_all(&far_end, &place);
    end();
}

static void test_full_table_when_the_ring_begins_is_no_matter(void **state)
{
    struct place place = {0};
    struct rlimit before;
    bool shares = false;

    (void)state;
    begin();
    for (int i = 0; i < 10 && !shares; i++) {
        assert_int_equal(write_next(&near_end, &place, LARGE), LARGE);
        shares = in_socket(&far_end) < 100;
        before = fake_leave_descriptors(i < 2 ? 8 : 0);
        read_all(&far_end, &place);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
    assert_true(shares);
    end();
}

static void send_with(int peer, int fd, const void *bytes, size_t size)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    assert_int_equal(sendmsg(peer, &message, 0), (ssize_t)size);
}

/* The head of the ring that `self` shares, found where the system lists what is mapped. */
static uint8_t *head_of_a_ring(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long from = 0;
    char line[512];

    assert_non_null(maps);
    while (!from && fgets(line, sizeof line, maps))
        if (strstr(line, "/memfd:tenon-ipc"))
            assert_int_equal(sscanf(line, "%lx", &from), 1);
    fclose(maps);
    assert_true(from != 0);
    return (uint8_t *)from;
}

static void test_peer_that_lies_about_its_bytes_is_told_off(void **state)
{
    struct place place = {0};

    (void)state;
    begin();
    assert_true(comes_to_share(&near_end, &far_end, &place));
    read_all(&far_end, &place);
    memset(head_of_a_ring() + 8, 0x7f, 1000);
    assert_int_equal(write_next(&near_end, &place, LARGE), -EPROTO);
    fake_says("count of the bytes");
    fake.error[0] = '\0';
    assert_int_equal(read_next(&far_end, &place, LARGE), -EPROTO);
    fake_says("count of the bytes");
    end();
}

static void test_descriptors_of_strangers_are_closed_and_their_bytes_kept(void **state)
{
    struct place place = {.written = 5000 + 3000 + 1};
    int peer, before, pipes[2];

    (void)state;
    assert_int_equal(fake_listen(&server, "@tenon-test-transfer"), 0);
    peer = plain_peer();
    assert_int_equal(pipe(pipes), 0);
    before = open_descriptors();
    assert_int_equal(send(peer, out_bytes, 5000, 0), 5000);
    assert_int_equal(read_next(&far_end, &place, 5000), 5000);
    send_with(peer, pipes[0], out_bytes + 5000, 3000);
    send_with(peer, pipes[1], out_bytes + 8000, 1);
    read_all(&far_end, &place);
    assert_int_equal(open_descriptors(), before);
    close(pipes[0]);
    close(pipes[1]);
    close(peer);
    fake_close(&far_end);
    fake_unlisten(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_large_writes_come_to_share_memory),
        TEST(test_small_writes_now_and_then_stay_on_the_socket),
        TEST(test_small_writes_one_after_the_other_come_to_share_memory),
        TEST(test_nothing_is_written_behind_a_small_offer_before_it_is_read),
        TEST(test_sizes_of_all_kinds_keep_their_order),
        TEST(test_end_comes_after_the_last_byte),
        TEST(test_writer_learns_that_the_reader_has_gone),
        TEST(test_reader_that_found_nothing_has_an_event),
        TEST(test_writer_that_found_no_room_has_an_event),
        TEST(test_writer_whose_bell_was_found_early_has_an_event_for_the_room),
        TEST(test_slow_reader_is_seen_to_read),
        TEST(test_idle_memory_goes_back),
        TEST(test_peer_that_knows_nothing_of_it_gets_the_same_bytes),
        TEST(test_ring_size_0_shares_nothing),
        TEST(test_full_table_at_the_greeting_is_no_matter),
        TEST(test_greeting_without_a_descriptor_shares_nothing),
        TEST(test_full_table_of_descriptors_loses_no_byte),
        TEST(test_full_table_when_the_ring_begins_is_no_matter),
        TEST(test_peer_that_lies_about_its_bytes_is_told_off),
        TEST(test_descriptors_of_strangers_are_closed_and_their_bytes_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
