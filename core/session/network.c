#include "session/network.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipe/pipe.h"
#include "reactor/iothread.h"
#include "reactor/reactor.h"
#include "session/asker.h"
#include "session/core_module.h"
#include "session/handshake.h"
#include "session/listener.h"
#include "session/question.h"
#include "session/resolver.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/module_sockets.h"
#include "socket/network.h"
#include "socket/socket.h"

/* ------------------------------------------------------------------ threads */

static int start_threads(struct tn_ctx *ctx)
{
    int count = ctx->io_threads ? ctx->io_threads : 1;
    struct tni_iothread *thread;
    int rc = 0;

    for (int i = 0; rc == 0 && i < count; i++) {
        if (atomic_load(&ctx->threads[i]))
            continue;
        rc = tni_iothread_new(ctx, (unsigned)i, ctx->io_threads > 0, &thread);
        if (rc == 0)
            atomic_store(&ctx->threads[i], thread);
    }
    return rc;
}

struct tni_iothread *tni_network_thread(struct tn_ctx *ctx, uint64_t affinity)
{
    struct tni_iothread *best = NULL;
    int rc;

    pthread_mutex_lock(&ctx->lock);
    rc = start_threads(ctx);
    for (int i = 0; rc == 0 && i < TNI_IO_THREADS_MAX && ctx->threads[i]; i++) {
        struct tni_iothread *thread = ctx->threads[i];
        if (affinity && !(affinity >> i & 1))
            continue;
        if (!best || atomic_load(&thread->load) < atomic_load(&best->load))
            best = thread;
    }
    if (rc == 0 && !best)
        tni_fail(-EINVAL, "option 'affinity' allows none of the context's %d I/O threads",
                 ctx->io_threads);
    pthread_mutex_unlock(&ctx->lock);
    return best;
}

/* ------------------------------------------------------------------ reactors */

/* Guards every socket's list of reactors: it is looked into once a connection. */
static pthread_mutex_t reactors_lock = PTHREAD_MUTEX_INITIALIZER;

struct tni_reactor *tni_network_reactor(struct tn_sock *sock, struct tni_iothread *thread)
{
    struct tni_reactor *found = NULL;

    pthread_mutex_lock(&reactors_lock);
    tni_list_each (link, &sock->reactors) {
        struct tni_reactor *reactor = tni_container(link, struct tni_reactor, link);
        if (reactor->thread == thread)
            found = reactor;
    }
    if (!found) {
        found = tni_reactor_new(sock, thread);
        if (found) {
            tni_list_append(&sock->reactors, &found->link);
            if (!atomic_load(&sock->home))
                atomic_store(&sock->home, found);
        }
    }
    pthread_mutex_unlock(&reactors_lock);
    return found;
}

static void release(struct tn_sock *sock)
{
    pthread_mutex_lock(&reactors_lock);
    atomic_store(&sock->home, NULL);
    tni_list_each_safe (link, &sock->reactors) {
        tni_link_remove(link);
        tni_reactor_free(tni_container(link, struct tni_reactor, link));
    }
    pthread_mutex_unlock(&reactors_lock);
}

/* ------------------------------------------------------------------ endpoints */

static bool is_datagram(const struct tn_endpoint *endpoint)
{
    return endpoint->scheme.layer[0]->ops.transport.shape == TN_SHAPE_DATAGRAM;
}

/* A connecting endpoint has its pipe at once, and may queue; unless "immediate" says otherwise. */
static int give_pipe(struct tn_endpoint *endpoint, struct tni_session *session)
{
    struct tn_pipe *pipe = tni_session_open_pipe(session);

    if (!pipe)
        return tni_error_code();
    atomic_fetch_add(&pipe->refs, 1); /* the endpoint's */
    endpoint->pipe = pipe;
    return tni_pipe_adopt(pipe);
}

static int make_session(struct tn_endpoint *endpoint, struct tni_session **out_session)
{
    struct tn_sock *sock = endpoint->sock;
    struct tni_iothread *thread = tni_network_thread(sock->ctx, endpoint->options.affinity);
    struct tni_reactor *reactor = thread ? tni_network_reactor(sock, thread) : NULL;
    struct tni_config *config;
    int rc = reactor ? tni_config_new(endpoint, &config) : tni_error_code();

    if (rc < 0)
        return rc;
    *out_session = tni_session_new(reactor, config);
    tni_config_unref(config); /* the session has its own reference */
    return *out_session ? 0 : -ENOMEM;
}

/* Of a connect, or of a bind that has no listener because nobody connects to it. */
static int start_session(struct tn_endpoint *endpoint)
{
    bool is_bind = endpoint->role == TN_ROLE_BIND;
    struct tni_session *session;
    int rc;

    if (is_datagram(endpoint) && !tni_datagrams)
        return tni_fail(-ENOTSUP, "endpoint '%s': this program was linked without datagrams",
                        endpoint->text);
    rc = make_session(endpoint, &session);
    if (rc < 0)
        return rc;
    /* Until it is started it hears nothing: a pipe that is refused would tell it of its end. */
    atomic_store(&session->has_ended, true);
    if (session->kind->check)
        rc = session->kind->check(session);
    if (rc == 0 && is_bind)
        rc = session->kind->bind(session, endpoint);
    if (rc == 0 && (is_bind || !endpoint->options.immediate))
        rc = give_pipe(endpoint, session);
    if (rc < 0) {
        if (session->duplex)
            tni_duplex_close(session->duplex, 1);
        tni_session_discard(session);
        return rc;
    }
    atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed); /* the endpoint's */
    endpoint->session = session;
    atomic_store(&session->has_ended, false);
    tni_session_post(session, TNI_SESSION_START);
    return 0;
}

