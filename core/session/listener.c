#include "session/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "monitor/monitor.h"
#include "reactor/poller.h"
#include "session/network.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/socket.h"

enum {
    ACCEPTS = 64, /* before other work has its turn */
    PAUSE_MS = 10, /* when descriptors or memory have run out; then twice as long each time */
    PAUSE_MAX_MS = 1000,
    TASK_RESUME = 2,
    TASK_FREE = 4,
};

static const tn_transport_ops_t *ops_of(const struct tn_listener *listener)
{
    return tni_config_bottom(listener->config);
}

static void event(struct tn_listener *listener, uint32_t kind, int code)
{
    tni_config_event(listener->config, kind, code, listener->fd);
}

/* ------------------------------------------------------------------ accepting */

/* A session for the next connection: its streams must be there before the transport can accept. */
static struct tni_session *prepare(struct tn_listener *listener, int *out_rc)
{
    struct tn_sock *sock = listener->config->sock;
    struct tni_iothread *thread = tni_network_thread(sock->ctx, listener->config->options.affinity);
    struct tni_reactor *reactor = thread ? tni_network_reactor(sock, thread) : NULL;
    struct tni_session *session = reactor ? tni_session_new(reactor, listener->config) : NULL;

    *out_rc =
        session ? tni_stack_open(&session->stack, session, listener->config) : tni_error_code();
    if (session && *out_rc < 0) {
        tni_session_discard(session);
        session = NULL;
    }
    return session;
}

static int accept_one(struct tn_listener *listener)
{
    int rc;
    struct tni_session *session = prepare(listener, &rc);

    if (!session)
        return rc;
    rc = ops_of(listener)->accept(listener->state, tni_stack_bottom(&session->stack)->state);
    if (rc < 0) {
        tni_session_discard(session);
        return rc;
    }
    tni_session_post(session, TNI_SESSION_START);
    listener->pause = 0;
    return 0;
}

static bool is_shortage(int code)
{
    return code == -EMFILE || code == -ENFILE || code == -ENOBUFS || code == -ENOMEM;
}

/* Out of descriptors the listener stays readable: it is left alone for a while. */
static void pause_listening(struct tn_listener *listener, int code)
{
    bool is_first = listener->pause == 0;

    listener->pause = is_first ? PAUSE_MS : listener->pause * 2;
    if (listener->pause > PAUSE_MAX_MS)
        listener->pause = PAUSE_MAX_MS;
    tni_fail(code, "no connection can be accepted: %s; trying again in %d ms", tni_error_name(code),
             listener->pause);
    if (is_first)
        tni_log(TN_LOG_WARN, "limit", "%s: %s, then more and more seldom", listener->config->text,
                tni_error_text());
    event(listener, TN_EVENT_ACCEPT_FAILED, code);
    listener->is_paused = true;
    tni_poller_remove(listener->thread->arming, listener->fd);
    tni_iothread_timer(listener->thread, &listener->timer,
                       tni_clock_ms() + (uint64_t)listener->pause);
}

static void on_readable(struct tni_armed *armed)
{
    struct tn_listener *listener = (struct tn_listener *)(void *)armed;
    int rc = 0;

    pthread_mutex_lock(&listener->lock);
    for (int i = 0; i < ACCEPTS && listener->is_open && !listener->is_paused && rc == 0; i++)
        rc = accept_one(listener);
    if (is_shortage(rc))
        pause_listening(listener, rc);
    else if (rc < 0 && rc != -EAGAIN)
        event(listener, TN_EVENT_ACCEPT_FAILED, rc);
    pthread_mutex_unlock(&listener->lock);
}

static void resume(struct tn_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    if (listener->is_open && listener->is_paused) {
        listener->is_paused = false;
        if (tni_poller_add_level(listener->thread->arming, listener->fd, &listener->armed) < 0) {
            listener->is_paused = true;
            tni_iothread_timer(listener->thread, &listener->timer, tni_clock_ms() + PAUSE_MAX_MS);
        }
    }
    pthread_mutex_unlock(&listener->lock);
}

static void on_timer(struct tni_timer *timer)
{
    struct tn_listener *listener = tni_container(timer, struct tn_listener, timer);

    tni_iothread_post(listener->thread, &listener->task, TASK_RESUME);
}

