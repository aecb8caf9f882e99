#include "session/limit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <linux/sockios.h>

#include "base/blocks.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "reactor/iothread.h"
#include "session/address.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/host.h"
#include "socket/socket.h"

enum {
    SENTENCE = 240,
    LOG_EVERY_MS = 10 * 1000,
    DESCRIPTORS_LEFT = 64, /* to the program */
    GATES = 2, /* of the address, of the bind */
    IN_LINE = 8192, /* before the gates of a bind */
    STANDSTILL_MS = 1000, /* nobody finishes a handshake: then nobody waits for that */
    LOOK_AGAIN_MS = 10,
    FEW_REQUESTS = 128, /* that wait: then bytes are counted anew */
    FRAMES_IN_MESSAGE = 16, /* of the greatest size, unless "max_message_bytes" is set */
};

/* ------------------------------------------------------------------ telling */

static const char *const names[] = {
    [TNI_LIMIT_HANDSHAKE] = "handshake_ivl",
    [TNI_LIMIT_HALF_OPEN] = "max_half_open",
    [TNI_LIMIT_HALF_OPEN_PER_ADDRESS] = "max_half_open_per_address",
    [TNI_LIMIT_PER_ADDRESS] = "max_connections_per_address",
    [TNI_LIMIT_CONNECTIONS] = "max_connections",
    [TNI_LIMIT_FRAME] = "maxmsgsize",
    [TNI_LIMIT_PARTS] = "max_parts",
    [TNI_LIMIT_MESSAGE] = "max_message_bytes",
    [TNI_LIMIT_STALL] = "stall_timeout",
    [TNI_LIMIT_SUBSCRIPTIONS] = "max_subscriptions",
    [TNI_LIMIT_SUBSCRIPTION_BYTES] = "max_subscription_bytes",
    [TNI_LIMIT_PINGS] = "max_pings",
    [TNI_LIMIT_MEMORY] = "max_memory",
};

static void log_it(const struct tni_session *session, enum tni_limit limit, const char *sentence)
{
    struct tni_limit_log *log = &session->config->limit_log;
    unsigned struck = atomic_fetch_add(&log->struck[limit], 1) + 1;
    uint_fast64_t last = atomic_load(&log->logged_at[limit]);
    uint64_t now = tni_clock_ms();

    /* Of several threads one writes. */
    if ((last && now - last < LOG_EVERY_MS) ||
        !atomic_compare_exchange_strong(&log->logged_at[limit], &last, now))
        return;
    atomic_fetch_sub(&log->struck[limit], struck);
    tni_log(TN_LOG_WARN, "limit", "%s, peer %s: %s; %u since the last such line",
            session->config->text, session->stack.remote ? session->stack.remote : "unknown",
            sentence, struck);
}

int tni_limit_struck(const struct tni_session *session, enum tni_limit limit, int code,
                     const char *format, ...)
{
    char sentence[SENTENCE];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    tni_fail(code, "%s ('%s')", sentence, names[limit]);
    log_it(session, limit, tni_error_text());
    return code;
}

/* ------------------------------------------------------------------ how many */

/* Descriptors are given out from the lowest on: one that is high says that many are in use, whoever
 * uses them. */
static int check_descriptors(const struct tni_session *session)
{
    struct rlimit limit;
    rlim_t kept = DESCRIPTORS_LEFT;
    int fd = tni_stack_fd(&session->stack);

    if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return 0;
    if (kept > limit.rlim_cur / 2)
        kept = limit.rlim_cur / 2;
    if ((rlim_t)fd < limit.rlim_cur - kept)
        return 0;
    return tni_limit_struck(session, TNI_LIMIT_CONNECTIONS, -EUSERS,
                            "all but %d of the process's %llu descriptors are in use: one more "
                            "peer is closed",
                            (int)kept, (unsigned long long)limit.rlim_cur);
}

static int check_connections(struct tni_session *session)
{
    struct tn_ctx *ctx = session->config->sock->ctx;
    unsigned before = atomic_fetch_add(&ctx->accepted, 1);

    session->is_counted = true;
    if (ctx->max_connections == 0)
        return check_descriptors(session);
    if (before < (unsigned)ctx->max_connections)
        return 0;
    return tni_limit_struck(session, TNI_LIMIT_CONNECTIONS, -EUSERS,
                            "the context has %d accepted connections: one more is closed",
                            ctx->max_connections);
}

static int check_address(struct tni_session *session)
{
    const struct tni_options *options = &session->config->options;
    unsigned all = (unsigned)options->max_connections_per_address;
    unsigned now;
    int rc;

    if ((all == 0 && options->max_half_open_per_address == 0) || !session->stack.remote)
        return 0;
    rc = tni_addresses_enter(&session->config->addresses, session->stack.remote, &session->address,
                             &now);
    if (rc < 0 || !session->address)
        return rc;
    if (all && now > all)
        return tni_limit_struck(session, TNI_LIMIT_PER_ADDRESS, -EUSERS,
                                "%u connections came from that address: one more is closed", all);
    return 0;
}