static int network_connect(struct tn_endpoint *endpoint)
{
    return start_session(endpoint);
}

static int network_bind(struct tn_endpoint *endpoint)
{
    struct tni_iothread *thread;

    if (is_datagram(endpoint))
        return start_session(endpoint);
    thread = tni_network_thread(endpoint->sock->ctx, endpoint->options.affinity);
    return thread ? tni_listener_open(endpoint, thread, &endpoint->listener) : tni_error_code();
}

static int network_check(struct tn_endpoint *endpoint)
{
    struct tni_config *config;
    int rc = tni_config_new(endpoint, &config);

    if (rc == 0)
        tni_config_unref(config);
    return rc;
}

static void network_stop(struct tn_endpoint *endpoint)
{
    if (endpoint->listener)
        tni_listener_close(endpoint->listener);
    if (endpoint->session) {
        if (endpoint->role == TN_ROLE_BIND)
            tni_config_event(endpoint->session->config, TN_EVENT_CLOSED, 0, -1);
        tni_session_post(endpoint->session, TNI_SESSION_STOP);
        tni_session_unref(endpoint->session);
    }
    endpoint->listener = NULL;
    endpoint->session = NULL;
}

/* ------------------------------------------------------------------ the end of a socket */

/* Runs in each reactor of a socket that was closed: what the socket never saw has nobody to tell. */
static void stop_sessions(struct tni_reactor *reactor)
{
    reactor->is_stopping = true;
    tni_list_each_safe (link, &reactor->sessions) {
        struct tni_member *member = tni_container(link, struct tni_member, link);
        struct tni_session *session = (struct tni_session *)(void *)member;
        tni_session_post(session, TNI_SESSION_CLOSE);
    }
}

static void network_close(struct tn_sock *sock)
{
    struct tni_reactor *reactors[TNI_IO_THREADS_MAX];
    int count = 0;

    pthread_mutex_lock(&reactors_lock);
    tni_list_each (link, &sock->reactors)
        reactors[count++] = tni_container(link, struct tni_reactor, link);
    pthread_mutex_unlock(&reactors_lock);
    for (int i = 0; i < count; i++)
        tni_reactor_stop(reactors[i], stop_sessions);
}

/* ------------------------------------------------------------------ contexts */

static void complete(tn_host_t *host)
{
    tni_config_complete(host);
    tni_handshake_complete(host);
    tni_question_complete(host);
    tni_module_sockets_complete(host);
    tni_stack_complete(host);
    tni_listener_complete(host);
}

static int step(struct tn_ctx *ctx)
{
    struct tni_iothread *thread = atomic_load(&ctx->threads[0]);

    if (thread)
        tni_iothread_step(thread);
    return 0;
}

static int step_descriptor(struct tn_ctx *ctx)
{
    struct tni_iothread *thread = tni_network_thread(ctx, 0);

    return thread ? thread->arming : tni_error_code();
}

static int step_deadline(struct tn_ctx *ctx)
{
    struct tni_iothread *thread = atomic_load(&ctx->threads[0]);
    uint64_t next = thread ? tni_timers_next(&thread->timers) : UINT64_MAX;
    uint64_t now = tni_clock_ms();

    if (next == UINT64_MAX)
        return -1;
    return next <= now ? 0 : (int)(next - now);
}

static void network_end(struct tn_ctx *ctx)
{
    for (int i = 0; i < TNI_IO_THREADS_MAX; i++)
        if (ctx->threads[i])
            tni_iothread_free(ctx->threads[i]);
    tni_asker_free(ctx->asker);
    tni_resolver_free(ctx->resolver);
}

/* ------------------------------------------------------------------ children */

static void abandon(struct tn_sock *sock)
{
    tni_list_each (link, &sock->reactors) {
        struct tni_reactor *reactor = tni_container(link, struct tni_reactor, link);
        tni_list_each (place, &reactor->sessions) {
            struct tni_member *member = tni_container(place, struct tni_member, link);
            struct tni_session *session = (struct tni_session *)(void *)member;
            if (tni_stack_is_open(&session->stack))
                close(tni_stack_fd(&session->stack));
        }
        close(reactor->set);
    }
    tni_list_each (link, &sock->endpoints) {
        struct tn_endpoint *endpoint = tni_container(link, struct tn_endpoint, link);
        if (endpoint->listener)
            close(endpoint->listener->fd);
    }
}

static void abandon_ctx(struct tn_ctx *ctx)
{
    for (int i = 0; i < TNI_IO_THREADS_MAX; i++)
        if (ctx->threads[i])
            tni_iothread_abandon(ctx->threads[i]);
}

const struct tni_network tni_network_impl = {
    .modules = tni_core_modules,
    .complete = complete,
    .bind = network_bind,
    .connect = network_connect,
    .check = network_check,
    .stop = network_stop,
    .close = network_close,
    .release = release,
    .abandon = abandon,
    .look = tni_reactor_look,
    .watch = tni_reactor_watch,
    .unwatch = tni_reactor_unwatch,
    .serve = tni_reactor_serve,
    .descriptor = tni_reactor_descriptor,
    .serve_plain = tni_reactor_serve_plain,
    .is_leased = tni_reactor_is_leased,
    .is_busy = tni_reactor_is_busy,
    .is_wanted = tni_reactor_is_wanted,
    .call = tni_reactor_call,
    .call_later = tni_reactor_call_later,
    .serve_posted = tni_reactor_serve_posted,
    .send_now = tni_session_send_now,
    .tell = tni_session_tell,
    .step = step,
    .step_descriptor = step_descriptor,
    .step_deadline = step_deadline,
    .end = network_end,
    .abandon_ctx = abandon_ctx,
};
