/* The memory that the two ends of an ipc connection share, by itself. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "transports/ipc/ring.h"

enum { SIZE = TNI_IPC_RING_UNIT, FILE_SIZE = 2 * TNI_IPC_RING_UNIT };

struct pair {
    struct tni_ipc_ring writer, reader;
    int fd;
};

static void begin(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    pair->fd = tni_ipc_ring_make(&pair->writer, SIZE);
    assert_true(pair->fd >= 0);
    assert_false(tni_ipc_ring_is_attached(&pair->writer));
    assert_true(tni_ipc_ring_attach(&pair->reader, pair->fd));
    assert_true(tni_ipc_ring_is_attached(&pair->writer));
    assert_int_equal(pair->reader.size, SIZE);
}

static void end(struct pair *pair)
{
    tni_ipc_ring_drop(&pair->writer);
    tni_ipc_ring_drop(&pair->reader);
    tni_ipc_ring_drop(&pair->reader);
    close(pair->fd);
}

static ssize_t put(struct pair *pair, const void *bytes, size_t size)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

    return tni_ipc_ring_put(&pair->writer, &iov, 1, SIZE / 4);
}

static ssize_t take(struct pair *pair, void *bytes, size_t size)
{
    struct iovec iov = {.iov_base = bytes, .iov_len = size};

    return tni_ipc_ring_take(&pair->reader, &iov, 1);
}

static uint8_t scratch[2 * SIZE];

static void test_bytes_come_out_as_they_were_put_in(void **state)
{
    struct pair pair;
    uint8_t in = 0, out = 0;

    (void)state;
    begin(&pair);
    srand(1);
    for (int round = 0; round < 2000; round++) {
        size_t first = (size_t)rand() % 5000, second = (size_t)rand() % 5000;
        struct iovec iov[2] = {{.iov_base = scratch, .iov_len = first},
                               {.iov_base = scratch + first, .iov_len = second}};
        ssize_t size;

        for (size_t i = 0; i < first + second; i++)
            scratch[i] = (uint8_t)(in + i);
        size = tni_ipc_ring_put(&pair.writer, iov, 2, 1);
        assert_true(size >= 0 && (size_t)size <= first + second);
        in = (uint8_t)(in + size);
        tni_ipc_ring_commit(&pair.writer);
        iov[0].iov_len = (size_t)rand() % 7000;
        iov[1].iov_base = scratch + iov[0].iov_len;
        size = tni_ipc_ring_take(&pair.reader, iov, 2);
        assert_true(size >= 0);
        for (ssize_t i = 0; i < size; i++)
            assert_int_equal(scratch[i], (uint8_t)(out + i));
        out = (uint8_t)(out + size);
        tni_ipc_ring_release(&pair.reader);
    }
    end(&pair);
}

/** KiB of the file that there is memory for. */
static long kib_of(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_blocks / 2;
}

static void pass(struct pair *pair, uint8_t *io_next, size_t size)
{
    struct iovec iov = {.iov_base = scratch, .iov_len = size};

    for (size_t i = 0; i < size; i++)
        scratch[i] = (uint8_t)(*io_next + i);
    assert_int_equal(tni_ipc_ring_put(&pair->writer, &iov, 1, size), size);
    tni_ipc_ring_commit(&pair->writer);
    memset(scratch, 0, size);
    assert_int_equal(tni_ipc_ring_take(&pair->reader, &iov, 1), size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(scratch[i], (uint8_t)(*io_next + i));
    *io_next = (uint8_t)(*io_next + size);
    tni_ipc_ring_release(&pair->reader);
}

static void test_only_what_is_large_takes_more_than_a_unit_of_memory(void **state)
{
    enum { LARGE_SIZE = 4 * SIZE, LITTLE_KIB = (SIZE + 4096 * 4) / 1024 };
    struct pair pair = {0};
    uint8_t next = 0;

    (void)state;
    pair.fd = tni_ipc_ring_make(&pair.writer, LARGE_SIZE);
    assert_true(pair.fd >= 0);
    assert_true(tni_ipc_ring_attach(&pair.reader, pair.fd));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++)
            pass(&pair, &next, 5001);
        assert_true(kib_of(pair.fd) <= LITTLE_KIB);
        assert_int_equal(put(&pair, "abc", 3), 3);
        tni_ipc_ring_commit(&pair.writer);
        assert_false(tni_ipc_ring_widen(&pair.writer)); /* the three bytes would lie elsewhere */
        assert_int_equal(take(&pair, scratch, sizeof scratch), 3);
        tni_ipc_ring_release(&pair.reader);
        assert_true(tni_ipc_ring_widen(&pair.writer));
        for (int i = 0; i < 10; i++)
            pass(&pair, &next, sizeof scratch);
        assert_true(kib_of(pair.fd) >= LARGE_SIZE / 1024);
        assert_true(tni_ipc_ring_trim(&pair.writer));
        assert_true(kib_of(pair.fd) <= LITTLE_KIB);
    }
    end(&pair);
}

