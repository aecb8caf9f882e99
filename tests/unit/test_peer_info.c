#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "message/peer_info.h"
#include "message/properties.h"

static const uint8_t metadata[] = "\x0bSocket-Type\0\0\0\6DEALER"
                                  "\x08Identity\0\0\0\3a\0b"
                                  "\x06X-room\0\0\0\0"
                                  "\x07User-Id\0\0\0\4root";

static struct tni_peer_pieces pieces(void)
{
    return (struct tni_peer_pieces){.connection = 42,
                                    .local = "127.0.0.1:1",
                                    .remote = "127.0.0.1:2",
                                    .mechanism = "NULL",
                                    .metadata = metadata,
                                    .metadata_size = sizeof metadata - 1};
}

static void test_properties_are_found_in_any_case(void **state)
{
    struct tni_peer_pieces given = pieces();
    struct tn_peer_info *info;

    (void)state;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_int_equal(info->connection, 42);
    assert_int_equal(info->property_count, 3);
    assert_string_equal(tni_peer_info_property(info, "socket-type"), "DEALER");
    assert_string_equal(tni_peer_info_property(info, "X-ROOM"), "");
    assert_string_equal(tni_peer_info_property(info, "Peer-Address"), "127.0.0.1:2");
    assert_string_equal(tni_peer_info_property(info, "local-address"), "127.0.0.1:1");
    assert_string_equal(info->mechanism, "NULL");
    assert_null(tni_peer_info_property(info, "X-roo"));
    assert_null(tni_peer_info_property(info, ""));
    tni_peer_info_unref(info);
}

static void test_identity_keeps_its_nul_bytes(void **state)
{
    struct tni_peer_pieces given = pieces();
    struct tn_peer_info *info;

    (void)state;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_int_equal(info->identity_size, 3);
    assert_memory_equal(info->identity, "a\0b", 4);
    assert_ptr_equal(tni_peer_info_property(info, "Routing-Id"), info->identity);
    tni_peer_info_unref(info);
}

static void test_user_id_cannot_be_announced_by_the_peer(void **state)
{
    struct tni_peer_pieces given = pieces();
    struct tn_peer_info *info;

    (void)state;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_null(tni_peer_info_property(info, "User-Id"));
    tni_peer_info_unref(info);
    given.user_id = "alice";
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_string_equal(tni_peer_info_property(info, "user-id"), "alice");
    tni_peer_info_unref(info);
}

static void test_findings_cannot_be_announced_by_the_peer(void **state)
{
    static const uint8_t announced[] = "\x0bSocket-Type\0\0\0\6DEALER"
                                       "\x0cX509-Subject\0\0\0\4root"
                                       "\x06X-room\0\0\0\1a";
    struct tni_properties found = {0};
    struct tni_peer_pieces given = {.metadata = announced, .metadata_size = sizeof announced - 1};
    struct tn_peer_info *info;

    (void)state;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_null(tni_peer_info_property(info, "X509-Subject"));
    assert_string_equal(tni_peer_info_property(info, "X-room"), "a");
    tni_peer_info_unref(info);

    given.found = &found;
    assert_int_equal(tni_properties_set(&found, "X509-Subject", "CN=bob"), 0);
    assert_int_equal(tni_properties_set(&found, "X-room", "b"), 0);
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    tni_properties_clear(&found);
    assert_string_equal(tni_peer_info_property(info, "x509-subject"), "CN=bob");
    assert_string_equal(tni_peer_info_property(info, "X-room"), "b");
    tni_peer_info_unref(info);
}

static void test_unknown_names_are_kept_where_nothing_is_proved(void **state)
{
    static const uint8_t announced[] = "\x0bSocket-Type\0\0\0\6DEALER"
                                       "\4Role\0\0\0\5admin"
                                       "\x0bTLS-Subject\0\0\0\4root"
                                       "\7User-Id\0\0\0\4root";
    struct tni_peer_pieces given = {.metadata = announced, .metadata_size = sizeof announced - 1};
    struct tn_peer_info *info;

    (void)state;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_null(tni_peer_info_property(info, "Role"));
    tni_peer_info_unref(info);

    given.keeps_unknown = true;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_string_equal(tni_peer_info_property(info, "role"), "admin");
    assert_null(tni_peer_info_property(info, "TLS-Subject"));
    assert_null(tni_peer_info_property(info, "User-Id"));
    tni_peer_info_unref(info);
}

