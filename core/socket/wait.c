#include "socket/wait.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "base/blocks.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/expect.h"
#include "reactor/poller.h"
#include "socket/ctx.h"
#include "socket/network.h"
#include "socket/socket.h"

/* One socket of a wait. */
struct place {
    struct tni_wait_link in_queue;
    struct tni_reactor *watched; /* its home reactor, when it is ours to watch */
    struct tn_ctx *driven; /* its context, when that has no threads: the waiter runs its loop; once
                            * for each context */
    bool was_served; /* false: somebody else serves it now, and will call us */
    bool
        is_unlooked; /* it was just taken over as it was left, and sleeping on it shows what is there;
                      * or has shown that there is nothing */
    int plain; /* the descriptor of its connection that was slept on, */
    unsigned plain_events; /* and what that showed: 0, or bits of poller.h */
};

struct round {
    const struct tni_wait *wait;
    struct tni_waiter *waiter;
    struct place *places;
    struct pollfd *polls; /* descriptors of the caller, wakefd, reactors */
    uint64_t until; /* ms; UINT64_MAX */
    size_t driven_count; /* places with a context to drive */
    bool has_slept;
    bool was_tried; /* as in `wait`, and not slept since */
    bool has_looked; /* at the only socket's connection, just now */
    bool has_joined;
    void *lent;
    int cancel_state; /* of the thread, which is uncancelled but while it sleeps */
};

/* The reply that a thread waits for is often there already, when it asks one after the other: then taking
 * over the watch and giving it back is spared. */
static int look_first(struct round *round)
{
    const struct tni_wait *wait = round->wait;
    struct tn_sock *sock;
    struct tni_reactor *home;

    if (!tni_network || wait->sock_count != 1 || wait->fd_count || wait->mask)
        return -EAGAIN;
    sock = wait->socks[0];
    home = sock->ctx->io_threads == 1 ? atomic_load(&sock->home) : NULL;
    round->has_looked = home && tni_network->look(home);
    return round->has_looked && tni_sock_has_news(sock) ? wait->attempt(wait->arg) : -EAGAIN;
}

static bool is_driven(const struct round *round, const struct tn_ctx *ctx, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (round->places[i].driven == ctx)
            return true;
    return false;
}

static void find_driven(struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct tn_ctx *ctx = round->wait->socks[i]->ctx;
        bool is_first = tni_network && ctx->io_threads == 0 && !is_driven(round, ctx, i) &&
                        tni_network->step_descriptor(ctx) >= 0;
        round->places[i].driven = is_first ? ctx : NULL;
        round->driven_count += is_first;
    }
}

static void join_all(struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct tn_sock *sock = round->wait->socks[i];
        struct place *place = &round->places[i];
        place->in_queue.waiter = round->waiter;
        tni_link_init(&place->in_queue.link);
        tni_waitq_join(&sock->waitq, &place->in_queue);
        place->watched = NULL;
        place->plain_events = 0;
        atomic_store_explicit(&sock->has_waited, true, memory_order_relaxed);
    }
}

/* A home reactor may appear while we wait (a first connection). */
static void watch_all(struct round *round)
{
    if (!tni_network || round->waiter->wakefd < 0)
        return;
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct tn_sock *sock = round->wait->socks[i];
        struct tni_reactor *home = atomic_load(&sock->home);
        struct place *place = &round->places[i];
        if (!place->watched && home && sock->ctx->io_threads != 0 &&
            tni_network->watch(home, round->waiter)) {
            place->watched = home;
            place->is_unlooked = round->has_looked || tni_network->is_leased(home);
        }
    }
}

static void quit_all(struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct place *place = &round->places[i];
        tni_waitq_quit(&round->wait->socks[i]->waitq, &place->in_queue);
        if (place->watched)
            tni_network->unwatch(place->watched);
    }
}

static bool serve_place(struct place *place)
{
    unsigned events = place->plain_events;
    bool is_unlooked = place->is_unlooked;

    place->plain_events = 0;
    place->is_unlooked = false;
    if (events)
        return tni_network->serve_plain(place->watched, place->plain, events);
    if (TNI_RARELY(is_unlooked) && !tni_network->is_busy(place->watched))
        return true;
    return tni_network->serve(place->watched);
}

static void serve_all(struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct place *place = &round->places[i];
        if (place->driven)
            tni_network->step(place->driven);
        if (place->watched)
            place->was_served = serve_place(place);
    }
}

/* What must be looked at after `asleep` was set, beside the condition itself: work that no descriptor
 * announces, and a server that has left without finding us asleep. */
static bool must_not_sleep(struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct place *place = &round->places[i];
        if (!place->watched)
            continue;
        if (place->was_served ? tni_network->is_busy(place->watched)
                              : !tni_network->is_wanted(place->watched))
            return true;
    }
    return false;
}