/* ------------------------------------------------------------------ life */

static void listener_free(struct tn_listener *listener)
{
    tni_timers_unreserve(&listener->thread->timers);
    if (listener->config)
        tni_config_unref(listener->config);
    pthread_mutex_destroy(&listener->lock);
    tni_free(listener->address);
    tni_free(listener);
}

static void on_task(struct tni_task *task, unsigned bits)
{
    struct tn_listener *listener = tni_container(task, struct tn_listener, task);
    struct tn_sock *sock = listener->config->sock;

    if (!(bits & TASK_FREE)) {
        resume(listener);
        return;
    }
    listener_free(listener);
    tni_sock_live_down(sock);
}

static int take_address(struct tn_listener *listener, struct tn_endpoint *endpoint)
{
    const tn_transport_ops_t *ops = ops_of(listener);
    int rc = ops->listen(listener->state, listener, &endpoint->sock->ctx->host, endpoint->address);

    if (rc == 0 && listener->address)
        rc = tni_config_name(listener->config, endpoint, listener->address);
    if (rc == 0) {
        listener->fd = ops->listener_fd(listener->state);
        listener->is_open = true;
        rc = tni_poller_add_level(listener->thread->arming, listener->fd, &listener->armed);
        if (rc < 0)
            tni_fail(rc, "the listener cannot be watched: %s", tni_error_name(rc));
    }
    if (rc < 0) {
        listener->is_open = false;
        ops->unlisten(listener->state);
    }
    return rc;
}

int tni_listener_open(struct tn_endpoint *endpoint, struct tni_iothread *thread,
                      struct tn_listener **out_listener)
{
    uint32_t state_size = endpoint->scheme.layer[0]->ops.transport.listener_state;
    struct tn_listener *listener = tni_calloc(1, sizeof *listener + state_size);
    int rc;

    if (!listener || tni_timers_reserve(&thread->timers) < 0) {
        tni_free(listener);
        return tni_fail(-ENOMEM, "out of memory for a listener");
    }
    pthread_mutex_init(&listener->lock, NULL);
    listener->armed.ready = on_readable;
    listener->timer.fire = on_timer;
    tni_task_init(&listener->task, on_task);
    listener->thread = thread;
    listener->fd = -1;
    rc = tni_config_new(endpoint, &listener->config);
    if (rc < 0) {
        listener_free(listener);
        return rc;
    }
    pthread_mutex_lock(&listener->lock);
    rc = take_address(listener, endpoint);
    event(listener, rc < 0 ? TN_EVENT_BIND_FAILED : TN_EVENT_LISTENING, rc);
    if (rc == 0) {
        atomic_fetch_add(&endpoint->sock->live, 1);
        endpoint->sock->options.use_fd = -1; /* it is the transport's now */
    }
    pthread_mutex_unlock(&listener->lock);
    if (rc < 0) {
        listener_free(listener);
        return rc;
    }
    *out_listener = listener;
    return 0;
}

void tni_listener_close(struct tn_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    if (!listener->is_paused)
        tni_poller_remove(listener->thread->arming, listener->fd);
    listener->is_open = false;
    ops_of(listener)->unlisten(listener->state);
    event(listener, TN_EVENT_CLOSED, 0);
    pthread_mutex_unlock(&listener->lock);
    tni_timer_cancel(&listener->thread->timers, &listener->timer);
    tni_iothread_post(listener->thread, &listener->task, TASK_FREE);
}

/* ------------------------------------------------------------------ what modules call */

static int listener_option(tn_listener_t *listener, const char *name, tn_value_t *out_value)
{
    const struct tni_config *config = listener->config;

    return tni_endpoint_option(&config->options, &config->module_options,
                               config->sock->ctx->registry, config->scheme.layer[0], name,
                               out_value);
}

static int listener_set_address(tn_listener_t *listener, const char *address)
{
    tni_free(listener->address);
    listener->address = tni_strdup(address);
    return listener->address ? 0 : tni_fail(-ENOMEM, "out of memory for an address");
}

static void *listener_endpoint(tn_listener_t *listener)
{
    return listener->config->shared[0];
}

void tni_listener_complete(tn_host_t *host)
{
    host->listener_endpoint = listener_endpoint;
    host->listener_option = listener_option;
    host->listener_set_address = listener_set_address;
}
