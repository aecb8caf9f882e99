#include "socket/pace.h"

#include <errno.h>

#include "base/clock.h"
#include "pipe/pipe.h"
#include "socket/network.h"
#include "socket/wait.h"

enum {
    QUEUED_MAX = 1024 * 1024, /* bytes */
    WAIT_MS = 1,
    WORTH_WAITING = 128 * 1024, /* bytes in that time */
    SKIPPED_MAX = 1024, /* sends */
    STRAIGHT_MIN = 32 * 1024, /* bytes of a message; smaller ones are worth gathering, */
    STRAIGHT_MAX = 256 * 1024, /* larger ones are more than a kernel takes at once */
    PAUSE_NS = 10 * 1000, /* a program that does more than send */
};

static bool may_be_straight(const struct tn_sock *sock, size_t size)
{
    return sock->pace.is_copied && size >= STRAIGHT_MIN && size <= STRAIGHT_MAX;
}

/* Counted in messages of the size sent last. */
static bool is_queued(struct tn_sock *sock, size_t size, size_t bytes)
{
    struct tn_pipe *pipe = tni_load_balancer_only(&sock->balance);

    return pipe && pipe->has_session && tni_chain_has_backlog(tni_pipe_out(pipe), bytes / size + 1);
}

/* Messages. */
static uint64_t queued(struct tn_sock *sock)
{
    struct tn_pipe *pipe = tni_load_balancer_only(&sock->balance);

    return pipe ? tni_chain_length(tni_pipe_out(pipe)) : 0;
}

struct pacing {
    struct tn_sock *sock;
    size_t size;
};

static int has_drained(void *arg)
{
    struct pacing *pacing = arg;
    int rc = tni_sock_reenter(pacing->sock);

    if (rc < 0)
        return rc;
    rc = is_queued(pacing->sock, pacing->size,
                   may_be_straight(pacing->sock, pacing->size) ? 0 : QUEUED_MAX / 2)
             ? -EAGAIN
             : 0;
    tni_sock_leave(pacing->sock);
    return rc;
}

static bool is_due(struct tn_sock *sock, size_t size)
{
    bool is_straight = sock->pace.is_straight && may_be_straight(sock, size);

    if (!(sock->ops->flags & TN_PATTERN_BALANCES) || sock->options.sndtimeo == 0 ||
        !is_queued(sock, size, is_straight ? 0 : QUEUED_MAX))
        return false;
    if (!sock->pace.to_skip)
        return true;
    sock->pace.to_skip--;
    return false;
}

static void note(struct tn_sock *sock, bool was_in_vain)
{
    if (!was_in_vain)
        sock->pace.skipped = 0;
    else if (!sock->pace.skipped)
        sock->pace.skipped = 1;
    else if (sock->pace.skipped < SKIPPED_MAX)
        sock->pace.skipped *= 2;
    sock->pace.to_skip = sock->pace.skipped;
}

/* Under a lease nobody else waits for room in the kernel. */
static void leave_queue(struct tn_sock *sock)
{
    struct tni_reactor *home = atomic_load(&sock->home);

    if (home)
        tni_network->call(home);
}

static void give_up(void *arg)
{
    struct pacing *pacing = arg;

    leave_queue(pacing->sock);
    tni_lock_take(&pacing->sock->lock);
    pacing->sock->is_pacing = pacing->sock->pace.is_straight = false;
    tni_lock_give(&pacing->sock->lock);
}

/* The message is on its way already: whatever ends the waiting is no failure of the send. */
static void wait_a_little(struct tn_sock *sock, size_t size)
{
    struct pacing pacing = {.sock = sock, .size = size};
    struct tni_wait wait = {.socks = &sock,
                            .sock_count = 1,
                            .timeout = WAIT_MS,
                            .attempt = has_drained,
                            .give_up = give_up,
                            .arg = &pacing};
    uint64_t before = queued(sock);
    int rc;

    tni_sock_pin(sock);
    tni_sock_leave(sock);
    rc = tni_wait(&wait);
    if (rc < 0)
        leave_queue(sock);
    tni_lock_take(&sock->lock);
    sock->is_pacing = false;
    sock->pace.is_straight = rc == 0 && may_be_straight(sock, size);
    if (sock->pace.is_straight)
        sock->pace.sent_ns = tni_clock_ns();
    note(sock, rc == -ETIMEDOUT && queued(sock) + WORTH_WAITING / size >= before);
    tni_lock_give(&sock->lock);
    tni_sock_unpin(sock);
}

void tni_pace_leave(struct tn_sock *sock, size_t size, int flags)
{
    if (!tni_network || size < TNI_PACED_FROM || (flags & TN_DONTWAIT) || !is_due(sock, size)) {
        if (sock->pace.is_straight)
            sock->pace.sent_ns = tni_clock_ns();
        tni_sock_leave(sock);
        return;
    }
    sock->is_pacing = true;
    wait_a_little(sock, size);
}

bool tni_pace_is_straight(struct tn_sock *sock, size_t size, int flags)
{
    if (!tni_network || !sock->pace.is_straight || !may_be_straight(sock, size) ||
        (flags & TN_DONTWAIT) || sock->options.sndtimeo == 0 || sock->pace.to_skip)
        return false;
    sock->pace.is_straight = tni_clock_ns() - sock->pace.sent_ns < PAUSE_NS;
    return sock->pace.is_straight;
}
