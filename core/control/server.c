/*
 * server.c: the thread that answers `tenon stat`.
 *
 * One a process, from its first context to its last, and only if TENON_CONTROL is set. It sleeps until
 * somebody connects, answers one after the other, each within a few seconds, and never makes a thread
 * of the program wait for longer than a report takes. `life` is held while it is started or stopped;
 * `lock` guards the list of contexts, and is held during a report. After a fork the child has neither
 * the thread nor the file: its first context starts anew.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "control/address.h"
#include "control/emitter.h"
#include "control/report.h"
#include "socket/control.h"
#include "socket/ctx.h"

enum { QUESTION_MAX = 64, PATIENCE_S = 2, SHORTAGE_MS = 100 };

static struct {
    pthread_mutex_t life;
    pthread_mutex_t lock;
    atomic_uint fork_generation;
    struct tni_link contexts;
    bool is_made;
    bool is_running;
    pthread_t thread;
    int listener, wake;
    struct tni_control_address address;
} server = {.life = PTHREAD_MUTEX_INITIALIZER,
            .lock = PTHREAD_MUTEX_INITIALIZER,
            .listener = -1,
            .wake = -1};

/* ------------------------------------------------------------------ answering */

static void name_program(struct tni_emitter *emitter)
{
    char version[32];

    snprintf(version, sizeof version, "%d.%d.%d", TN_VERSION_MAJOR, TN_VERSION_MINOR,
             TN_VERSION_PATCH);
    tni_emit_number(emitter, "pid", (uint64_t)getpid());
    tni_emit_text(emitter, "program", program_invocation_short_name);
    tni_emit_text(emitter, "version", version);
}

static void report_all(struct tni_emitter *emitter)
{
    unsigned number = 0;

    tni_emit_object(emitter, NULL, NULL);
    name_program(emitter);
    tni_emit_list(emitter, "contexts", NULL);
    pthread_mutex_lock(&server.lock);
    tni_list_each (link, &server.contexts)
        tni_report(emitter, tni_container(link, struct tn_ctx, control_link), ++number);
    pthread_mutex_unlock(&server.lock);
    tni_emit_end(emitter);
    tni_emit_end(emitter);
}

static bool is_allowed(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* One line, "stat json" or "stat text". */
static bool read_question(int fd, char *question)
{
    size_t size = 0;

    while (size < QUESTION_MAX - 1) {
        ssize_t got = recv(fd, question + size, QUESTION_MAX - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        question[size] = '\0';
        if (strchr(question, '\n')) {
            *strchr(question, '\n') = '\0';
            return true;
        }
    }
    return false;
}

static void send_all(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        size -= (size_t)sent;
    }
}

static void answer(int fd)
{
    static const char no_memory[] = "error: out of memory for the report\n";
    static const char unknown[] = "error: the question is not understood\n";
    struct timeval patience = {.tv_sec = PATIENCE_S};
    char question[QUESTION_MAX];
    struct tni_emitter emitter;
    bool is_json;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!is_allowed(fd) || !read_question(fd, question))
        return;
    is_json = strcmp(question, "stat json") == 0;
    if (!is_json && strcmp(question, "stat text") != 0) {
        send_all(fd, unknown, sizeof unknown - 1);
        return;
    }
    tni_emitter_init(&emitter, is_json);
    report_all(&emitter);
    if (emitter.has_failed)
        send_all(fd, no_memory, sizeof no_memory - 1);
    else
        send_all(fd, emitter.text, emitter.size);
    tni_emitter_fini(&emitter);
}

static void *serve(void *arg)
{
    struct pollfd items[2] = {{.fd = server.wake, .events = POLLIN},
                              {.fd = server.listener, .events = POLLIN}};

    (void)arg;
    for (;;) {
        int fd;
        if (poll(items, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (items[0].revents)
            return NULL;
        fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            answer(fd);
            close(fd);
        } else if (errno != EAGAIN && errno != EINTR) {
            poll(items, 1, SHORTAGE_MS); /* out of descriptors: not at once again */
        }
    }
}

/* ------------------------------------------------------------------ starting and stopping */

static int start_thread(void)
{
    sigset_t all, kept;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &kept);
    rc = pthread_create(&server.thread, NULL, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    if (rc == 0)
        pthread_setname_np(server.thread, "tenon/stat");
    return -rc;
}

static void close_all(void)
{
    if (server.listener >= 0)
        close(server.listener);
    if (server.wake >= 0)
        close(server.wake);
    server.listener = server.wake = -1;
}

static void start(const char *wanted)
{
    int rc = 0;

    server.listener = tni_control_listen(wanted, &server.address);
    if (server.listener < 0)
        rc = server.listener;
    server.wake = rc == 0 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (rc == 0 && server.wake < 0)
        rc = tni_fail(-errno, "TENON_CONTROL: %s", strerror(errno));
    if (rc == 0)
        rc = start_thread();
    server.is_running = rc == 0;
    if (rc == 0) {
        tni_log(TN_LOG_INFO, "control", "`tenon stat %s` shows this process",
                server.address.name.sun_path);
        return;
    }
    tni_log(TN_LOG_WARN, "control", "%s", tni_error_text());
    tni_control_unlink(&server.address);
    close_all();
}

static void stop(void)
{
    static const uint64_t one = 1;

    tni_control_unlink(&server.address);
    if (write(server.wake, &one, sizeof one) < 0) {
        /* It is readable already. */
    }
    pthread_join(server.thread, NULL);
    close_all();
    server.is_running = false;
}

/* A child has the parent's memory: perhaps locks that are held for ever, and its descriptors. */
static void prepare(void)
{
    unsigned now = tni_fork_generation();

    if (atomic_exchange(&server.fork_generation, now) != now) {
        pthread_mutex_init(&server.life, NULL);
        pthread_mutex_init(&server.lock, NULL);
        close_all();
        server.is_running = server.is_made = false;
    }
}

static void add(struct tn_ctx *ctx, const char *wanted)
{
    const char *asked = secure_getenv("TENON_CONTROL");

    if (asked)
        wanted = asked; /* an empty one asks for none */
    if (!wanted || !*wanted || tni_link_is_linked(&ctx->control_link))
        return;
    prepare();
    pthread_mutex_lock(&server.life);
    pthread_mutex_lock(&server.lock);
    if (!server.is_made)
        tni_link_init(&server.contexts);
    server.is_made = true;
    tni_list_append(&server.contexts, &ctx->control_link);
    pthread_mutex_unlock(&server.lock);
    if (!server.is_running)
        start(wanted);
    pthread_mutex_unlock(&server.life);
}

static void remove_ctx(struct tn_ctx *ctx)
{
    bool is_last;

    if (!tni_link_is_linked(&ctx->control_link))
        return;
    pthread_mutex_lock(&server.life);
    pthread_mutex_lock(&server.lock);
    tni_link_remove(&ctx->control_link);
    is_last = tni_list_is_empty(&server.contexts);
    pthread_mutex_unlock(&server.lock);
    if (is_last && server.is_running)
        stop();
    pthread_mutex_unlock(&server.life);
}

const struct tni_control tni_control_impl = {.add = add, .remove = remove_ctx};
