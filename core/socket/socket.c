#include "socket/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/futex.h"
#include "base/memory.h"
#include "message/body.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/hand_over.h"
#include "socket/network.h"
#include "socket/pattern_options.h"
#include "socket/signals.h"
#include "socket/turn.h"

/* ------------------------------------------------------------------ opening */

static void sock_init(struct tn_sock *sock, struct tn_ctx *ctx, const struct tni_feature *pattern)
{
    sock->pins = 0;
    sock->ctx = ctx;
    atomic_store_explicit(&sock->fork_generation, tni_fork_generation(), memory_order_relaxed);
    tni_link_init(&sock->ctx_link);
    sock->pattern = pattern;
    sock->ops = &pattern->ops.pattern;
    sock->ask = NULL;
    sock->ask_arg = NULL;
    tni_store_init(&sock->module_options);
    tni_store_init(&sock->pattern_options);
    tni_link_init(&sock->endpoints);
    sock->last_endpoint[0] = '\0';
    sock->unsent[0] = '\0';
    sock->has_unsent = false;
    tni_link_init(&sock->pipes);
    tni_link_init(&sock->attention);
    tni_counters_init(&sock->counters);
    tni_fair_queue_init(&sock->fair);
    tni_load_balancer_init(&sock->balance, sock->counters.dropped);
    tni_fan_out_init(&sock->fan, sock->counters.dropped);
    sock->sending.is_taken = sock->receiving.is_taken = false;
    sock->sending.is_left = sock->receiving.is_left = false;
    sock->rcvmore = sock->is_raw = false;
    sock->unlooked = sock->since_asked = 0;
    sock->reading = NULL;
    atomic_store(&sock->signal_in.is_raised, false);
    atomic_store(&sock->signal_out.is_raised, false);
    atomic_store(&sock->signal_any.is_raised, false);
    atomic_store(&sock->has_signals, false);
    sock->has_levels = false;
    tni_link_init(&sock->reactors);
    atomic_store(&sock->home, NULL);
    sock->touched = NULL;
    sock->touched_items = 0;
    sock->streaming = NULL;
    sock->streamed_turns = 0;
    sock->streamed_bytes = 0;
    sock->turn_bytes = 0;
    sock->is_urgent = sock->is_gathering = sock->is_resumed = false;
    atomic_init(&sock->has_waited, true);
    sock->last_direct_ns = 0;
    sock->pace.skipped = sock->pace.to_skip = 0;
    sock->pace.is_straight = false;
    sock->is_pacing = false;
    atomic_store(&sock->linger_ms, -1);
    atomic_store(&sock->live, 1);
    tni_monitor_hub_init(&sock->monitors);
}

static void sock_fini(struct tn_sock *sock)
{
    tni_monitor_hub_fini(&sock->monitors);
    tni_fair_queue_fini(&sock->fair);
    tni_fan_out_shrink(&sock->fan);
    tni_store_fini(&sock->module_options);
    tni_store_fini(&sock->pattern_options);
    tni_options_fini(&sock->options);
    tni_free(sock->pattern_state);
    sock->pattern_state = NULL;
}

int tni_sock_new(struct tn_ctx *ctx, const struct tni_feature *pattern, tn_socket_t **out_socket)
{
    struct tn_sock *sock = tni_slab_take();
    int rc = -ENOMEM;

    if (!sock)
        return tni_fail(-ENOMEM, "socket '%s': out of memory", pattern->name);
    tni_lock_take(&sock->lock);
    sock_init(sock, ctx, pattern);
    if (tni_options_copy(&sock->options, &ctx->socket_options) < 0)
        goto fail;
    sock->pattern_state = tni_calloc_aligned(sock->ops->socket_state + 1);
    if (!sock->pattern_state) {
        tni_fail(-ENOMEM, "socket '%s': out of memory", pattern->name);
        goto fail;
    }
    rc = sock->ops->open(sock->pattern_state, sock, &ctx->host);
    if (rc < 0) {
        tni_fail(rc, "socket '%s': %s", pattern->name, tni_error_name(rc));
        goto fail;
    }
    rc = tni_pattern_options_begin(sock);
    if (rc < 0) {
        tni_fail_context(rc, "socket '%s', a default of 'plugins.d'", pattern->name);
        sock->ops->close(sock->pattern_state);
        goto fail;
    }
    atomic_store(&sock->state, TNI_SOCK_OPEN);
    *out_socket = tni_slab_handle(sock);
    tni_lock_give(&sock->lock);
    return 0;

fail:
    sock_fini(sock);
    tni_lock_give(&sock->lock);
    tni_slab_give(sock);
    return rc;
}