/* A pattern's deadline wakes once: it has given its other answer to the attempt before this. */
static uint64_t earliest(const struct round *round)
{
    uint64_t until = round->until;

    for (size_t i = 0; i < round->wait->sock_count; i++) {
        _Atomic(uint64_t) *deadline = &round->wait->socks[i]->deadline;
        uint64_t at = atomic_load_explicit(deadline, memory_order_relaxed);

        if (at == 0 || at >= until)
            continue;
        if (at <= tni_clock_ms())
            atomic_compare_exchange_strong(deadline, &at, 0);
        until = at;
    }
    return until;
}

static int time_left(const struct round *round)
{
    uint64_t until = earliest(round), now;
    int left = -1;

    if (until != UINT64_MAX) {
        now = tni_clock_ms();
        left = now >= until ? 0 : until - now > (uint64_t)INT_MAX ? INT_MAX : (int)(until - now);
    }
    for (size_t i = 0; round->driven_count && i < round->wait->sock_count; i++) {
        struct tn_ctx *driven = round->places[i].driven;
        int deadline = driven ? tni_network->step_deadline(driven) : -1;
        if (deadline >= 0 && (left < 0 || deadline < left))
            left = deadline;
    }
    return left;
}

enum { LONG_SLEEP = 3600 * 1000 };

/* A thread that sleeps without connections may be the only one there is to give memory back. */
static int sleep_and_sweep(struct round *round, uint64_t limit)
{
    bool must_sweep = tni_blocks_are_kept() && limit > TNI_BLOCKS_SWEEP_MS;
    int rc;

    tni_cancel_allow(round->cancel_state);
    rc = tni_waiter_sleep(round->waiter, must_sweep ? (uint64_t)TNI_BLOCKS_SWEEP_MS : limit);
    tni_cancel_forbid_again(round->cancel_state);
    if (must_sweep && rc == -ETIMEDOUT)
        tni_blocks_sweep();
    return rc;
}

/* Who does not see this yet wakes us in vain. */
static void wake_up(struct tni_waiter *waiter)
{
    atomic_store_explicit(&waiter->asleep, TNI_AWAKE, memory_order_release);
}

/* Nothing but a wake-up to wait for: cheaper without a descriptor. */
static TNI_APART int sleep_on_semaphore(struct round *round)
{
    struct tni_waiter *waiter = round->waiter;
    unsigned expected = TNI_ASLEEP;
    int left = time_left(round);
    int rc;

    if (!atomic_compare_exchange_strong(&waiter->asleep, &expected, TNI_ON_SEMAPHORE))
        return 0; /* woken already */
    rc = sleep_and_sweep(round, left < 0 ? LONG_SLEEP : (uint64_t)left);
    wake_up(waiter);
    return rc == -EINTR ? rc : 0;
}

/* Even when no connection is watched. */
static bool has_descriptors_of_its_own(const struct round *round)
{
    return round->wait->fd_count || round->wait->mask || round->driven_count;
}

static bool has_descriptors(const struct round *round)
{
    if (has_descriptors_of_its_own(round))
        return true;
    for (size_t i = 0; i < round->wait->sock_count; i++)
        if (round->places[i].watched && round->places[i].was_served)
            return true;
    return false;
}

/* With a mask the signals that it lets through come in ppoll() alone. */
static int sleep_on_descriptors(struct round *round, nfds_t count)
{
    int left = time_left(round);
    struct timespec limit = {.tv_sec = left / 1000, .tv_nsec = (long)(left % 1000) * 1000000};
    const sigset_t *mask = round->wait->mask;
    int rc;

    round->has_slept = true;
    tni_cancel_allow(round->cancel_state);
    rc = mask ? ppoll(round->polls, count, left < 0 ? NULL : &limit, mask)
              : poll(round->polls, count, left);
    tni_cancel_forbid_again(round->cancel_state);
    return rc;
}

static struct pollfd watched_descriptor(struct place *place)
{
    bool is_plain;
    int fd = tni_network->descriptor(place->watched, &is_plain);

    place->plain = is_plain ? fd : -1;
    return (struct pollfd){.fd = fd, .events = (short)(POLLIN | (is_plain ? POLLRDHUP : 0))};
}

/* The sockets' descriptors are the last ones, in the order of the places. A set that showed nothing need not be
 * asked. */
static void note_what_showed(struct round *round, nfds_t count)
{
    for (size_t i = round->wait->sock_count; i-- > 0;) {
        struct place *place = &round->places[i];
        short shown;
        if (place->watched && place->was_served) {
            shown = round->polls[--count].revents;
            place->is_unlooked = place->plain < 0 && shown == 0;
            if (place->plain >= 0)
                place->plain_events =
                    (shown & POLLIN ? TNI_POLL_IN : 0) |
                    (shown & (POLLRDHUP | POLLHUP | POLLERR) ? TNI_POLL_HANGUP : 0);
        }
        count -= place->driven != NULL;
    }
}

