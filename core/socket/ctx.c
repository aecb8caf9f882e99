#include "socket/ctx.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/blocks.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/futex.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/memory.h"
#include "module/registry.h"
#include "socket/control.h"
#include "socket/ctx_options.h"
#include "socket/host.h"
#include "socket/network.h"
#include "socket/socket.h"

enum { CTX_MAGIC = 0x544e4358 };

/* ------------------------------------------------------------------ fork */

static pthread_once_t once = PTHREAD_ONCE_INIT;
atomic_uint tni_forks;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&tni_forks, 1, memory_order_relaxed);
}

static void prepare(void)
{
    pthread_atfork(NULL, NULL, count_fork);
    tni_lock_prepare();
}

/* ------------------------------------------------------------------ making */

static atomic_int contexts; /* alive in this process */

void tni_ctx_fill_host(struct tn_ctx *ctx, const tn_host_t *functions)
{
    ctx->host = *functions;
    ctx->host.context = ctx;
    if (tni_network)
        tni_network->complete(&ctx->host);
}

tn_ctx_t *tn_ctx_new(void)
{
    struct tn_ctx *ctx = tni_calloc(1, sizeof *ctx);
    TNI_UNCANCELLED;

    if (!ctx) {
        tni_fail(-ENOMEM, "context: out of memory");
        return NULL;
    }
    pthread_once(&once, prepare);
    ctx->magic = CTX_MAGIC;
    pthread_mutex_init(&ctx->lock, NULL);
    ctx->fork_generation = tni_fork_generation();
    ctx->allow_load = true;
    tni_thread_params_init(&ctx->thread_params);
    tni_ctx_options_init(ctx);
    tni_ctx_fill_host(ctx, tni_host_linked);
    tni_link_init(&ctx->sockets);
    atomic_fetch_add(&contexts, 1);
    tni_link_init(&ctx->control_link);
    if (tni_control)
        tni_control->add(ctx, NULL);
    return ctx;
}

struct tn_ctx *tni_ctx_check(tn_ctx_t *ctx)
{
    if (!ctx || ctx->magic != CTX_MAGIC) {
        tni_fail(-EINVAL, "the context is NULL, or was terminated");
        return NULL;
    }
    if (ctx->fork_generation != tni_fork_generation()) {
        tni_fail(-TN_EFORKED, "the context belongs to the parent process: make one of your own");
        return NULL;
    }
    return ctx;
}

/* The manifests are read when the first option can no longer come: at the first use. */
static int open_registry(struct tn_ctx *ctx)
{
    struct tni_registry_config config = {.directories = (const char *const *)ctx->directories,
                                         .modules = ctx->modules,
                                         .allow_load = ctx->allow_load,
                                         .own_modules = ctx->own_modules,
                                         .core_modules = tni_network ? tni_network->modules : NULL};

    int rc = 0;

    if (ctx->registry)
        return 0;
    rc = tni_registry_new(&config, &ctx->host, &ctx->registry);
    if (rc == 0)
        rc = tni_ctx_options_apply(ctx);
    if (rc < 0) {
        tni_registry_free(ctx->registry);
        ctx->registry = NULL;
    }
    return rc;
}

/* The manifests have been read, and may say where; without the lock. */
static void show(struct tn_ctx *ctx)
{
    if (tni_control)
        tni_control->add(ctx, tni_registry_control(ctx->registry));
}

struct tni_registry *tni_ctx_registry(tn_ctx_t *handle)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);
    bool was_used;
    int rc;
    TNI_UNCANCELLED;

    if (!ctx)
        return NULL;
    pthread_mutex_lock(&ctx->lock);
    was_used = ctx->registry;
    rc = open_registry(ctx);
    pthread_mutex_unlock(&ctx->lock);
    if (rc < 0)
        return NULL;
    if (!was_used)
        show(ctx);
    return ctx->registry;
}

/* ------------------------------------------------------------------ options */

int tni_ctx_too_late(const struct tn_ctx *ctx, const char *name)
{
    if (!ctx->registry)
        return 0;
    return tni_fail(-EBUSY, "context option '%s' must be set before the first socket", name);
}