struct tn_sock *tni_sock_of(tn_socket_t *socket)
{
    return tni_slab_slot(socket);
}

/* ------------------------------------------------------------------ turns */

int tni_sock_check(struct tn_sock *sock)
{
    if (atomic_load_explicit(&sock->state, memory_order_acquire) != TNI_SOCK_OPEN)
        return -TN_ECLOSED;
    if (atomic_load_explicit(&sock->ctx->is_shut_down, memory_order_acquire))
        return -TN_ETERM;
    return 0;
}

/* Without the lock, which may be held for ever in a child. */
static bool is_of_parent(struct tn_sock *sock)
{
    return atomic_load_explicit(&sock->fork_generation, memory_order_relaxed) !=
           tni_fork_generation();
}

struct tn_sock *tni_sock_enter_any(tn_socket_t *socket)
{
    struct tn_sock *sock = tni_slab_slot(socket);

    if (!sock) {
        tni_fail(-TN_ECLOSED, "this is no socket");
        return NULL;
    }
    if (is_of_parent(sock)) {
        tni_fail(-TN_EFORKED, "the socket belongs to the parent process: open one of your own");
        return NULL;
    }
    tni_lock_take(&sock->lock);
    if (atomic_load_explicit(&sock->generation, memory_order_relaxed) !=
            tni_slab_generation(socket) ||
        atomic_load_explicit(&sock->state, memory_order_relaxed) != TNI_SOCK_OPEN) {
        tni_lock_give(&sock->lock);
        tni_fail(-TN_ECLOSED, "the socket is closed");
        return NULL;
    }
    tni_graveyard_open();
    sock->reading = NULL;
    return sock;
}

struct tn_sock *tni_sock_enter(tn_socket_t *socket)
{
    struct tn_sock *sock = tni_sock_enter_any(socket);

    if (sock && atomic_load_explicit(&sock->ctx->is_shut_down, memory_order_relaxed)) {
        tni_fail_code(-TN_ETERM);
        tni_sock_leave(sock);
        return NULL;
    }
    return sock;
}

int tni_sock_reenter(struct tn_sock *sock)
{
    int rc;

    tni_lock_take(&sock->lock);
    rc = tni_sock_check(sock);
    if (rc < 0) {
        tni_lock_give(&sock->lock);
        return rc;
    }
    tni_graveyard_open();
    sock->reading = NULL;
    return 0;
}

void tni_sock_pin(struct tn_sock *sock)
{
    sock->pins++;
}

static void unpin_locked(struct tn_sock *sock)
{
    if (--sock->pins || atomic_load_explicit(&sock->state, memory_order_relaxed) == TNI_SOCK_OPEN)
        return;
    atomic_fetch_add(&sock->calm, 1);
    tni_futex_wake(&sock->calm);
}

/* Waits until nobody has it pinned; the lock is given back meanwhile. */
static void await_calm(struct tn_sock *sock)
{
    enum { A_WHILE = 1000 /* ms */ };

    while (sock->pins) {
        unsigned before = atomic_load(&sock->calm);
        tni_lock_give(&sock->lock);
        tni_futex_wait(&sock->calm, before, A_WHILE);
        tni_lock_take(&sock->lock);
    }
}