static int sleep_round(struct round *round)
{
    const struct tni_wait *wait = round->wait;
    nfds_t count = 0;
    uint64_t drained;
    int rc;

    if (!has_descriptors(round))
        return sleep_on_semaphore(round);
    for (size_t i = 0; i < wait->fd_count; i++)
        round->polls[count++] = wait->fds[i];
    round->polls[count++] = (struct pollfd){.fd = round->waiter->wakefd, .events = POLLIN};
    for (size_t i = 0; i < wait->sock_count; i++) {
        struct place *place = &round->places[i];
        if (place->driven)
            round->polls[count++] = (struct pollfd){
                .fd = tni_network->step_descriptor(place->driven), .events = POLLIN};
        if (place->watched && place->was_served)
            round->polls[count++] = watched_descriptor(place);
    }
    rc = sleep_on_descriptors(round, count);
    wake_up(round->waiter);
    if (TNI_RARELY(rc < 0))
        return -errno;
    note_what_showed(round, count);
    if (TNI_RARELY(round->polls[wait->fd_count].revents) &&
        read(round->waiter->wakefd, &drained, sizeof drained) < 0) {
        /* Somebody's wake-up of an earlier sleep: as good as none. */
    }
    return 0;
}

/* With a mask not before its signals have had their chance. */
static bool is_over(const struct round *round)
{
    return round->until != UINT64_MAX && (!round->wait->mask || round->has_slept) &&
           tni_clock_ms() >= round->until;
}

/* ------------------------------------------------------------------ spinning */

enum { MISSED_MAX = 255, LOOKS_A_CLOCK = 4 };

static bool has_cores(void)
{
    cpu_set_t ours;

    return sched_getaffinity(0, sizeof ours, &ours) == 0 && CPU_COUNT(&ours) > 1;
}

/* After a spin that was in vain some waits do without, each time twice as many: a program whose peers are
 * slow pays next to nothing. Descriptors of the program's are not looked at while spinning. */
static bool may_spin(struct round *round)
{
    struct tni_waiter *waiter = round->waiter;

    if (!round->wait->spin_us || round->wait->timeout == 0 || round->wait->fd_count ||
        round->wait->mask)
        return false;
    if (waiter->spins_skipped < waiter->spins_missed) {
        waiter->spins_skipped++;
        return false;
    }
    waiter->spins_skipped = 0;
    if (has_cores())
        return true;
    waiter->spins_missed = MISSED_MAX;
    return false;
}

static bool has_news(const struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct tn_sock *sock = round->wait->socks[i];
        if (tni_sock_has_news(sock) || atomic_load(&sock->state) != TNI_SOCK_OPEN)
            return true;
    }
    return false;
}

static void serve_again(struct round *round)
{
    for (size_t i = 0; i < round->wait->sock_count; i++) {
        struct place *place = &round->places[i];
        bool is_plain = false;
        int fd = place->watched ? tni_network->descriptor(place->watched, &is_plain) : -1;
        if (place->driven)
            tni_network->step(place->driven);
        if (is_plain)
            place->was_served = tni_network->serve_plain(place->watched, fd, TNI_POLL_PERHAPS);
        else if (place->watched)
            place->was_served = tni_network->serve(place->watched);
    }
}

/* A partner that answers sooner than a thread falls asleep and wakes up is waited for actively. What the
 * attempt gives. */
static TNI_APART int spin(struct round *round)
{
    struct tni_waiter *waiter = round->waiter;
    uint64_t until = tni_clock_ns() + (uint64_t)round->wait->spin_us * 1000;
    int rc = -EAGAIN;

    for (unsigned looks = 1; looks % LOOKS_A_CLOCK || tni_clock_ns() < until; looks++) {
        if (has_news(round))
            rc = round->wait->attempt(round->wait->arg);
        if (rc != -EAGAIN) {
            waiter->spins_missed = 0;
            return rc;
        }
        serve_again(round);
    }
    waiter->spins_missed =
        waiter->spins_missed < MISSED_MAX ? 2 * waiter->spins_missed + 1 : MISSED_MAX;
    return -EAGAIN;
}

/* Nothing has happened since the attempt that brought us here. */
static bool is_as_it_was(struct round *round)
{
    bool was_tried = round->was_tried;
    struct tn_sock *sock = round->wait->socks[0];

    round->was_tried = false;
    return was_tried && !has_news(round) && atomic_load(&sock->changes) == round->wait->changes &&
           !atomic_load(&sock->ctx->is_shut_down);
}

static int try(struct round *round)
{
    int rc = is_as_it_was(round) ? -EAGAIN : round->wait->attempt(round->wait->arg);

    return rc == -EAGAIN && is_over(round) ? -ETIMEDOUT : rc;
}