static void test_nothing_is_to_be_taken_before_the_commit(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair);
    assert_int_equal(put(&pair, "abc", 3), 3);
    assert_int_equal(take(&pair, scratch, sizeof scratch), 0);
    tni_ipc_ring_commit(&pair.writer);
    assert_int_equal(take(&pair, scratch, sizeof scratch), 3);
    end(&pair);
}

static void test_full_ring_takes_no_small_pieces_of_something_large(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair);
    assert_int_equal(put(&pair, scratch, sizeof scratch), SIZE);
    tni_ipc_ring_commit(&pair.writer);
    assert_int_equal(put(&pair, scratch, 1), 0);
    assert_int_equal(take(&pair, scratch, SIZE / 8), SIZE / 8);
    tni_ipc_ring_release(&pair.reader);
    assert_int_equal(put(&pair, scratch, SIZE / 2), 0);
    assert_int_equal(put(&pair, scratch, SIZE / 8), SIZE / 8);
    end(&pair);
}

static void test_writer_that_waits_is_told_once_half_is_free(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair);
    assert_int_equal(put(&pair, scratch, SIZE), SIZE);
    tni_ipc_ring_commit(&pair.writer);
    assert_int_equal(take(&pair, scratch, 100), 100);
    assert_false(tni_ipc_ring_release(&pair.reader)); /* it does not wait */
    tni_ipc_ring_await_room(&pair.writer, true);
    assert_true(tni_ipc_ring_awaits_room(&pair.writer));
    assert_int_equal(take(&pair, scratch, SIZE / 2 - 101), SIZE / 2 - 101);
    assert_false(tni_ipc_ring_release(&pair.reader));
    assert_int_equal(take(&pair, scratch, 1), 1);
    assert_true(tni_ipc_ring_release(&pair.reader));
    assert_false(tni_ipc_ring_awaits_room(&pair.writer));
    assert_int_equal(take(&pair, scratch, 1), 1);
    assert_false(tni_ipc_ring_release(&pair.reader));
    end(&pair);
}

static void test_reader_that_waits_is_told_once(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair);
    assert_int_equal(put(&pair, "a", 1), 1);
    assert_false(tni_ipc_ring_commit(&pair.writer));
    assert_false(tni_ipc_ring_await_bytes(&pair.reader)); /* there is one */
    assert_int_equal(take(&pair, scratch, 10), 1);
    assert_true(tni_ipc_ring_await_bytes(&pair.reader));
    assert_int_equal(put(&pair, "b", 1), 1);
    assert_true(tni_ipc_ring_commit(&pair.writer));
    assert_int_equal(put(&pair, "c", 1), 1);
    assert_false(tni_ipc_ring_commit(&pair.writer));
    assert_int_equal(take(&pair, scratch, 10), 2);
    assert_true(tni_ipc_ring_await_bytes(&pair.reader));
    assert_true(tni_ipc_ring_wakes(&pair.writer));
    assert_false(tni_ipc_ring_wakes(&pair.writer));
    end(&pair);
}

static void test_ring_begins_where_the_writer_says(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair);
    assert_false(tni_ipc_ring_begins_at(&pair.reader, 0));
    tni_ipc_ring_begin(&pair.writer, 70000);
    assert_false(tni_ipc_ring_begins_at(&pair.reader, 69999));
    assert_true(tni_ipc_ring_begins_at(&pair.reader, 70000));
    end(&pair);
}

static blkcnt_t blocks_of(int fd)
{
    struct stat file;

    assert_int_equal(fstat(fd, &file), 0);
    return file.st_blocks;
}

