#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zmtp/command.h"
#include "zmtp/null.h"
#include "zmtp/peer.h"

enum { STATE_SIZE = 256 };

static char sentence[512];

__attribute__((format(printf, 3, 4))) static int keep_error(const tn_host_t *host, int code,
                                                            const char *format, ...)
{
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return code;
}

static int fault;

static void keep_fault(tn_handshake_t *handshake, int code)
{
    (void)handshake;
    fault = code;
}

static const tn_host_t host = {
    .size = sizeof(tn_host_t), .set_error = keep_error, .handshake_fault = keep_fault};

struct side {
    _Alignas(max_align_t) uint8_t state[STATE_SIZE];
    uint8_t metadata[64];
    size_t metadata_size;
};

static void side_open(struct side *side, const char *socket_type)
{
    const struct tni_self self = {.socket_type = socket_type};
    tn_handshake_info_t info = {.size = sizeof info};

    memset(side, 0, sizeof *side);
    side->metadata_size = (size_t)tni_self_encode(&self, side->metadata, sizeof side->metadata);
    info.metadata = side->metadata;
    info.metadata_size = side->metadata_size;
    assert_true(tni_null_mechanism.state_size <= STATE_SIZE);
    assert_int_equal(tni_null_mechanism.open(side->state, &host, &info), 0);
    sentence[0] = '\0';
}

static int give(struct side *side, const void *command, size_t size)
{
    const uint8_t *metadata;
    size_t metadata_size;

    return tni_null_mechanism.command(side->state, command, size, &metadata, &metadata_size);
}

static void test_two_sides_become_ready(void **state)
{
    struct side a, b;
    uint8_t from_a[128], from_b[128];
    const uint8_t *metadata;
    size_t metadata_size;
    ssize_t a_size, b_size;

    (void)state;
    side_open(&a, "REQ");
    side_open(&b, "REP");
    a_size = tni_null_mechanism.next_command(a.state, from_a, sizeof from_a);
    b_size = tni_null_mechanism.next_command(b.state, from_b, sizeof from_b);
    assert_int_equal(a_size, 6 + a.metadata_size);
    assert_int_equal(tni_null_mechanism.next_command(a.state, from_a, sizeof from_a), 0);
    assert_int_equal(tni_null_mechanism.status(a.state), TN_MECHANISM_HANDSHAKING);
    assert_int_equal(
        tni_null_mechanism.command(a.state, from_b, (size_t)b_size, &metadata, &metadata_size), 0);
    assert_int_equal(metadata_size, b.metadata_size);
    assert_memory_equal(metadata, b.metadata, metadata_size);
    assert_int_equal(tni_null_mechanism.status(a.state), TN_MECHANISM_READY);
    assert_int_equal(give(&b, from_a, (size_t)a_size), 0);
    assert_int_equal(tni_null_mechanism.status(b.state), TN_MECHANISM_READY);
    tni_null_mechanism.close(a.state);
    tni_null_mechanism.close(b.state);
}

static void test_ready_before_ours_is_sent_keeps_handshaking(void **state)
{
    struct side side;
    uint8_t buffer[128];

    (void)state;
    side_open(&side, "PUB");
    assert_int_equal(give(&side, "\x05READY", 6), 0);
    assert_int_equal(tni_null_mechanism.status(side.state), TN_MECHANISM_HANDSHAKING);
    assert_int_equal(tni_null_mechanism.next_command(side.state, buffer, 8), -EMSGSIZE);
    assert_true(tni_null_mechanism.next_command(side.state, buffer, sizeof buffer) > 0);
    assert_int_equal(tni_null_mechanism.status(side.state), TN_MECHANISM_READY);
}

static void test_status_in_an_error_is_told(void **state)
{
    struct side side;

    (void)state;
    side_open(&side, "PUB");
    assert_int_equal(give(&side,
                          "\5ERROR\3"
                          "400",
                          10),
                     -EACCES);
    assert_int_equal(fault, 400);
    assert_int_equal(give(&side,
                          "\5ERROR\3"
                          "300",
                          10),
                     -ECONNREFUSED);
    assert_int_equal(fault, 300);
}

static void test_error_carries_the_peers_reason(void **state)
{
    struct side side;

    (void)state;
    side_open(&side, "PUB");
    assert_int_equal(give(&side,
                          "\x05"
                          "ERROR\x0b"
                          "a ~\n\x7f"
                          "kets!!",
                          18),
                     -ECONNREFUSED);
    assert_non_null(strstr(sentence, "a ~??kets!!"));
    assert_int_equal(give(&side,
                          "\x05"
                          "ERROR\0",
                          7),
                     -ECONNREFUSED);
    assert_non_null(strstr(sentence, "no reason"));
    assert_int_equal(give(&side,
                          "\x05"
                          "ERROR\x0c"
                          "bad",
                          10),
                     -EPROTO);
}

static void test_anything_else_is_refused(void **state)
{
    struct side side;

    (void)state;
    side_open(&side, "PUB");
    assert_int_equal(give(&side, "", 0), -EPROTO);
    assert_int_equal(give(&side, "\x05HELLO", 6), -EPROTO);
    assert_non_null(strstr(sentence, "unknown"));
    assert_int_equal(give(&side, "\x04PING\0\0", 7), -EPROTO);
    assert_non_null(strstr(sentence, "PING"));
    assert_int_equal(give(&side, "\x05READY\x01", 7), -EPROTO);
    assert_non_null(strstr(sentence, "metadata"));
    assert_int_equal(give(&side, "\x05READY", 6), 0);
    assert_int_equal(give(&side, "\x05READY", 6), -EPROTO);
    assert_non_null(strstr(sentence, "second"));
}

static void test_descriptor_is_complete(void **state)
{
    (void)state;
    assert_string_equal(tni_null_mechanism.wire_name, "NULL");
    assert_int_equal(tni_null_mechanism.size, sizeof(tn_mechanism_ops_t));
    assert_null(tni_null_mechanism.encode);
    assert_null(tni_null_mechanism.decode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_sides_become_ready),
        cmocka_unit_test(test_ready_before_ours_is_sent_keeps_handshaking),
        cmocka_unit_test(test_error_carries_the_peers_reason),
        cmocka_unit_test(test_status_in_an_error_is_told),
        cmocka_unit_test(test_anything_else_is_refused),
        cmocka_unit_test(test_descriptor_is_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