static void test_findings_are_bounded_and_replaced(void **state)
{
    struct tni_properties found = {0};
    char *huge = tni_calloc(1, TNI_PROPERTIES_MAX + 1);

    (void)state;
    assert_non_null(huge);
    memset(huge, 'x', TNI_PROPERTIES_MAX);
    assert_int_equal(tni_properties_set(&found, "", "v"), -EINVAL);
    assert_int_equal(tni_properties_set(&found, "Name", huge), -EMSGSIZE);
    assert_int_equal(tni_properties_set(&found, "Name", "one"), 0);
    assert_int_equal(tni_properties_set(&found, "Other", "o"), 0);
    assert_int_equal(tni_properties_set(&found, "NAME", "two"), 0);
    assert_string_equal(tni_properties_get(&found, "name"), "two");
    tni_memory_fail_at(1, 1);
    assert_int_equal(tni_properties_set(&found, "Name", "three"), -ENOMEM);
    tni_memory_fail_at(0, 0);
    assert_string_equal(tni_properties_get(&found, "name"), "two");
    assert_int_equal(tni_properties_set(&found, "Name", NULL), 0);
    assert_null(tni_properties_get(&found, "Name"));
    assert_string_equal(tni_properties_get(&found, "other"), "o");
    tni_properties_clear(&found);
    assert_int_equal(found.size, 0);
    tni_free(huge);
}

static void test_peer_without_metadata_uses_the_pieces(void **state)
{
    struct tni_peer_pieces given = {
        .socket_type = "PAIR", .identity = (const uint8_t *)"me", .identity_size = 2};
    struct tn_peer_info *info;

    (void)state;
    assert_int_equal(tni_peer_info_new(&given, &info), 0);
    assert_string_equal(tni_peer_info_property(info, "Socket-Type"), "PAIR");
    assert_string_equal(tni_peer_info_property(info, "Identity"), "me");
    assert_null(tni_peer_info_property(info, "Peer-Address"));
    tni_peer_info_unref(tni_peer_info_ref(info));
    assert_string_equal(info->socket_type, "PAIR");
    tni_peer_info_unref(info);
    tni_peer_info_unref(NULL);
}

static void test_every_cut_of_the_metadata_is_handled(void **state)
{
    struct tni_peer_pieces given = pieces();
    size_t good = 0;

    (void)state;
    for (size_t size = 0; size < sizeof metadata; size++) {
        struct tn_peer_info *info = NULL;
        int status;

        given.metadata_size = size;
        status = tni_peer_info_new(&given, &info);
        assert_true(status == 0 || status == -EPROTO);
        good += status == 0;
        tni_peer_info_unref(info);
    }
    assert_int_equal(good, 5);
}

static void test_wrong_lengths_are_refused(void **state)
{
    struct tni_peer_pieces given = {0};
    struct tn_peer_info *info;

    (void)state;
    given.metadata = (const uint8_t *)"\1a\xff\xff\xff\xffx";
    given.metadata_size = 7;
    assert_int_equal(tni_peer_info_new(&given, &info), -EPROTO);
    given.metadata = (const uint8_t *)"\0\0\0\0\0";
    given.metadata_size = 5;
    assert_int_equal(tni_peer_info_new(&given, &info), -EPROTO);
}

static void test_lack_of_memory_is_told(void **state)
{
    struct tni_peer_pieces given = pieces();
    struct tn_peer_info *info;

    (void)state;
    tni_memory_fail_at(1, 1);
    assert_int_equal(tni_peer_info_new(&given, &info), -ENOMEM);
    tni_memory_fail_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties_are_found_in_any_case),
        cmocka_unit_test(test_identity_keeps_its_nul_bytes),
        cmocka_unit_test(test_user_id_cannot_be_announced_by_the_peer),
        cmocka_unit_test(test_findings_cannot_be_announced_by_the_peer),
        cmocka_unit_test(test_unknown_names_are_kept_where_nothing_is_proved),
        cmocka_unit_test(test_findings_are_bounded_and_replaced),
        cmocka_unit_test(test_peer_without_metadata_uses_the_pieces),
        cmocka_unit_test(test_every_cut_of_the_metadata_is_handled),
        cmocka_unit_test(test_wrong_lengths_are_refused),
        cmocka_unit_test(test_lack_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
