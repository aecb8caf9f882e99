/*
 * zap.c: the ZeroMQ authentication protocol (RFC 27): a program's handler, bound to
 * inproc://zeromq.zap.01 in the same context, says who may in.
 *
 * Each question goes to the handler over a DEALER socket of its own, so that every reply, however
 * malformed, belongs to one question. A thread, started by the first question, opens, polls and closes
 * these sockets; under `lock` it shares the list of new questions with those who ask.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <tenon/authenticator.h>
#include <tenon/tenon.h>

#include "reply.h"

static const char handler_endpoint[] = "inproc://zeromq.zap.01";

enum { ASKED_MAX = 64 }; /* questions that are with the handler; the others wait here */

struct request {
    struct request *next;
    tn_question_t *question;
    const tn_question_info_t *info; /* valid until answered */
    tn_socket_t *socket;
};

struct tn_module_state {
    const tn_host_t *host;
    pthread_mutex_t lock;
    pthread_t thread;
    bool has_thread, is_stopping;
    int wake; /* an eventfd */
    struct request *first, **last; /* new ones */

    /* The thread's own. */
    struct request *asked[ASKED_MAX];
    size_t asked_count;
};

/* ------------------------------------------------------------------ answers */

static void finish(struct tn_module_state *zap, struct request *request, const tn_answer_t *answer)
{
    if (request->socket)
        zap->host->socket_close(request->socket);
    zap->host->question_answer(request->question, answer);
    zap->host->free(request);
}

static void finish_with(struct tn_module_state *zap, struct request *request, int status,
                        const char *reason)
{
    const tn_answer_t answer = {.size = sizeof answer, .status = status, .reason = reason};

    finish(zap, request, &answer);
}

static void finish_with_reply(struct tn_module_state *zap, struct request *request,
                              const struct zap_frame *frames, size_t count)
{
    struct zap_reply reply = {0};
    tn_answer_t answer = {.size = sizeof answer};
    char user_id[ZAP_USER_MAX + 1], text[128];

    answer.fault = zap_reply_parse(frames, count, &reply);
    if (answer.fault) {
        answer.reason = zap_fault_text(answer.fault);
        finish(zap, request, &answer);
        return;
    }
    snprintf(user_id, sizeof user_id, "%.*s", (int)reply.user_id.size,
             (const char *)reply.user_id.data);
    snprintf(text, sizeof text, "%.*s", (int)reply.text.size, (const char *)reply.text.data);
    answer.status = reply.status;
    answer.user_id = user_id;
    answer.metadata = reply.metadata.data;
    answer.metadata_size = reply.metadata.size;
    answer.reason = text;
    finish(zap, request, &answer);
}

/* A frame more than there should be is enough to know that it is wrong. */
static void take_reply(struct tn_module_state *zap, struct request *request)
{
    const tn_host_t *host = zap->host;
    tn_msg_t parts[ZAP_REPLY_FRAMES + 1];
    struct zap_frame frames[ZAP_REPLY_FRAMES + 1];
    int count;

    for (size_t i = 0; i < ZAP_REPLY_FRAMES + 1; i++)
        tn_msg_clear(&parts[i]);
    count = host->socket_recv(request->socket, parts, ZAP_REPLY_FRAMES + 1, TN_DONTWAIT);
    if (count == -EMSGSIZE)
        count = ZAP_REPLY_FRAMES + 1;
    for (int i = 0; i < count; i++) {
        frames[i].data = tn_msg_bytes(&parts[i]);
        frames[i].size = tn_msg_length(&parts[i]);
    }
    if (count >= 0)
        finish_with_reply(zap, request, frames, (size_t)count);
    else
        finish_with(zap, request, TN_AUTH_TEMPORARY, "the ZAP reply cannot be received");
    for (size_t i = 0; i < ZAP_REPLY_FRAMES + 1; i++)
        host->msg_close(&parts[i]);
}

/* ------------------------------------------------------------------ requests */