int tn_ctx_set_int(tn_ctx_t *handle, const char *name, int64_t value)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);
    int64_t before;
    bool is_own;
    int rc = 0;

    if (!ctx)
        return tni_error_code();
    if (!name)
        return tni_fail(-TN_ENOOPTION, "the name of the context's option is NULL");
    pthread_mutex_lock(&ctx->lock);
    is_own = strcmp(name, "allow_load") == 0;
    if (is_own || tni_ctx_option_get(ctx, name, &before) != -TN_ENOOPTION)
        rc = tni_ctx_too_late(ctx, name);
    if (rc == 0 && !is_own)
        rc = tni_ctx_option_set(ctx, name, value);
    else if (rc == 0 && (value < 0 || value > 1))
        rc = tni_fail(-EINVAL, "context option 'allow_load' takes 0 or 1, not %lld",
                      (long long)value);
    else if (rc == 0)
        ctx->allow_load = value;
    pthread_mutex_unlock(&ctx->lock);
    return rc;
}

int tn_ctx_get_int(tn_ctx_t *handle, const char *name, int64_t *out_value)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);
    int rc = 0;

    if (!ctx)
        return tni_error_code();
    if (!name)
        return tni_fail(-TN_ENOOPTION, "the name of the context's option is NULL");
    pthread_mutex_lock(&ctx->lock);
    if (strcmp(name, "allow_load") == 0)
        *out_value = ctx->allow_load;
    else
        rc = tni_ctx_option_get(ctx, name, out_value);
    pthread_mutex_unlock(&ctx->lock);
    return rc;
}

static int add_directory(struct tn_ctx *ctx, const char *path)
{
    int count = 0;

    while (ctx->directories[count])
        count++;
    if (count == TNI_DIRECTORIES_MAX)
        return tni_fail(-EINVAL, "context option 'plugins_d': %d directories at most", count);
    ctx->directories[count] = tni_strdup(path);
    return ctx->directories[count] ? 0 : tni_fail(-ENOMEM, "plugins_d: out of memory");
}

static int set_modules(struct tn_ctx *ctx, const char *text)
{
    char *copy = tni_strdup(text);

    if (!copy)
        return tni_fail(-ENOMEM, "modules: out of memory");
    tni_free(ctx->modules);
    ctx->modules = copy;
    return 0;
}

int tn_ctx_set_str(tn_ctx_t *handle, const char *name, const char *value)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);
    int rc;

    if (!ctx)
        return tni_error_code();
    if (!name || !value)
        return tni_fail(-EINVAL, "context option: name or value is NULL");
    pthread_mutex_lock(&ctx->lock);
    rc = tni_ctx_too_late(ctx, name);
    if (strcmp(name, "plugins_d") == 0)
        rc = rc ? rc : add_directory(ctx, value);
    else if (strcmp(name, "modules") == 0)
        rc = rc ? rc : set_modules(ctx, value);
    else if (strcmp(name, "thread_cpus") == 0)
        rc = rc ? rc : tni_thread_params_set_cpus(&ctx->thread_params, value);
    else if (strcmp(name, "thread_name") != 0)
        rc = rc ? rc : tni_ctx_option_set_text(ctx, name, value);
    else if (strlen(value) > TNI_THREAD_NAME_MAX)
        rc = tni_fail(-EINVAL, "context option 'thread_name' takes at most %d bytes",
                      TNI_THREAD_NAME_MAX);
    else if (rc == 0)
        snprintf(ctx->thread_params.name, sizeof ctx->thread_params.name, "%s", value);
    pthread_mutex_unlock(&ctx->lock);
    return rc;
}

/* ------------------------------------------------------------------ sockets */

static int count_socket(struct tn_ctx *ctx)
{
    bool was_used;
    int rc = 0;

    pthread_mutex_lock(&ctx->lock);
    was_used = ctx->registry;
    if (atomic_load(&ctx->is_shut_down))
        rc = tni_fail_code(-TN_ETERM);
    else if (ctx->socket_count >= ctx->max_sockets)
        rc = tni_fail(-EMFILE,
                      "the context has %d sockets already: close some, or raise "
                      "its option 'max_sockets'",
                      ctx->socket_count);
    else
        rc = open_registry(ctx);
    if (rc == 0)
        ctx->socket_count++;
    pthread_mutex_unlock(&ctx->lock);
    if (rc == 0 && !was_used)
        show(ctx);
    return rc;
}

