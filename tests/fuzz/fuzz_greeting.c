/* The greeting's reader: the same answer however the bytes are cut, and our own greeting comes back. */
#include <string.h>

#include "check.h"
#include "zmtp/greeting.h"

static bool is_same(const struct tni_greeting_reader *a, const struct tni_greeting_reader *b)
{
    return a->status == b->status && a->taken == b->taken && a->major == b->major &&
           a->minor == b->minor && a->as_server == b->as_server && a->reason == b->reason &&
           strcmp(a->mechanism, b->mechanism) == 0 && memcmp(a->bytes, b->bytes, a->taken) == 0;
}

static size_t read_cut(struct tni_greeting_reader *reader, const uint8_t *data, size_t size,
                       size_t cut)
{
    size_t used;

    tni_greeting_reader_init(reader);
    used = tni_greeting_read(reader, data, cut);
    return used + tni_greeting_read(reader, data + cut, size - cut);
}

static size_t read_bytewise(struct tni_greeting_reader *reader, const uint8_t *data, size_t size)
{
    size_t used = 0, sendable;

    tni_greeting_reader_init(reader);
    sendable = tni_greeting_sendable(reader);
    CHECK(sendable == TNI_GREETING_SIGNATURE);
    for (size_t i = 0; i < size; i++) {
        used += tni_greeting_read(reader, data + i, 1);
        CHECK(tni_greeting_sendable(reader) >= sendable);
        sendable = tni_greeting_sendable(reader);
    }
    CHECK(sendable == 10 || sendable == 11 || sendable == 64);
    return used;
}

static void check_answer(const struct tni_greeting_reader *reader, size_t used, size_t size)
{
    CHECK(used <= size && used <= TNI_GREETING_SIZE && used == reader->taken);
    CHECK((reader->status == TNI_GREETING_ALIEN) == (reader->reason != NULL));
    CHECK((reader->status == TNI_GREETING_V3) == (used == 64 && !reader->reason));
    CHECK(reader->status != TNI_GREETING_INCOMPLETE || used == size);
    CHECK(strlen(reader->mechanism) <= TNI_GREETING_MECHANISM_MAX);
}

/** What a 3.x peer said, said by us, is read as the same. */
static void check_round_trip(const struct tni_greeting_reader *reader)
{
    uint8_t greeting[TNI_GREETING_SIZE];
    struct tni_greeting_reader again;

    if (tni_greeting_encode(greeting, reader->mechanism, reader->as_server, reader->bytes[8]) !=
        0) {
        CHECK(reader->mechanism[0] == '\0');
        return;
    }
    tni_greeting_reader_init(&again);
    CHECK(tni_greeting_read(&again, greeting, sizeof greeting) == sizeof greeting);
    CHECK(again.status == TNI_GREETING_V3 && tni_greeting_is_31(&again));
    CHECK(strcmp(again.mechanism, reader->mechanism) == 0);
    CHECK(again.as_server == reader->as_server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tni_greeting_reader whole, split;
    size_t used = read_cut(&whole, data, size, 0);

    check_answer(&whole, used, size);
    for (size_t cut = 1; cut <= size && cut <= TNI_GREETING_SIZE; cut++) {
        CHECK(read_cut(&split, data, size, cut) == used);
        CHECK(is_same(&split, &whole));
    }
    CHECK(read_bytewise(&split, data, size) == used);
    CHECK(is_same(&split, &whole));
    if (whole.status == TNI_GREETING_V3)
        check_round_trip(&whole);
    return 0;
}
