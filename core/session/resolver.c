#include "session/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/list.h"
#include "base/memory.h"

enum { MAX_HELPERS = 4, MAX_QUEUED = 64, REASON_SIZE = 384 };

enum stage { QUEUED, LOOKING_UP, ANSWERING, OVER };

struct tni_resolution {
    struct tni_link link; /* in the queue */
    struct tni_resolver *resolver;
    tni_resolved_fn *done;
    void *arg;
    struct addrinfo hints;
    const char *host;
    const char *service; /* or NULL */
    enum stage stage;
    bool is_cancelled;
    bool is_released; /* the caller gave it back: whoever sees OVER with it frees */
    pthread_t answerer;
    char text[]; /* host and service */
};

struct helper {
    pthread_t thread;
    struct tni_resolver *resolver;
    bool is_looking_up;
};

/* Freed with its last user: the owner, a helper, or a request. */
struct tni_resolver {
    pthread_mutex_t lock; /* for everything below */
    pthread_cond_t work;
    pthread_cond_t answered;
    tni_lookup_fn *lookup;
    struct tni_link queue; /* oldest first */
    unsigned queued;
    unsigned idle;
    unsigned helper_count;
    unsigned users;
    bool is_stopping;
    struct helper helpers[MAX_HELPERS];
};

/* ---- life ---- */

struct tni_resolver *tni_resolver_new(void)
{
    struct tni_resolver *self = tni_calloc(1, sizeof *self);

    if (!self)
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->work, NULL);
    pthread_cond_init(&self->answered, NULL);
    tni_link_init(&self->queue);
    self->lookup = getaddrinfo;
    self->users = 1;
    return self;
}

void tni_resolver_set_lookup(struct tni_resolver *resolver, tni_lookup_fn *lookup)
{
    resolver->lookup = lookup;
}

/* Releases the lock, and with it one user. */
static void leave(struct tni_resolver *self)
{
    bool is_last = --self->users == 0;

    pthread_mutex_unlock(&self->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->work);
    pthread_cond_destroy(&self->answered);
    tni_free(self);
}

/* Lock held. The resolver's side is done with the request. */
static void finish(struct tni_resolution *request)
{
    request->stage = OVER;
    if (!request->is_released)
        return;
    request->resolver->users--; /* never the last: the caller is one */
    tni_free(request);
}

void tni_resolver_free(struct tni_resolver *resolver)
{
    pthread_t joinable[MAX_HELPERS];
    unsigned count = 0;

    if (!resolver)
        return;
    pthread_mutex_lock(&resolver->lock);
    resolver->is_stopping = true;
    tni_list_each_safe (link, &resolver->queue) {
        tni_link_remove(link);
        finish(tni_container(link, struct tni_resolution, link));
    }
    resolver->queued = 0;
    for (unsigned i = 0; i < resolver->helper_count; i++) {
        if (resolver->helpers[i].is_looking_up)
            pthread_detach(resolver->helpers[i].thread);
        else
            joinable[count++] = resolver->helpers[i].thread;
    }
    pthread_cond_broadcast(&resolver->work);
    pthread_mutex_unlock(&resolver->lock);
    while (count > 0)
        pthread_join(joinable[--count], NULL);
    pthread_mutex_lock(&resolver->lock);
    leave(resolver);
}

/* ---- answers ---- */

static int status_of(int error, int system_error)
{
    switch (error) {
    case 0:
        return 0;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return -ENXIO;
    case EAI_AGAIN:
        return -ETIMEDOUT;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SERVICE:
    case EAI_FAMILY:
    case EAI_SOCKTYPE:
    case EAI_BADFLAGS:
        return -EINVAL;
    case EAI_SYSTEM:
        return system_error ? -system_error : -EIO;
    default:
        return -EIO;
    }
}

static const char *advice_for(int status)
{
    switch (status) {
    case -ENXIO:
        return "; check the spelling, or add the name to the DNS or to /etc/hosts";
    case -ETIMEDOUT:
        return "; check the network and the name servers of /etc/resolv.conf";
    default:
        return "";
    }
}

static void describe(const struct tni_resolution *request, int error, int status,
                     char out_reason[REASON_SIZE])
{
    const char *text = error == EAI_SYSTEM ? tni_error_name(status) : gai_strerror(error);

    snprintf(out_reason, REASON_SIZE, "the name '%s' does not resolve: %s%s", request->host, text,
             advice_for(status));
}