/* ------------------------------------------------------------------ half-open: in turn */

static void call(struct tni_link *place)
{
    tni_session_post(tni_container(place, struct tni_session, place), TNI_SESSION_CALLED);
}

void tni_limit_init(struct tni_config *config, const struct tni_options *options)
{
    tni_gate_init(&config->gate, (unsigned)options->max_half_open, call);
    tni_addresses_init(&config->addresses, tni_host_random(),
                       (unsigned)options->max_half_open_per_address, call);
}

void tni_limit_fini(struct tni_config *config)
{
    tni_gate_fini(&config->gate);
    tni_addresses_fini(&config->addresses);
}

static int turn_away(const struct tni_session *session, const char *why)
{
    const struct tni_config *config = session->config;

    if (session->waits_at == &config->gate)
        return tni_limit_struck(session, TNI_LIMIT_HALF_OPEN, -EUSERS,
                                "%d peers are in their handshake, and %s: one more is closed",
                                config->options.max_half_open, why);
    return tni_limit_struck(session, TNI_LIMIT_HALF_OPEN_PER_ADDRESS, -EUSERS,
                            "%d peers of that address are in their handshake, and %s: one more is "
                            "closed",
                            config->options.max_half_open_per_address, why);
}

/* Who stands in line has said nothing yet: it must not take from others what they need to get in at all. */
static bool has_room_in_line(const struct tni_session *session, unsigned before)
{
    const struct tn_ctx *ctx = session->config->sock->ctx;
    struct rlimit limit;
    int fd = tni_stack_fd(&session->stack);

    if (before >= IN_LINE || (ctx->max_connections && before >= (unsigned)ctx->max_connections / 2))
        return false;
    return fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
           (rlim_t)fd < limit.rlim_cur / 2;
}

static int stand_in_line(struct tni_session *session, struct tni_gate *gate)
{
    int most = session->config->options.handshake_ivl;

    session->waits_at = gate;
    if (!has_room_in_line(session, atomic_fetch_add(&session->config->in_line, 1)))
        return turn_away(session, "too many wait");
    session->handshake_by = UINT64_MAX;
    if (most > 0)
        session->handshake_by = tni_session_in_ms(most < STANDSTILL_MS ? most : STANDSTILL_MS);
    tni_session_schedule(session);
    return TNI_LIMIT_WAIT;
}

static struct tni_gate *gate_of(struct tni_session *session, unsigned number)
{
    if (number > 0)
        return &session->config->gate;
    return session->address ? &session->address->gate : NULL;
}

static int go_through(struct tni_session *session)
{
    for (; session->gates < GATES; session->gates++) {
        struct tni_gate *gate = gate_of(session, session->gates);
        if (gate && !tni_gate_enter(gate, &session->place))
            return stand_in_line(session, gate);
    }
    return 0;
}

static void leave_line(struct tni_session *session)
{
    session->waits_at = NULL;
    atomic_fetch_sub(&session->config->in_line, 1);
}

int tni_limit_admit(struct tni_session *session)
{
    int rc = check_connections(session);

    if (rc == 0)
        rc = check_address(session);
    return rc < 0 ? rc : go_through(session);
}

int tni_limit_called(struct tni_session *session)
{
    leave_line(session);
    session->gates++;
    return go_through(session);
}

int tni_limit_wait_is_over(struct tni_session *session)
{
    uint64_t by = tni_gate_passed_at(session->waits_at) + STANDSTILL_MS;

    if (by <= tni_clock_ms())
        return turn_away(session, "none gets on");
    session->handshake_by = by;
    tni_session_schedule(session);
    return 0;
}

void tni_limit_not_half_open(struct tni_session *session, bool has_passed)
{
    if (session->waits_at) {
        tni_gate_quit(session->waits_at, &session->place);
        leave_line(session);
    }
    while (session->gates > 0) {
        struct tni_gate *gate = gate_of(session, --session->gates);
        if (gate)
            tni_gate_leave(gate, has_passed);
    }
}

void tni_limit_forget(struct tni_session *session)
{
    tni_limit_not_half_open(session, false);
    if (session->address)
        tni_addresses_leave(&session->config->addresses, session->address);
    session->address = NULL;
    if (session->is_counted)
        atomic_fetch_sub(&session->config->sock->ctx->accepted, 1);
    session->is_counted = false;
}

/* ------------------------------------------------------------------ how much, how long */

int tni_limit_ping(struct tni_session *session, uint64_t now)
{
    enum { WINDOW_MS = 1000 };
    int most = session->config->options.max_pings;

    if (now - session->pings_since >= WINDOW_MS) {
        session->pings_since = now;
        session->pings = 0;
    }
    if (most == 0 || ++session->pings <= (unsigned)most)
        return 0;
    return tni_limit_struck(session, TNI_LIMIT_PINGS, -EUSERS,
                            "the peer sent more than %d heartbeats within a second", most);
}