tn_socket_t *tn_socket(tn_ctx_t *handle, const char *pattern)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);
    const struct tni_feature *feature;
    tn_socket_t *socket = NULL;
    struct tn_sock *sock;
    int rc;
    TNI_UNCANCELLED;

    if (!ctx)
        return NULL;
    if (!pattern) {
        tni_fail(-EINVAL, "tn_socket: the pattern is NULL");
        return NULL;
    }
    if (count_socket(ctx) < 0)
        return NULL;
    rc = tni_registry_find(ctx->registry, TN_PATTERN, pattern, &feature);
    if (rc == 0)
        rc = tni_sock_new(ctx, feature, &socket);
    pthread_mutex_lock(&ctx->lock);
    if (rc < 0) {
        ctx->socket_count--;
    } else {
        sock = tni_sock_of(socket);
        sock->serial = ++ctx->socket_serial;
        tni_list_append(&ctx->sockets, &sock->ctx_link);
    }
    pthread_mutex_unlock(&ctx->lock);
    return rc < 0 ? NULL : socket;
}

void tni_ctx_forget(struct tn_ctx *ctx, struct tni_link *socket_link)
{
    pthread_mutex_lock(&ctx->lock);
    tni_link_remove(socket_link);
    ctx->socket_count--;
    atomic_fetch_add(&ctx->gone, 1);
    tni_futex_wake(&ctx->gone);
    pthread_mutex_unlock(&ctx->lock);
}

/* ------------------------------------------------------------------ ending */

static void shut_down(struct tn_ctx *ctx)
{
    pthread_mutex_lock(&ctx->lock);
    atomic_store(&ctx->is_shut_down, true);
    tni_list_each (link, &ctx->sockets)
        tni_sock_notify(tni_container(link, struct tn_sock, ctx_link));
    pthread_mutex_unlock(&ctx->lock);
}

int tn_ctx_shutdown(tn_ctx_t *handle)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);

    if (!ctx)
        return tni_error_code();
    shut_down(ctx);
    return 0;
}

enum { BLOCKER_SIZE = 512, FIRST_WORD_MS = 2000, LONGEST_SILENCE_MS = 60 * 1000, LOOK_MS = 100 };

static void describe_blocker(const struct tn_sock *sock, char *text)
{
    unsigned long long serial = (unsigned long long)sock->serial;

    if (atomic_load(&sock->state) == TNI_SOCK_OPEN)
        snprintf(text, BLOCKER_SIZE,
                 "socket %llu, a '%s' at '%s', is not closed: close it with tn_close()", serial,
                 sock->pattern->name, sock->last_endpoint);
    else if (!sock->has_unsent)
        snprintf(text, BLOCKER_SIZE,
                 "socket %llu, a '%s' at '%s', is closed and had nothing left to send: its "
                 "connections are still being ended",
                 serial, sock->pattern->name, sock->last_endpoint);
    else
        snprintf(text, BLOCKER_SIZE,
                 "socket %llu, a '%s' at '%s', is closed and still sends (when it was closed: %s): "
                 "set its option 'linger' to limit how long it tries",
                 serial, sock->pattern->name, sock->last_endpoint, sock->unsent);
}

/* Says what still blocks: the first socket, and how many there are. */
static int blocked_by(struct tn_ctx *ctx)
{
    struct tn_sock *first;
    char text[BLOCKER_SIZE];

    if (tni_list_is_empty(&ctx->sockets))
        return tni_fail(-ETIMEDOUT, "the context cannot end yet: a socket is being opened");
    first = tni_container(ctx->sockets.next, struct tn_sock, ctx_link);
    describe_blocker(first, text);
    return tni_fail(-ETIMEDOUT, "the context cannot end: it has %d sockets; %s", ctx->socket_count,
                    text);
}

/* A line for each socket, but not for thousands. */
static void log_blockers(struct tn_ctx *ctx)
{
    enum { LINES = 10 };
    char text[BLOCKER_SIZE];
    int lines = 0;

    if (!tni_log_wants(TN_LOG_WARN, "context"))
        return;
    if (tni_list_is_empty(&ctx->sockets))
        tni_log(TN_LOG_WARN, "context", "the context waits for its end: a socket is being opened");
    tni_list_each (link, &ctx->sockets) {
        if (lines++ == LINES) {
            tni_log(TN_LOG_WARN, "context", "the context waits for its end: %d sockets in all",
                    ctx->socket_count);
            return;
        }
        describe_blocker(tni_container(link, struct tn_sock, ctx_link), text);
        tni_log(TN_LOG_WARN, "context", "the context waits for its end: %s", text);
    }
}

