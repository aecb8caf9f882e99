/* The parser of manifests: each key, and what a bad line is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tenon/module.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/suggest.h"
#include "module/manifest.h"

static struct tni_manifest *parse(const char *text)
{
    struct tni_manifest *manifest = NULL;

    assert_int_equal(tni_manifest_parse("test.conf", text, strlen(text), &manifest), 0);
    return manifest;
}

static void test_manifest_full_one_is_read(void **state)
{
    struct tni_manifest *manifest = parse("# a comment\n"
                                          "module = tcp\r\n"
                                          "  provides=transport:tcp,  pattern:x.y-z \n"
                                          "requires = transport:ipc\n"
                                          "load = eager\nrequired = yes\npriority = 60\n"
                                          "deny = layer:udp pattern:pub\n"
                                          "alias = transport:old\nmatch = one two\n"
                                          "option.ca_file = /etc/my file = x\n"
                                          "x-site = anything\n");

    (void)state;
    assert_int_equal(manifest->note_count, 0);
    assert_string_equal(manifest->module, "tcp");
    assert_int_equal(manifest->module_line, 2);
    assert_int_equal(manifest->provides.count, 2);
    assert_true(tni_refs_has(&manifest->provides, TN_PATTERN, "x.y-z"));
    assert_true(tni_refs_has(&manifest->requires, TN_TRANSPORT, "ipc"));
    assert_int_equal(manifest->load, TNI_LOAD_EAGER);
    assert_true(manifest->is_required);
    assert_int_equal(manifest->priority, 60);
    assert_true(tni_refs_has(&manifest->deny, TNI_KIND_LAYER, "udp"));
    assert_int_equal(manifest->deny.item[1].line, 8);
    assert_true(tni_refs_has(&manifest->alias, TN_TRANSPORT, "old"));
    assert_int_equal(manifest->match_count, 2);
    assert_string_equal(manifest->match[1], "two");
    assert_string_equal(manifest->settings[0].name, "ca_file");
    assert_string_equal(manifest->settings[0].value, "/etc/my file = x");
    assert_int_equal(manifest->settings[0].line, 11);
    assert_false(manifest->is_empty);
    tni_manifest_free(manifest);
}

static void test_manifest_blank_one_is_empty(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing\n\n   \t\r\n", "#"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct tni_manifest *manifest = parse(texts[i]);

        assert_true(manifest->is_empty);
        assert_int_equal(manifest->note_count, 0);
        tni_manifest_free(manifest);
    }
}

static void test_manifest_bad_line_gets_its_severity(void **state)
{
    static const struct {
        const char *text;
        enum tni_severity severity;
        const char *part;
    } cases[] = {
        {"module = tcp\nprovides = transport:tcp\nload = soon", TNI_NOTE_ERROR, "lazy, eager"},
        {"\n\npriority = 101", TNI_NOTE_ERROR, "0 to 100"},
        {"\n\npriority = -1", TNI_NOTE_ERROR, "0 to 100"},
        {"\n\npriority = 99999999999999999999", TNI_NOTE_ERROR, "0 to 100"},
        {"\n\nmodule = ../tcp", TNI_NOTE_ERROR, "must be a stem"},
        {"\n\nmodule = /usr/lib/tcp.la", TNI_NOTE_ERROR, "must end in .so"},
        {"\n\nmodule = /.so", TNI_NOTE_ERROR, "must end in .so"},
        {"\n\nprovides = layer:tcp", TNI_NOTE_ERROR, "is not KIND:NAME"},
        {"\n\nprovides = transport:TCP", TNI_NOTE_ERROR, "no valid name"},
        {"\n\nprovides =", TNI_NOTE_ERROR, "has no value"},
        {"\n\nsha256 = 12", TNI_NOTE_ERROR, "64 hexadecimal"},
        {"\n\ndeny = tcp", TNI_NOTE_POLICY, "is not KIND:NAME"},
        {"\n\nrequired = 1", TNI_NOTE_POLICY, "yes or no"},
        {"\n\nrequired = yes", TNI_NOTE_POLICY, "what is required?"},
        {"\n\nalias = transport:tcp", TNI_NOTE_POLICY, "exactly one transport"},
        {"\n\nmatch =", TNI_NOTE_POLICY, "name of a program"},
        {"\n\nnonsense", TNI_NOTE_POLICY, "not a line of the form"},
        {"\n\ndeni = transport:tcp", TNI_NOTE_POLICY, "did you mean \"deny\"?"},
        {"\n\ncolour = red", TNI_NOTE_WARNING, "unknown key \"colour\""},
        {"\n\noption. = red", TNI_NOTE_ERROR, "needs the name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tni_manifest *manifest = parse(cases[i].text);

        assert_int_not_equal(manifest->note_count, 0);
        if (!strstr(manifest->notes[0].text, cases[i].part))
            fail_msg("expected \"%s\" in: %s", cases[i].part, manifest->notes[0].text);
        assert_int_equal(manifest->notes[0].severity, cases[i].severity);
        assert_int_equal(manifest->notes[0].line, 3);
        tni_manifest_free(manifest);
    }
}

static void test_manifest_nul_byte_is_no_text(void **state)
{
    static const char bytes[] = "deny = transport:a\0b\n";
    struct tni_manifest *manifest = NULL;

    (void)state;
    assert_int_equal(tni_manifest_parse("test.conf", bytes, sizeof bytes - 1, &manifest), 0);
    assert_int_equal(manifest->notes[0].severity, TNI_NOTE_POLICY);
    tni_manifest_free(manifest);
}

static void test_manifest_many_notes_keep_the_worst(void **state)
{
    char text[4096] = "";
    struct tni_manifest *manifest;

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(text, "colour = red\n");
    strcat(text, "deny = nothing\n");
    manifest = parse(text);
    assert_int_equal(manifest->notes[manifest->note_count - 1].severity, TNI_NOTE_POLICY);
    tni_manifest_free(manifest);
}

static void test_manifest_survives_each_lack_of_memory(void **state)
{
    static const char text[] = "module = tcp\nprovides = transport:tcp pattern:a\nmatch = a b c\n"
                               "option.a = 1\noption.b = 2\ndeny = layer:x\nfoo = bar\n";
    unsigned long nth = 1;
    int rc;

    (void)state;
    do {
        struct tni_manifest *manifest = NULL;

        tni_memory_fail_at(nth++, 1);
        rc = tni_manifest_parse("test.conf", text, sizeof text - 1, &manifest);
        tni_memory_fail_at(0, 0);
        tni_manifest_free(manifest);
    } while (rc < 0);
    assert_true(nth > 10);
}

static void test_sha256_is_that_of_the_standard(void **state)
{
    static const uint8_t expected[TNI_SHA256_SIZE] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t million[4] = {0xcd, 0xc7, 0x6e, 0x5c};
    uint8_t digest[TNI_SHA256_SIZE];
    struct tni_sha256 hash;

    (void)state;
    tni_sha256_init(&hash);
    tni_sha256_update(&hash, "abc", 3);
    tni_sha256_final(&hash, digest);
    assert_memory_equal(digest, expected, sizeof digest);
    tni_sha256_init(&hash);
    for (int i = 0; i < 100000; i++)
        tni_sha256_update(&hash, "aaaaaaaaaa", 10);
    tni_sha256_final(&hash, digest);
    assert_memory_equal(digest, million, sizeof million);
}

static void test_nearest_finds_slips_and_nothing_else(void **state)
{
    static const char *const names[] = {"router", "dealer", NULL,     "ipc",   "tcp",
                                        "pub",    "sub",    "sndhwm", "rcvhwm"};
    size_t count = sizeof names / sizeof *names;

    (void)state;
    assert_string_equal(tni_nearest("ruoter", names, count), "router");
    assert_string_equal(tni_nearest("delear", names, count), "dealer");
    assert_string_equal(tni_nearest("snd_hwm", names, count), "sndhwm");
    assert_string_equal(tni_nearest("tpc", names, count), "tcp");
    assert_string_equal(tni_nearest("pbu", names, count), "pub");
    assert_null(tni_nearest("elephant", names, count));
    assert_null(tni_nearest("", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_full_one_is_read),
        cmocka_unit_test(test_manifest_blank_one_is_empty),
        cmocka_unit_test(test_manifest_bad_line_gets_its_severity),
        cmocka_unit_test(test_manifest_nul_byte_is_no_text),
        cmocka_unit_test(test_manifest_many_notes_keep_the_worst),
        cmocka_unit_test(test_manifest_survives_each_lack_of_memory),
        cmocka_unit_test(test_sha256_is_that_of_the_standard),
        cmocka_unit_test(test_nearest_finds_slips_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