int tni_limit_request(struct tni_session *session, size_t size)
{
    const struct tni_options *options = &session->config->options;
    uint64_t waiting = tni_chain_length(tni_session_in(session));

    if (waiting < FEW_REQUESTS)
        session->request_bytes = 0;
    session->request_bytes += size;
    if (options->max_subscriptions && waiting > 2 * (uint64_t)options->max_subscriptions)
        return tni_limit_struck(session, TNI_LIMIT_SUBSCRIPTIONS, -EDQUOT,
                                "%llu subscriptions and cancellations of the peer wait",
                                (unsigned long long)waiting);
    if (options->max_subscription_bytes &&
        session->request_bytes / 2 > (uint64_t)options->max_subscription_bytes)
        return tni_limit_struck(session, TNI_LIMIT_SUBSCRIPTION_BYTES, -EDQUOT,
                                "subscriptions and cancellations of %llu bytes of the peer wait",
                                (unsigned long long)session->request_bytes);
    return 0;
}

/* Of what it has sent since nothing of it waited, the part of the messages that wait. */
static uint64_t unread_of(struct tni_session *session)
{
    struct tni_chain *in = tni_session_in(session);
    uint64_t waiting = tni_chain_length(in);
    uint64_t produced = atomic_load_explicit(&in->produced, memory_order_relaxed);

    if (waiting == 0) {
        session->unread.bytes = 0;
        session->unread.since = produced;
        return 0;
    }
    if (produced - session->unread.since <= waiting)
        return session->unread.bytes;
    return (uint64_t)((double)session->unread.bytes * (double)waiting /
                      (double)(produced - session->unread.since));
}

static void tell_of_memory(const struct tni_session *session, size_t used, int64_t most)
{
    char sentence[SENTENCE];

    snprintf(sentence, sizeof sentence,
             "messages take %zu bytes of the process, %lld are allowed: the peer is not read until "
             "they are fewer ('%s')",
             used, (long long)most, names[TNI_LIMIT_MEMORY]);
    log_it(session, TNI_LIMIT_MEMORY, sentence);
}

bool tni_limit_holds(struct tni_session *session)
{
    const struct tn_ctx *ctx = session->config->sock->ctx;
    unsigned load;
    uint64_t unread;
    size_t used;

    if (ctx->max_memory == 0 || session->state != TNI_SESSION_UP || session->is_stopping)
        return false;
    unread = unread_of(session);
    used = tni_blocks_used();
    load = (unsigned)atomic_load(&session->member.reactor->thread->load);
    if (load == 0)
        load = 1;
    if (unread == 0 || used <= (uint64_t)ctx->max_memory ||
        unread < (uint64_t)ctx->max_memory / load) {
        session->is_held = false;
        return false;
    }
    if (!session->is_held)
        tell_of_memory(session, used, ctx->max_memory);
    session->is_held = true;
    session->look_at = tni_session_in_ms(LOOK_AGAIN_MS);
    return true;
}

uint64_t tni_limit_message_bytes(const struct tni_session *session)
{
    const struct tni_options *options = &session->config->options;

    if (options->max_message_bytes > 0)
        return (uint64_t)options->max_message_bytes;
    if (options->max_message_bytes < 0 || options->maxmsgsize < 0 ||
        options->maxmsgsize > INT64_MAX / FRAMES_IN_MESSAGE)
        return UINT64_MAX;
    return (uint64_t)options->maxmsgsize * FRAMES_IN_MESSAGE;
}

/* Bytes that the kernel still holds for the peer; -1: it does not say. */
static int64_t queue_of(const struct tni_session *session)
{
    int bytes;

    return ioctl(tni_stack_fd(&session->stack), SIOCOUTQ, &bytes) < 0 ? -1 : bytes;
}

void tni_limit_stalled(struct tni_session *session)
{
    int limit = session->config->options.stall_timeout;

    if (limit == 0 || session->stall_by != UINT64_MAX)
        return;
    session->stall_queue = -1;
    session->stall_by = tni_session_in_ms((limit + 1) / 2);
}

int tni_limit_stall_is_over(struct tni_session *session)
{
    int limit = session->config->options.stall_timeout;
    int64_t before = session->stall_queue;

    session->stall_queue = queue_of(session);
    if (before < 0 || session->stall_queue < before) {
        session->stall_by = tni_session_in_ms(limit - limit / 2);
        tni_session_schedule(session);
        return 0;
    }
    session->stall_by = UINT64_MAX;
    /* What is still sent after the end has a limit of its own, "linger". */
    if (session->is_stopping)
        return 0;
    return tni_limit_struck(session, TNI_LIMIT_STALL, -ETIMEDOUT,
                            "the peer has taken nothing for %d ms",
                            session->config->options.stall_timeout);
}