/* A futex is no cancellation point. */
static void ask_whether_cancelled(int cancel_state)
{
    tni_cancel_allow(cancel_state);
    pthread_testcancel();
    tni_cancel_forbid();
}

/* Locked, but for the sleeps, in which the thread may be cancelled: it has nothing then. */
static int wait_for_sockets(struct tn_ctx *ctx, int timeout, int cancel_state)
{
    uint64_t now = tni_clock_ms();
    uint64_t until = timeout < 0 ? UINT64_MAX : now + (uint64_t)timeout;
    uint64_t silence = FIRST_WORD_MS, word_at = now + silence;
    uint64_t pause;
    unsigned seen;
    int rc;

    while (ctx->socket_count) {
        now = tni_clock_ms();
        if (now >= until)
            return blocked_by(ctx);
        if (now >= word_at) {
            log_blockers(ctx);
            silence = silence * 2 < LONGEST_SILENCE_MS ? silence * 2 : LONGEST_SILENCE_MS;
            word_at = now + silence;
        }
        if (ctx->io_threads == 0 && tni_network) {
            pthread_mutex_unlock(&ctx->lock);
            tni_network->step(ctx);
            pthread_mutex_lock(&ctx->lock);
        }
        if (!ctx->socket_count)
            break;
        /* Without threads, look again soon. */
        pause = ctx->io_threads == 0 ? 1 : word_at - now;
        if (until - now < pause)
            pause = until - now;
        seen = atomic_load(&ctx->gone);
        pthread_mutex_unlock(&ctx->lock);
        rc = tni_futex_wait(&ctx->gone, seen, pause < LOOK_MS ? pause : LOOK_MS);
        ask_whether_cancelled(cancel_state);
        pthread_mutex_lock(&ctx->lock);
        if (rc == -EINTR)
            return tni_fail(rc, "ending the context: a signal came; call again");
    }
    return 0;
}

static void ctx_free(struct tn_ctx *ctx)
{
    tni_registry_free(ctx->registry);
    for (int i = 0; ctx->directories[i]; i++)
        tni_free(ctx->directories[i]);
    tni_free(ctx->modules);
    tni_options_fini(&ctx->socket_options);
    ctx->magic = 0;
    pthread_mutex_destroy(&ctx->lock);
    tni_free(ctx);
    if (atomic_fetch_sub(&contexts, 1) == 1) {
        tni_waiters_trim();
        tni_blocks_trim();
    }
}

int tn_ctx_term(tn_ctx_t *handle, int timeout)
{
    struct tn_ctx *ctx = handle;
    int rc;
    TNI_UNCANCELLED;

    if (ctx && ctx->magic == CTX_MAGIC && ctx->fork_generation != tni_fork_generation()) {
        if (tni_network)
            tni_network->abandon_ctx(ctx);
        ctx->magic = 0;
        return 0;
    }
    if (!tni_ctx_check(handle))
        return tni_error_code();
    shut_down(ctx);
    pthread_mutex_lock(&ctx->lock);
    rc = wait_for_sockets(ctx, timeout, tni_uncancelled);
    pthread_mutex_unlock(&ctx->lock);
    if (rc < 0)
        return rc;
    if (tni_control)
        tni_control->remove(ctx);
    if (tni_network)
        tni_network->end(ctx);
    ctx_free(ctx);
    return 0;
}

/* ------------------------------------------------------------------ without threads */

static int check_threadless(tn_ctx_t *handle)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);

    if (!ctx)
        return tni_error_code();
    if (ctx->io_threads != 0 || !tni_network)
        return tni_fail(-ENOTSUP, "the context has I/O threads of its own: set its option "
                                  "'io_threads' to 0 before the first socket");
    return 0;
}

int tn_ctx_fd(tn_ctx_t *ctx)
{
    int rc = check_threadless(ctx);
    TNI_UNCANCELLED;

    return rc < 0 ? rc : tni_network->step_descriptor(ctx);
}

int tn_ctx_deadline(tn_ctx_t *ctx)
{
    int rc = check_threadless(ctx);

    return rc < 0 ? rc : tni_network->step_deadline(ctx);
}

int tn_ctx_step(tn_ctx_t *ctx)
{
    int rc = check_threadless(ctx);
    TNI_UNCANCELLED;

    return rc < 0 ? rc : tni_network->step(ctx);
}