/* Lock held, released meanwhile; the request is off the queue. */
static void look_up(struct helper *helper, struct tni_resolution *request)
{
    struct tni_resolver *self = helper->resolver;
    struct addrinfo *list = NULL;
    char reason[REASON_SIZE] = "";
    int error, status;

    request->stage = LOOKING_UP;
    helper->is_looking_up = true;
    pthread_mutex_unlock(&self->lock);
    errno = 0;
    error = self->lookup(request->host, request->service, &request->hints, &list);
    status = status_of(error, errno);
    if (status < 0)
        describe(request, error, status, reason);
    pthread_mutex_lock(&self->lock);
    helper->is_looking_up = false;
    if (request->is_cancelled || self->is_stopping) {
        if (status == 0)
            freeaddrinfo(list);
        finish(request);
        return;
    }
    request->stage = ANSWERING;
    request->answerer = pthread_self();
    pthread_mutex_unlock(&self->lock);
    request->done(request->arg, status, reason, status == 0 ? list : NULL);
    pthread_mutex_lock(&self->lock);
    finish(request);
    pthread_cond_broadcast(&self->answered);
}

static void *help(void *arg)
{
    struct helper *helper = arg;
    struct tni_resolver *self = helper->resolver;

    pthread_mutex_lock(&self->lock);
    for (;;) {
        struct tni_link *link = self->queue.next;

        if (self->is_stopping)
            break;
        if (link == &self->queue) {
            self->idle++;
            pthread_cond_wait(&self->work, &self->lock);
            self->idle--;
            continue;
        }
        tni_link_remove(link);
        self->queued--;
        look_up(helper, tni_container(link, struct tni_resolution, link));
    }
    leave(self);
    return NULL;
}

/* ---- requests ---- */

/* Lock held. A helper takes no signals: those belong to the program's own threads. */
static int add_helper(struct tni_resolver *self)
{
    struct helper *helper = &self->helpers[self->helper_count];
    sigset_t all, before;
    int error;

    helper->resolver = self;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&helper->thread, NULL, help, helper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        self->helper_count++;
        self->users++;
        return 0;
    }
    /* Those that there are will come to it. */
    if (self->helper_count > 0)
        return 0;
    return tni_fail(-error, "no thread can be started to resolve names: %s", tni_error_name(error));
}

static struct tni_resolution *request_new(struct tni_resolver *resolver, const char *host,
                                          const char *service)
{
    size_t host_size = strlen(host) + 1;
    size_t service_size = service ? strlen(service) + 1 : 0;
    struct tni_resolution *request = tni_calloc(1, sizeof *request + host_size + service_size);

    if (!request)
        return NULL;
    tni_link_init(&request->link);
    request->resolver = resolver;
    request->host = memcpy(request->text, host, host_size);
    if (service)
        request->service = memcpy(request->text + host_size, service, service_size);
    return request;
}

/* Lock held. */
static int enqueue(struct tni_resolver *self, struct tni_resolution *request)
{
    int code = 0;

    if (self->queued >= MAX_QUEUED)
        return tni_fail(-EBUSY, "the name '%s' is not looked up: %d others wait already",
                        request->host, MAX_QUEUED);
    if (self->queued >= self->idle && self->helper_count < MAX_HELPERS)
        code = add_helper(self);
    if (code < 0)
        return code;
    tni_list_append(&self->queue, &request->link);
    self->queued++;
    self->users++;
    pthread_cond_signal(&self->work);
    return 0;
}

int tni_resolver_start(struct tni_resolver *resolver, const char *host, const char *service,
                       int family, int flags, tni_resolved_fn *done, void *arg,
                       struct tni_resolution **out_resolution)
{
    struct tni_resolution *request = request_new(resolver, host, service);
    int code;

    if (!request)
        return tni_fail(-ENOMEM, "the name '%s' is not looked up: no memory", host);
    request->done = done;
    request->arg = arg;
    request->hints =
        (struct addrinfo){.ai_family = family, .ai_flags = flags, .ai_socktype = SOCK_STREAM};
    pthread_mutex_lock(&resolver->lock);
    code = enqueue(resolver, request);
    if (code == 0)
        *out_resolution = request;
    pthread_mutex_unlock(&resolver->lock);
    if (code < 0)
        tni_free(request);
    return code;
}

void tni_resolution_cancel(struct tni_resolution *resolution)
{
    struct tni_resolver *resolver;

    if (!resolution)
        return;
    resolver = resolution->resolver;
    pthread_mutex_lock(&resolver->lock);
    if (resolution->stage == QUEUED) {
        tni_link_remove(&resolution->link);
        resolver->queued--;
        resolution->stage = OVER;
    }
    while (resolution->stage == ANSWERING && !pthread_equal(resolution->answerer, pthread_self()))
        pthread_cond_wait(&resolver->answered, &resolver->lock);
    if (resolution->stage != OVER) {
        resolution->is_cancelled = true;
        resolution->is_released = true;
        pthread_mutex_unlock(&resolver->lock);
        return;
    }
    tni_free(resolution);
    leave(resolver);
}
