/*
 * stress_chain: one chain between two threads, which see nothing of each other but the chain.
 *
 * The producer writes messages whose frames tell their place, rolls some back, and is held up by the
 * mark; the consumer takes frames, or bytes in pieces with losses of the connection between. All must
 * come once, whole and in order.
 *
 * stress_chain [--long]
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/message.h"
#include "pipe/chain.h"
#include "watchdog.h"
#include "zmtp/frame.h"

enum { MESSAGES = 30000, LONG = 50, MOST = 70000, LOSSES = 200 };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, test.name, #condition); \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct {
    const char *name;
    struct tni_chain chain;
    uint64_t messages;
    bool with_records; /* a control record before some messages    */
    bool with_rollbacks; /* begun messages are given up              */
    bool with_losses; /* the byte consumer rewinds now and then   */
    size_t largest;
    pthread_mutex_t lock; /* for sleeping only; the chain has no lock */
    pthread_cond_t changed;
    uint64_t data, space; /* wake-ups */
} test;

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* ------------------------------------------------------------------ what a message looks like */

/* Frame `index` of message `number`; a function of both, so that both threads know it. */
struct shape {
    size_t size;
    bool more, is_owned, has_record;
};

static struct shape shape_of(uint64_t number, unsigned index)
{
    uint64_t seed = (number + 1) * 0x9e3779b97f4a7c15u + index * 77u + 1;
    uint64_t kind = next_random(&seed) % 64;
    struct shape shape = {.size = next_random(&seed) % 60};

    if (kind == 0)
        shape.size = next_random(&seed) % test.largest;
    else if (kind < 4)
        shape.size = next_random(&seed) % 1200;
    shape.more = index < 3 && next_random(&seed) % 4 == 0;
    shape.is_owned = next_random(&seed) % 2;
    shape.has_record = test.with_records && index == 0 && next_random(&seed) % 3 == 0;
    return shape;
}

static uint8_t byte_of(uint64_t number, unsigned index, size_t at)
{
    return (uint8_t)(number * 13 + index * 101 + at * 3);
}

static void fill(uint8_t *to, uint64_t number, unsigned index, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = byte_of(number, index, i);
}

/* ------------------------------------------------------------------ sleeping */

static void wake(uint64_t *counter)
{
    pthread_mutex_lock(&test.lock);
    ++*counter;
    pthread_cond_broadcast(&test.changed);
    pthread_mutex_unlock(&test.lock);
}

static void sleep_after(uint64_t *counter, uint64_t *seen)
{
    pthread_mutex_lock(&test.lock);
    while (*counter == *seen)
        pthread_cond_wait(&test.changed, &test.lock);
    *seen = *counter;
    pthread_mutex_unlock(&test.lock);
}

/* ------------------------------------------------------------------ producer */

static void write_frame(uint64_t number, unsigned index, struct shape shape, bool more)
{
    static uint8_t bytes[MOST];
    tn_msg_t msg;

    fill(bytes, number, index, shape.size);
    if (shape.is_owned)
        CHECK(tn_msg_init_copy(&msg, bytes, shape.size) == 0);
    else
        tn_msg_borrow(&msg, bytes, shape.size);
    msg.flags = more ? TN_MSG_MORE : 0;
    CHECK(tni_chain_write(&test.chain, &msg) == 0);
    tn_msg_close(&msg);
}

static void give_up_a_message(uint64_t number)
{
    for (unsigned i = 0; i <= number % 4; i++)
        write_frame(~number, i, shape_of(number + i, 0), true);
    tni_chain_rollback(&test.chain);
}

static void *produce(void *arg)
{
    uint64_t seen = 0;

    (void)arg;
    for (uint64_t number = 0; number < test.messages; number++) {
        struct shape shape = shape_of(number, 0);
        watchdog_doing("writes into", test.name);
        if (shape.has_record)
            CHECK(tni_chain_control(&test.chain, TNI_ATTACH_DISCONNECTED, NULL) == 0);
        if (test.with_rollbacks && number % 7 == 0)
            give_up_a_message(number);
        while (tni_chain_is_full(&test.chain)) {
            watchdog_doing("waits for space in", test.name);
            sleep_after(&test.space, &seen);
        }
        write_frame(number, 0, shape, shape.more);
        for (unsigned i = 1; shape.more; i++) {
            shape = shape_of(number, i);
            write_frame(number, i, shape, shape.more);
        }
        wake(&test.data);
        if (number % 64 == 0)
            sched_yield();
    }
    watchdog_doing(NULL, NULL);
    return NULL;
}

/* ------------------------------------------------------------------ consumer of frames */

static void release(bool now)
{
    if (tni_chain_release(&test.chain, now))
        wake(&test.space);
}

static void peek(struct tni_frame_view *view, uint64_t *seen)
{
    /* Looking again and again is what finds a race between a look and a commit. */
    for (int i = 0; i < 50; i++)
        if (tni_chain_peek(&test.chain, view))
            return;
    while (!tni_chain_peek(&test.chain, view)) {
        release(true);
        watchdog_doing("waits for frames in", test.name);
        sleep_after(&test.data, seen);
    }
}