static void test_trimmed_ring_has_no_memory_and_goes_on(void **state)
{
    struct pair pair;
    blkcnt_t at_first;

    (void)state;
    begin(&pair);
    at_first = blocks_of(pair.fd);
    assert_int_equal(put(&pair, scratch, SIZE - 5), SIZE - 5);
    tni_ipc_ring_commit(&pair.writer);
    assert_true(blocks_of(pair.fd) >= at_first + SIZE / 512);
    assert_false(tni_ipc_ring_trim(&pair.writer)); /* the reader has not taken it */
    assert_int_equal(take(&pair, scratch, SIZE), SIZE - 5);
    tni_ipc_ring_release(&pair.reader);
    assert_true(tni_ipc_ring_trim(&pair.writer));
    assert_int_equal(blocks_of(pair.fd), at_first);
    assert_int_equal(put(&pair, "0123456789", 10), 10);
    tni_ipc_ring_commit(&pair.writer);
    assert_int_equal(take(&pair, scratch, 20), 10);
    assert_memory_equal(scratch, "0123456789", 10);
    end(&pair);
}

/* ---- what others may do */

static void test_counts_that_cannot_be_are_an_error(void **state)
{
    struct pair pair;
    uint8_t *head;

    (void)state;
    begin(&pair);
    assert_int_equal(put(&pair, "abc", 3), 3);
    tni_ipc_ring_commit(&pair.writer);
    head = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, pair.fd, 0);
    assert_true(head != MAP_FAILED);
    memset(head + 8, 0x7f, 1000);
    assert_int_equal(put(&pair, "abc", 3), -EPROTO);
    assert_int_equal(take(&pair, scratch, 10), -EPROTO);
    assert_false(tni_ipc_ring_trim(&pair.writer));
    munmap(head, 4096);
    end(&pair);
}

static int file_of(size_t size, unsigned seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void refuses(int fd)
{
    struct tni_ipc_ring ring = {0};

    assert_false(tni_ipc_ring_attach(&ring, fd));
    assert_null(ring.shared);
    close(fd);
}

static void test_what_is_no_ring_is_refused(void **state)
{
    const unsigned both = F_SEAL_SHRINK | F_SEAL_GROW;
    FILE *file = tmpfile();
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    refuses(ends[0]);
    refuses(ends[1]);
    assert_non_null(file);
    refuses(dup(fileno(file)));
    fclose(file);
    refuses(open("/dev/zero", O_RDWR | O_CLOEXEC));
    refuses(-1);
    refuses(file_of(FILE_SIZE, both)); /* the words at its beginning are missing */
    refuses(file_of(0, both));
    refuses(file_of(TNI_IPC_RING_UNIT, both));
    refuses(file_of(FILE_SIZE + 4096, both));
    refuses(file_of((size_t)TNI_IPC_RING_MAX + FILE_SIZE, both));
}

/* It would be a SIGBUS for the reader. */
static void test_ring_that_could_shrink_is_refused(void **state)
{
    static const unsigned seals[] = {0, F_SEAL_SHRINK, F_SEAL_GROW};
    struct pair pair;
    uint8_t head[64];

    (void)state;
    begin(&pair);
    assert_int_equal(pread(pair.fd, head, sizeof head, 0), sizeof head);
    assert_int_equal(ftruncate(pair.fd, 0), -1);
    end(&pair);
    for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
        int fd = file_of(FILE_SIZE, seals[i]);

        assert_int_equal(pwrite(fd, head, sizeof head, 0), sizeof head);
        refuses(fd);
    }
}

static void test_ring_larger_than_files_may_be_is_an_error(void **state)
{
    struct rlimit before, few;
    struct tni_ipc_ring ring = {0};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    few = before;
    few.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    assert_int_equal(tni_ipc_ring_make(&ring, SIZE), -EFBIG);
    assert_null(ring.shared);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_come_out_as_they_were_put_in),
        cmocka_unit_test(test_only_what_is_large_takes_more_than_a_unit_of_memory),
        cmocka_unit_test(test_nothing_is_to_be_taken_before_the_commit),
        cmocka_unit_test(test_full_ring_takes_no_small_pieces_of_something_large),
        cmocka_unit_test(test_writer_that_waits_is_told_once_half_is_free),
        cmocka_unit_test(test_reader_that_waits_is_told_once),
        cmocka_unit_test(test_ring_begins_where_the_writer_says),
        cmocka_unit_test(test_trimmed_ring_has_no_memory_and_goes_on),
        cmocka_unit_test(test_counts_that_cannot_be_are_an_error),
        cmocka_unit_test(test_what_is_no_ring_is_refused),
        cmocka_unit_test(test_ring_that_could_shrink_is_refused),
        cmocka_unit_test(test_ring_larger_than_files_may_be_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
