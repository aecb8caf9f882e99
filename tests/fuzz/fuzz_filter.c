/* Lists of who may connect: rules of tcp and numbers of ipc. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "transports/common/list.h"
#include "transports/ipc/ipc.h"
#include "transports/tcp/filter.h"

static void check_item(const char *item, size_t size)
{
    union sock_name v4 = {.v4.sin_family = AF_INET}, v6 = {.v6.sin6_family = AF_INET6};
    struct tni_tcp_rule rule;
    uint32_t number;

    if (!tni_tcp_rule_parse(item, size, &rule)) {
        CHECK(rule.family == AF_INET || rule.family == AF_INET6);
        CHECK(rule.bits <= (rule.family == AF_INET ? 32 : 128));
        CHECK(!tni_tcp_rule_matches(&rule, rule.family == AF_INET ? &v6 : &v4));
        if (rule.bits == 0)
            CHECK(tni_tcp_rule_matches(&rule, rule.family == AF_INET ? &v4 : &v6));
    }
    if (tni_ipc_list_parse(item, size, &number))
        CHECK(size <= 10 && number == (uint32_t)strtoull(item, NULL, 10));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    const char *at = text, *item;
    size_t length, count = 0;

    CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    while (sock_list_next(&at, &item, &length)) {
        CHECK(item >= text && item + length <= text + size);
        check_item(item, length);
        count++;
    }
    CHECK(count == sock_list_count(text));
    free(text);
    return 0;
}
