#include "session/asker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/list.h"
#include "base/memory.h"
#include "session/question.h"
#include "socket/ctx.h"

struct tni_asker {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
    struct tni_link queue; /* of questions */
    bool is_stopping;
};

static void *serve(void *arg)
{
    struct tni_asker *self = arg;
    struct tn_question *question;

    pthread_mutex_lock(&self->lock);
    while (!self->is_stopping) {
        if (tni_list_is_empty(&self->queue)) {
            pthread_cond_wait(&self->work, &self->lock);
            continue;
        }
        question = tni_container(self->queue.next, struct tn_question, link);
        tni_link_remove(&question->link);
        pthread_mutex_unlock(&self->lock);
        tni_question_put(question);
        tni_question_unref(question);
        tni_wipe_stack();
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static void discard(struct tni_asker *self)
{
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->work);
    tni_free(self);
}

/* Whatever is in the way of a thread may be gone at the next attempt: nothing is said about the peer.
 * The thread takes no signals: those belong to the program's own threads. */
static int asker_new(struct tni_asker **out_asker)
{
    struct tni_asker *self = tni_calloc(1, sizeof *self);
    sigset_t all, before;
    int error;

    if (!self)
        return tni_fail(-ENOMEM, "out of memory to ask about a peer");
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->work, NULL);
    tni_link_init(&self->queue);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&self->thread, NULL, serve, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        discard(self);
        return tni_fail(-EAGAIN, "no thread can be started to ask about a peer: %s",
                        tni_error_name(error));
    }
    *out_asker = self;
    return 0;
}

int tni_asker_push(struct tn_ctx *ctx, struct tn_question *question)
{
    struct tni_asker *asker;
    int rc = 0;

    pthread_mutex_lock(&ctx->lock);
    if (!ctx->asker)
        rc = asker_new(&ctx->asker);
    asker = ctx->asker;
    pthread_mutex_unlock(&ctx->lock);
    if (rc < 0)
        return rc;
    tni_question_ref(question);
    pthread_mutex_lock(&asker->lock);
    tni_list_append(&asker->queue, &question->link);
    pthread_cond_signal(&asker->work);
    pthread_mutex_unlock(&asker->lock);
    return 0;
}

void tni_asker_free(struct tni_asker *asker)
{
    if (!asker)
        return;
    pthread_mutex_lock(&asker->lock);
    asker->is_stopping = true;
    pthread_cond_signal(&asker->work);
    pthread_mutex_unlock(&asker->lock);
    pthread_join(asker->thread, NULL);
    tni_list_each_safe (link, &asker->queue) {
        struct tn_question *question = tni_container(link, struct tn_question, link);
        tni_link_remove(link);
        tni_question_unref(question);
    }
    discard(asker);
}