static int send_request(const tn_host_t *host, const struct request *request)
{
    const tn_question_info_t *info = request->info;
    const struct {
        const void *data;
        size_t size;
    } frames[] = {
        {"", 0},
        {ZAP_VERSION, strlen(ZAP_VERSION)},
        {ZAP_REQUEST_ID, strlen(ZAP_REQUEST_ID)},
        {info->domain, strlen(info->domain)},
        {info->address, strlen(info->address)},
        {info->routing_id, (size_t)info->routing_id_size},
        {info->mechanism, strlen(info->mechanism)},
    };
    size_t fixed = sizeof frames / sizeof frames[0], count = fixed + info->credential_count;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < count; i++) {
        const tn_question_credential_t *credential =
            i < fixed ? NULL : &info->credentials[i - fixed];
        int flags = TN_DONTWAIT | (i + 1 < count ? TN_MORE : 0);

        rc = credential ? host->socket_send(request->socket, credential->data,
                                            (size_t)credential->size, flags)
                        : host->socket_send(request->socket, frames[i].data, frames[i].size, flags);
    }
    return rc;
}

/* Negative: the request has been answered. What is short is short for now; that nobody is bound is
 * another answer, which may let a peer in. */
static int start(struct tn_module_state *zap, struct request *request)
{
    const tn_host_t *host = zap->host;
    int rc;

    request->socket = host->socket_open(host, "dealer");
    if (!request->socket) {
        finish_with(zap, request, TN_AUTH_TEMPORARY,
                    "no socket can be opened to ask the ZAP handler");
        return -EMFILE;
    }
    rc = host->socket_set_int(request->socket, "linger", 0);
    if (rc == 0)
        rc = host->socket_connect(request->socket, handler_endpoint);
    if (rc == 0) {
        rc = host->socket_peers(request->socket);
        if (rc == 0) {
            finish_with(zap, request, TN_AUTH_ABSENT,
                        "no handler is bound to inproc://zeromq.zap.01");
            return -ENOENT;
        }
    }
    if (rc >= 0)
        rc = send_request(host, request);
    if (rc < 0)
        finish_with(zap, request, TN_AUTH_TEMPORARY, "the ZAP handler cannot be asked");
    return rc;
}

/* ------------------------------------------------------------------ the thread */

static struct request *take_new(struct tn_module_state *zap)
{
    struct request *request;

    pthread_mutex_lock(&zap->lock);
    request = zap->first;
    if (request)
        zap->first = request->next;
    if (!zap->first)
        zap->last = &zap->first;
    pthread_mutex_unlock(&zap->lock);
    return request;
}

static void start_new(struct tn_module_state *zap)
{
    struct request *request;

    while (zap->asked_count < ASKED_MAX && (request = take_new(zap)))
        if (start(zap, request) >= 0)
            zap->asked[zap->asked_count++] = request;
}

static void forget_unwanted(struct tn_module_state *zap)
{
    for (size_t i = zap->asked_count; i-- > 0;) {
        struct request *request = zap->asked[i];

        if (zap->host->question_is_wanted(request->question))
            continue;
        zap->asked[i] = zap->asked[--zap->asked_count];
        finish_with(zap, request, TN_AUTH_TEMPORARY, "nobody waits any more");
    }
}

/* 0, or why no socket can be waited for any more. */
static int wait_for_replies(struct tn_module_state *zap)
{
    tn_pollitem_t items[ASKED_MAX + 1];
    size_t count = zap->asked_count;
    uint64_t wakes;
    int rc;

    for (size_t i = 0; i < count; i++)
        items[i] = (tn_pollitem_t){.socket = zap->asked[i]->socket, .events = TN_POLLIN};
    items[count] = (tn_pollitem_t){.fd = zap->wake, .events = TN_POLLIN};
    rc = zap->host->socket_poll(items, count + 1, -1);
    if (rc < 0 && rc != -EINTR)
        return rc;
    if (rc > 0 && items[count].revents && read(zap->wake, &wakes, sizeof wakes) < 0)
        return 0;
    for (size_t i = count; rc > 0 && i-- > 0;) {
        struct request *request = zap->asked[i];

        if (!items[i].revents)
            continue;
        zap->asked[i] = zap->asked[--zap->asked_count];
        take_reply(zap, request);
    }
    return 0;
}