static void expect_frame(uint64_t number, unsigned index, struct shape shape, uint64_t *seen)
{
    struct tni_frame_view view;

    if (shape.has_record) {
        peek(&view, seen);
        CHECK(view.is_control);
        CHECK(view.attachment->kind == TNI_ATTACH_DISCONNECTED);
        tni_chain_next(&test.chain, &view);
    }
    peek(&view, seen);
    CHECK(!view.is_control);
    CHECK(view.header == tni_frame_header_size(shape.size));
    CHECK(view.size == shape.size);
    CHECK(view.flags == (shape.more ? TNI_FRAME_MORE : 0));
    for (size_t i = 0; i < shape.size; i++)
        CHECK(view.body[i] == byte_of(number, index, i));
    tni_chain_next(&test.chain, &view);
}

static void consume_frames(void)
{
    uint64_t seen = 0;

    for (uint64_t number = 0; number < test.messages; number++) {
        struct shape shape;
        unsigned index = 0;
        do {
            shape = shape_of(number, index);
            expect_frame(number, index++, shape, &seen);
        } while (shape.more);
        release(false);
    }
    release(true);
}

/* ------------------------------------------------------------------ consumer of bytes */

/* The place in the stream where the next byte is expected. */
struct reader {
    uint64_t number;
    unsigned index;
    size_t at, header;
    struct shape shape;
    uint8_t head[TNI_FRAME_HEADER_MAX];
};

static void begin_frame(struct reader *reader)
{
    reader->shape = shape_of(reader->number, reader->index);
    reader->header =
        tni_frame_encode(reader->head, reader->shape.more ? TNI_FRAME_MORE : 0, reader->shape.size);
    reader->at = 0;
}

static void read_byte(struct reader *reader, uint8_t byte)
{
    size_t at = reader->at++;

    CHECK(reader->number < test.messages);
    if (at < reader->header)
        CHECK(byte == reader->head[at]);
    else
        CHECK(byte == byte_of(reader->number, reader->index, at - reader->header));
    if (reader->at < reader->header + reader->shape.size)
        return;
    reader->index++;
    if (!reader->shape.more) {
        reader->number++;
        reader->index = 0;
    }
    begin_frame(reader);
}

static void read_some(struct reader *reader, const struct iovec *iov, int count, size_t bytes)
{
    size_t left = bytes;

    for (int i = 0; i < count && left; i++) {
        size_t part = iov[i].iov_len < left ? iov[i].iov_len : left;
        for (size_t k = 0; k < part; k++)
            read_byte(reader, ((const uint8_t *)iov[i].iov_base)[k]);
        left -= part;
    }
    tni_chain_sent(&test.chain, bytes - left);
}

/* The message that was cut comes again, and none before it. */
static void lose(struct reader *reader)
{
    tni_chain_rewind(&test.chain);
    CHECK(tni_chain_at_boundary(&test.chain));
    reader->index = 0;
    begin_frame(reader);
}

static bool is_all_read(const struct reader *reader)
{
    return reader->number == test.messages && atomic_load(&test.chain.produced) == test.messages &&
           tni_chain_length(&test.chain) == 0;
}

static void consume_bytes(void)
{
    struct reader reader = {0};
    uint64_t seed = 42, seen = 0, lost = 0;
    struct iovec iov[8];

    begin_frame(&reader);
    for (;;) {
        int count = tni_chain_gather(&test.chain, iov, 8, 1 + next_random(&seed) % 5000);
        size_t bytes = next_random(&seed) % 3 ? SIZE_MAX : next_random(&seed) % 3000;
        if (count > 0)
            read_some(&reader, iov, count, bytes);
        release(true);
        if (is_all_read(&reader))
            return;
        if (count == 0) {
            watchdog_doing("waits for bytes in", test.name);
            sleep_after(&test.data, &seen);
        } else if (test.with_losses && lost < LOSSES && next_random(&seed) % 50 == 0) {
            lost++;
            lose(&reader);
        }
    }
}

/* ------------------------------------------------------------------ scenarios */

static void run(const char *name, uint64_t hwm, void (*consume)(void))
{
    pthread_t producer;

    watchdog_begin(name);
    test.name = name;
    test.data = test.space = 0;
    CHECK(tni_chain_init(&test.chain, hwm, false) == 0);
    CHECK(pthread_create(&producer, NULL, produce, NULL) == 0);
    consume();
    CHECK(pthread_join(producer, NULL) == 0);
    CHECK(tni_chain_is_empty(&test.chain));
    tni_chain_release(&test.chain, true);
    CHECK(tni_chain_length(&test.chain) == 0);
    tni_chain_fini(&test.chain);
    watchdog_doing(NULL, NULL);
    printf("%s\n", name);
}

int main(int argc, char **argv)
{
    bool is_long = argc > 1 && strcmp(argv[1], "--long") == 0;

    pthread_mutex_init(&test.lock, NULL);
    pthread_cond_init(&test.changed, NULL);
    test.messages = (uint64_t)MESSAGES * (is_long ? LONG : 1);
    test.largest = 2000;
    run("frames, no mark", 0, consume_frames);
    run("bytes, no mark", 0, consume_bytes);
    run("frames, a mark of 1", 1, consume_frames);
    run("bytes, a mark of 1", 1, consume_bytes);
    test.with_records = test.with_rollbacks = true;
    test.largest = MOST;
    run("frames and records", 100, consume_frames);
    run("frames and records, a mark of 2", 2, consume_frames);
    test.with_records = false;
    test.with_losses = true;
    run("bytes and losses", 100, consume_bytes);
    run("bytes and losses, a mark of 3", 3, consume_bytes);
    return 0;
}
