/* Answers of a SOCKS5 proxy: the same end however they are cut, and never a byte too many. */
#include <string.h>

#include "check.h"
#include "transports/tcp/socks.h"

struct run {
    int code;
    uint8_t state;
    size_t used;
};

static struct run answer(const uint8_t *data, size_t size, const char *user, size_t step)
{
    struct tni_socks socks;
    struct run run = {0};

    CHECK(tni_socks_start(&socks, "host", 1, user, "password") == 0);
    while (run.code == 0 && tni_socks_wants(&socks) > 0 && run.used < size) {
        size_t part = size - run.used;

        if (part > tni_socks_wants(&socks))
            part = tni_socks_wants(&socks);
        if (part > step)
            part = step;
        run.code = tni_socks_take(&socks, data + run.used, part);
        run.used += part;
        CHECK(socks.out_size <= TNI_SOCKS_OUT_MAX && socks.wanted <= TNI_SOCKS_IN_MAX);
    }
    CHECK((run.code < 0) == (socks.state == TNI_SOCKS_FAILED));
    CHECK(run.code == 0 || socks.reason);
    run.state = socks.state;
    return run;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int i = 0; i < 2; i++) {
        const char *user = i ? "user" : NULL;
        struct run whole = answer(data, size, user, SIZE_MAX);
        struct run bytes = answer(data, size, user, 1);

        CHECK(whole.code == bytes.code && whole.state == bytes.state && whole.used == bytes.used);
    }
    return 0;
}