static void drop_all(struct tn_module_state *zap)
{
    struct request *request;

    while (zap->asked_count)
        finish_with(zap, zap->asked[--zap->asked_count], TN_AUTH_TEMPORARY,
                    "the ZAP handler can no longer be asked");
    while ((request = take_new(zap)))
        finish_with(zap, request, TN_AUTH_TEMPORARY, "the ZAP handler can no longer be asked");
}

static bool is_stopping(struct tn_module_state *zap)
{
    bool stopping;

    pthread_mutex_lock(&zap->lock);
    stopping = zap->is_stopping;
    pthread_mutex_unlock(&zap->lock);
    return stopping;
}

static void *serve(void *arg)
{
    struct tn_module_state *zap = arg;

    while (!is_stopping(zap)) {
        forget_unwanted(zap);
        start_new(zap);
        if (wait_for_replies(zap) < 0)
            drop_all(zap);
    }
    drop_all(zap);
    return NULL;
}

/* ------------------------------------------------------------------ asking */

/* Under the lock. The thread takes no signals: those belong to the program. */
static int start_thread(struct tn_module_state *zap)
{
    sigset_t all, before;
    int error;

    if (zap->has_thread)
        return 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&zap->thread, NULL, serve, zap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    zap->has_thread = error == 0;
    return -error;
}

static void wake(struct tn_module_state *zap)
{
    const uint64_t one = 1;
    ssize_t written = write(zap->wake, &one, sizeof one);

    (void)written; /* a full counter wakes as well */
}

static int zap_ask(tn_module_state_t *state, void *endpoint_state, const tn_host_t *host,
                   tn_question_t *question, const tn_question_info_t *info)
{
    struct request *request = host->alloc(sizeof *request);
    int rc;

    (void)endpoint_state;
    if (!request)
        return host->set_error(host, -ENOMEM, "out of memory to ask the ZAP handler");
    request->question = question;
    request->info = info;
    pthread_mutex_lock(&state->lock);
    rc = start_thread(state);
    if (rc == 0) {
        *state->last = request;
        state->last = &request->next;
    }
    pthread_mutex_unlock(&state->lock);
    if (rc < 0) {
        host->free(request);
        /* Whatever the reason, it says nothing about the peer, who may try again. */
        return host->set_error(host, -EAGAIN, "no thread can be started to ask the ZAP handler");
    }
    wake(state);
    return 0;
}

static void zap_forget(tn_module_state_t *state)
{
    wake(state);
}

/* ------------------------------------------------------------------ the module */

static int zap_init(const tn_host_t *host, tn_module_state_t **out_state)
{
    struct tn_module_state *zap = host->alloc(sizeof *zap);

    if (!zap)
        return host->set_error(host, -ENOMEM, "out of memory for the ZAP authenticator");
    zap->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (zap->wake < 0) {
        int rc = -errno;
        host->free(zap);
        return host->set_error(host, rc, "no descriptor for the ZAP authenticator");
    }
    pthread_mutex_init(&zap->lock, NULL);
    zap->host = host;
    zap->last = &zap->first;
    *out_state = zap;
    return 0;
}

static void zap_fini(const tn_host_t *host, tn_module_state_t *zap)
{
    pthread_mutex_lock(&zap->lock);
    zap->is_stopping = true;
    pthread_mutex_unlock(&zap->lock);
    wake(zap);
    if (zap->has_thread)
        pthread_join(zap->thread, NULL);
    close(zap->wake);
    pthread_mutex_destroy(&zap->lock);
    host->free(zap);
}

static const tn_authenticator_ops_t ops = {
    .size = sizeof ops,
    .flags = TN_AUTHENTICATOR_BY_DOMAIN,
    .ask = zap_ask,
    .forget = zap_forget,
};

static const tn_feature_t authenticator = {
    .size = sizeof authenticator,
    .kind = TN_AUTHENTICATOR,
    .name = "zap",
    .summary = "asks the program's handler at inproc://zeromq.zap.01 (RFC 27)",
    .priority = 50,
    .ops = &ops,
};

static const tn_feature_t *const features[] = {&authenticator, NULL};

TN_MODULE(zap) = {
    TN_MODULE_HEAD("zap"), .version = "0.1.0",
    .license = "MIT",      .summary = "the ZeroMQ authentication protocol",
    .features = features,  .init = zap_init,
    .fini = zap_fini,
};