static int rounds(struct round *round)
{
    bool is_to_spin = may_spin(round);
    int rc;

    round->was_tried = round->wait->was_tried;
    for (;;) {
        watch_all(round);
        serve_all(round);
        rc = -EAGAIN;
        if (TNI_RARELY(is_to_spin))
            rc = spin(round);
        else if (round->has_slept && has_news(round))
            rc = round->wait->attempt(round->wait->arg);
        is_to_spin = false;
        if (rc != -EAGAIN)
            return rc;
        /* First asleep, then the test: what comes between the two wakes us. */
        atomic_store(&round->waiter->asleep, TNI_ASLEEP);
        rc = try(round);
        if (rc == -EAGAIN && !must_not_sleep(round)) {
            rc = sleep_round(round);
            if (rc == 0)
                continue;
        }
        wake_up(round->waiter);
        if (rc != -EAGAIN)
            return rc;
    }
}

enum { FEW = 8, YIELDS = 6 };

/* A partner within the process that is at work right now announces something sooner than this thread
 * could fall asleep, and is spared waking it. Connections are not waited for like this: serving them
 * is what this thread is about to do. */
static int wait_briefly(const struct tni_wait *wait)
{
    for (size_t i = 0; i < wait->sock_count; i++)
        if (atomic_load(&wait->socks[i]->home))
            return -EAGAIN;
    for (int n = 0; n < YIELDS && wait->timeout != 0; n++) {
        sched_yield();
        for (size_t i = 0; i < wait->sock_count; i++)
            if (tni_sock_has_news(wait->socks[i]))
                return wait->attempt(wait->arg);
    }
    return -EAGAIN;
}

static TNI_RARE int make_room(struct round *round)
{
    const struct tni_wait *wait = round->wait;
    size_t places = wait->sock_count * sizeof *round->places;
    size_t polls = (wait->sock_count + wait->fd_count + 1) * sizeof *round->polls;
    uint8_t *lent = tni_waiter_lend(places + polls);

    if (!lent)
        return tni_fail(-ENOMEM, "waiting for %zu sockets and %zu descriptors: out of memory",
                        wait->sock_count, wait->fd_count);
    round->lent = lent;
    round->places = (struct place *)(void *)lent;
    round->polls = (struct pollfd *)(void *)(lent + places);
    return 0;
}

/* What lies on the stack of who waits. */
struct few {
    struct place places[FEW];
    struct pollfd polls[2 * FEW + 1];
};

static void leave_round(struct round *round)
{
    if (round->has_joined)
        quit_all(round);
    if (TNI_RARELY(round->lent))
        tni_waiter_take_back(round->lent);
}

static int wait_uncancelled(struct round *round)
{
    const struct tni_wait *wait = round->wait;
    int rc = look_first(round);

    if (rc != -EAGAIN)
        return rc;
    round->waiter = tni_waiter_mine();
    if (!round->waiter)
        return tni_error_code();
    round->until = wait->timeout < 0 ? UINT64_MAX : tni_clock_ms() + (uint64_t)wait->timeout;
    if ((wait->sock_count > FEW || wait->fd_count > FEW) && make_room(round) < 0)
        return tni_error_code();
    find_driven(round);
    if (round->waiter->wakefd < 0 && has_descriptors_of_its_own(round))
        return tni_fail(round->waiter->wakefd,
                        "waiting for descriptors: there is none to be woken by: %s",
                        tni_error_name(round->waiter->wakefd));
    join_all(round);
    round->has_joined = true;
    return rounds(round);
}

static TNI_RARE void on_cancel(void *arg)
{
    struct round *round = arg;
    const struct tni_wait *wait = round->wait;

    tni_cancel_unwound();
    if (round->waiter)
        wake_up(round->waiter);
    leave_round(round);
    if (wait->give_up)
        wait->give_up(wait->arg);
    for (size_t i = 0; i < wait->sock_count; i++)
        tni_sock_abandon_wait(wait->socks[i]);
}

static int wait_and_leave(struct round *round)
{
    int rc;

    round->cancel_state = tni_cancel_forbid();
    rc = wait_uncancelled(round);
    leave_round(round);
    tni_cancel_allow(round->cancel_state);
    return rc;
}

static int wait_cancellable(struct round *round)
{
    int rc;

    pthread_cleanup_push(on_cancel, round);
    pthread_testcancel();
    rc = wait_and_leave(round);
    pthread_cleanup_pop(0);
    return rc;
}

int tni_wait(const struct tni_wait *wait)
{
    struct few few;
    struct round round = {.wait = wait, .places = few.places, .polls = few.polls};
    int rc = wait_briefly(wait);

    if (rc != -EAGAIN)
        return rc;
    return TNI_MAY_BE_CANCELLED ? wait_cancellable(&round) : wait_and_leave(&round);
}
