#include <poll.h>

#include "base/clock.h"
#include "base/memory.h"
#include "reactor/loop.h"

#include <errno.h>
#include <limits.h>

/* For builds without libevent: there is one descriptor to sleep on. */
struct tni_loop {
    struct pollfd item;
};

int tni_loop_new(int fd, struct tni_loop **out_loop)
{
    struct tni_loop *loop = tni_calloc(1, sizeof *loop);

    if (!loop)
        return -ENOMEM;
    loop->item = (struct pollfd){.fd = fd, .events = POLLIN};
    *out_loop = loop;
    return 0;
}

void tni_loop_free(struct tni_loop *loop)
{
    tni_free(loop);
}

void tni_loop_sleep(struct tni_loop *loop, uint64_t deadline)
{
    uint64_t now = tni_clock_ms();
    uint64_t left = deadline > now ? deadline - now : 0;

    poll(&loop->item, 1, deadline == UINT64_MAX ? -1 : left > INT_MAX ? INT_MAX : (int)left);
}
