#include "session/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "session/resolver.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/socket.h"

struct tni_answer {
    int status;
    struct addrinfo *list;
    char reason[200];
};

static void answer_free(struct tni_answer *answer)
{
    if (!answer)
        return;
    if (answer->list)
        freeaddrinfo(answer->list);
    tni_free(answer);
}

static void on_answer(void *arg, int status, const char *reason, struct addrinfo *list)
{
    struct tni_session *session = arg;
    struct tni_answer *answer = tni_calloc(1, sizeof *answer);

    if (answer) {
        answer->status = status;
        answer->list = list;
        snprintf(answer->reason, sizeof answer->reason, "%s", reason ? reason : "");
        answer_free(atomic_exchange(&session->answer, answer));
    } else if (list) {
        freeaddrinfo(list);
    }
    tni_session_post(session, TNI_SESSION_RESOLVED);
}

static struct tni_resolver *resolver_of(struct tn_ctx *ctx)
{
    pthread_mutex_lock(&ctx->lock);
    if (!ctx->resolver)
        ctx->resolver = tni_resolver_new();
    pthread_mutex_unlock(&ctx->lock);
    return ctx->resolver;
}

int tni_session_resolve(struct tni_session *session, const char *host_name, const char *service,
                        int family, int flags)
{
    struct tni_resolver *resolver = resolver_of(session->config->sock->ctx);

    tni_session_forget_question(session);
    if (!resolver)
        return tni_fail(-ENOMEM, "looking up '%s': out of memory", host_name);
    return tni_resolver_start(resolver, host_name, service, family, flags, on_answer, session,
                              &session->resolution);
}

int tni_session_take_answer(struct tni_session *session)
{
    struct tni_answer *answer = atomic_exchange(&session->answer, NULL);
    struct tn_stream *bottom;
    int rc;

    tni_resolution_cancel(session->resolution);
    session->resolution = NULL;
    if (!answer)
        return tni_fail(-ENOMEM, "out of memory for a name's addresses");
    if (!tni_stack_is_open(&session->stack)) {
        answer_free(answer);
        return -EINPROGRESS;
    }
    bottom = tni_stack_bottom(&session->stack);
    if (answer->status < 0)
        tni_fail(answer->status, "%s", answer->reason);
    rc = tni_stream_ops(bottom)->resolved(bottom->state, answer->status, answer->list);
    if (rc == 0)
        bottom->is_ready = true;
    answer_free(answer);
    return rc;
}

void tni_session_forget_question(struct tni_session *session)
{
    tni_resolution_cancel(session->resolution);
    session->resolution = NULL;
    answer_free(atomic_exchange(&session->answer, NULL));
}