void tni_sock_unpin(struct tn_sock *sock)
{
    tni_lock_take(&sock->lock);
    unpin_locked(sock);
    tni_lock_give(&sock->lock);
}

static bool leave_claim(struct tni_claim *claim)
{
    bool is_mine = claim->is_taken && pthread_equal(claim->owner, pthread_self());

    claim->is_left = claim->is_left || is_mine;
    return is_mine;
}

void tni_sock_abandon_wait(struct tn_sock *sock)
{
    tni_lock_take(&sock->lock);
    if (leave_claim(&sock->sending) | leave_claim(&sock->receiving))
        tni_sock_notify(sock);
    unpin_locked(sock);
    tni_lock_give(&sock->lock);
}

/* Counted before it is taken: who finds `events` empty afterwards sees that, too. Others may count at the
 * same time; together it is more than it was. */
static void count_change(struct tn_sock *sock)
{
    atomic_store_explicit(&sock->changes,
                          atomic_load_explicit(&sock->changes, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

bool tni_sock_take_data(struct tn_sock *sock)
{
    struct tni_link *only = sock->pipes.next;

    if (!atomic_load(&sock->has_data) || !tni_mpsc_is_empty(&sock->events) ||
        !tni_list_is_empty(&sock->attention) || only == &sock->pipes || only != sock->pipes.prev)
        return false;
    count_change(sock);
    atomic_exchange(&sock->has_data, false);
    tni_pipe_attend(tni_container(only, struct tn_pipe, link));
    return true;
}

void tni_sock_drain(struct tn_sock *sock)
{
    struct tni_mpsc_item *item;

    if (!tni_sock_has_news(sock))
        return;
    count_change(sock);
    if (tni_network && atomic_load(&sock->has_data) && atomic_exchange(&sock->has_data, false))
        tni_list_each (link, &sock->pipes)
            tni_pipe_on_event(tni_container(link, struct tn_pipe, link), TNI_WAKE_DATA);
    item = tni_mpsc_take_all(&sock->events);
    while (item) {
        struct tni_mpsc_item *next = item->next;
        unsigned bits = tni_mpsc_collect(item);
        tni_pipe_on_event(tni_container(item, struct tn_pipe, item), bits);
        tni_pipe_unref(tni_container(item, struct tn_pipe, item)); /* the queue's */
        item = next;
    }
}

bool tni_sock_settle(struct tn_sock *sock)
{
    bool did_something = false;

    while (!tni_list_is_empty(&sock->attention)) {
        struct tni_link *link = sock->attention.next;
        tni_link_remove(link);
        tni_pipe_attend(tni_container(link, struct tn_pipe, attention));
        did_something = true;
    }
    return did_something;
}

unsigned tni_sock_events(struct tn_sock *sock)
{
    unsigned events;

    tni_fan_out_flush(&sock->fan);
    do {
        tni_sock_drain(sock);
        tni_sock_settle(sock);
        events = sock->ops->poll(sock->pattern_state);
    } while (!tni_list_is_empty(&sock->attention));
    return events;
}

void tni_sock_leave(struct tn_sock *sock)
{
    struct tni_reactor *reactor;

    tni_sock_settle(sock);
    if (!sock->is_gathering)
        tni_fan_out_flush(&sock->fan);
    sock->is_gathering = false;
    if (sock->has_levels)
        tni_signals_update(sock);
    reactor = tni_network && sock->streaming ? tni_sock_hand_over(sock) : NULL;
    if (reactor) {
        sock->pins++;
        tni_lock_give(&sock->lock);
        tni_network->serve_posted(reactor);
        tni_lock_take(&sock->lock);
        tni_sock_note_served(sock);
        unpin_locked(sock);
        tni_lock_give(&sock->lock);
        tni_graveyard_close(); /* the program's functions may close the socket */
        return;
    }
    tni_lock_give(&sock->lock);
    tni_graveyard_close();
}

/* ------------------------------------------------------------------ closing */

/* For whoever waits for the end of the context. */
static void note_unsent(struct tn_sock *sock)
{
    struct tn_pipe *most = NULL;
    uint64_t messages = 0, of_most = 0;
    unsigned peers = 0;

    tni_list_each (link, &sock->pipes) {
        struct tn_pipe *pipe = tni_container(link, struct tn_pipe, link);
        uint64_t length = tni_chain_length(tni_pipe_out(pipe));
        messages += length;
        peers += length > 0;
        if (length > of_most) {
            of_most = length;
            most = pipe;
        }
    }
    pthread_mutex_lock(&sock->ctx->lock);
    snprintf(sock->unsent, sizeof sock->unsent, "%llu messages for %u peers%s%s",
             (unsigned long long)messages, peers, most ? ", most for " : "",
             most ? most->endpoint : "");
    sock->has_unsent = messages > 0;
    pthread_mutex_unlock(&sock->ctx->lock);
}

static void close_pipes(struct tn_sock *sock)
{
    tni_sock_drain(sock);
    while (!tni_list_is_empty(&sock->pipes)) {
        struct tn_pipe *pipe = tni_container(sock->pipes.next, struct tn_pipe, link);
        tni_count_drop(&sock->counters, TN_DROP_UNREAD, tni_chain_length(tni_pipe_in(pipe)));
        tni_pipe_detach(pipe);
    }
}

static void reap(struct tn_sock *sock)
{
    struct tn_ctx *ctx = sock->ctx;

    tni_lock_take(&sock->lock);
    close_pipes(sock);
    sock_fini(sock);
    atomic_store(&sock->state, TNI_SOCK_FREE);
    tni_lock_give(&sock->lock);
    if (tni_network)
        tni_network->release(sock);
    tni_ctx_forget(ctx, &sock->ctx_link);
    tni_slab_give(sock);
}

void tni_sock_live_down(struct tn_sock *sock)
{
    if (atomic_fetch_sub(&sock->live, 1) == 1)
        reap(sock);
}

/* In a child only the descriptors are closed: the parent's threads are not here, and its locks may be
 * held for ever. */
static int abandon(struct tn_sock *sock, unsigned generation)
{
    if (atomic_load(&sock->generation) != generation || atomic_load(&sock->state) != TNI_SOCK_OPEN)
        return tni_fail(-TN_ECLOSED, "the socket is closed");
    atomic_store(&sock->state, TNI_SOCK_CLOSING);
    tni_signals_close(sock);
    if (tni_network)
        tni_network->abandon(sock);
    return 0;
}

int tn_close(tn_socket_t *socket)
{
    struct tn_sock *sock = tni_slab_slot(socket);
    TNI_UNCANCELLED;

    if (sock && is_of_parent(sock))
        return abandon(sock, tni_slab_generation(socket));
    sock = tni_sock_enter_any(socket);
    if (!sock)
        return tni_error_code();
    atomic_store(&sock->linger_ms, sock->options.linger);
    atomic_store(&sock->generation, (tni_slab_generation(socket) + 1) % TNI_SOCK_GENERATIONS);
    atomic_store(&sock->state, TNI_SOCK_CLOSING);
    tni_sock_notify(sock);
    await_calm(sock);
    tni_fan_out_flush(&sock->fan);
    note_unsent(sock);
    while (!tni_list_is_empty(&sock->endpoints))
        tni_endpoint_end(tni_container(sock->endpoints.next, struct tn_endpoint, link));
    close_pipes(sock);
    sock->ops->close(sock->pattern_state);
    tni_signals_end(sock);
    sock->touched = sock->streaming = NULL;
    tni_lock_give(&sock->lock);
    tni_graveyard_close();
    tni_monitor_hub_stop(&sock->monitors);
    if (tni_network)
        tni_network->close(sock);
    tni_sock_live_down(sock);
    return 0;
}
