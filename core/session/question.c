#include "session/question.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "module/abi.h"
#include "session/asker.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/socket.h"

/* ------------------------------------------------------------------ making and references */

/* "tcp://[::1]:5555" is asked about as "::1"; what has no IP address, as "". */
static void put_address(const struct tni_session *session, char out[INET6_ADDRSTRLEN])
{
    const char *remote = session->stack.remote ? session->stack.remote : "";
    const char *scheme = strstr(remote, "://");
    const char *host = scheme ? scheme + 3 : remote;
    const char *colon = strrchr(host, ':');
    size_t size = colon ? (size_t)(colon - host) : 0;
    const char *scope;
    struct in6_addr address;

    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    scope = memchr(host, '%', size);
    if (scope)
        size = (size_t)(scope - host);
    snprintf(out, INET6_ADDRSTRLEN, "%.*s", (int)size, host);
    if (inet_pton(AF_INET, out, &address) != 1 && inet_pton(AF_INET6, out, &address) != 1)
        out[0] = '\0';
}

static const char *put(char **at, const void *data, size_t size)
{
    char *start = *at;

    if (size)
        memcpy(start, data, size);
    start[size] = '\0';
    *at = start + size + 1;
    return start;
}

static size_t measure(const struct tni_config *config, const char *mechanism, const char *address,
                      const tn_credential_t *credentials, int count)
{
    const char *domain = tni_security_domain(&config->options);
    size_t size = sizeof(struct tn_question) + strlen(mechanism) + strlen(address) +
                  strlen(domain) + config->options.routing_id.size + strlen(config->text) + 5;

    for (int i = 0; i < count; i++)
        size += (size_t)credentials[i].size + 1;
    return size;
}

static struct tn_question *question_new(struct tni_session *session, const char *mechanism,
                                        const tn_credential_t *credentials, int count)
{
    struct tni_config *config = session->config;
    const struct tni_id *id = &config->options.routing_id;
    const char *domain = tni_security_domain(&config->options);
    char address[INET6_ADDRSTRLEN];
    struct tn_question *question;
    size_t size;
    char *at;

    put_address(session, address);
    size = measure(config, mechanism, address, credentials, count);
    question = tni_calloc(1, size);
    if (!question)
        return NULL;
    atomic_init(&question->refs, 1);
    tni_link_init(&question->link);
    pthread_mutex_init(&question->lock, NULL);
    question->session = session;
    question->config = tni_config_ref(config);
    question->host = &config->sock->ctx->host;
    question->size = size;
    at = question->bytes;
    question->info = (tn_question_info_t){.size = sizeof question->info,
                                          .credential_count = (uint32_t)count,
                                          .credentials = question->credentials,
                                          .routing_id_size = id->size};
    question->info.mechanism = put(&at, mechanism, strlen(mechanism));
    question->info.domain = put(&at, domain, strlen(domain));
    question->info.address = put(&at, address, strlen(address));
    question->info.routing_id = put(&at, id->bytes, id->size);
    question->info.endpoint = put(&at, config->text, strlen(config->text));
    for (int i = 0; i < count; i++) {
        question->credentials[i].size = credentials[i].size;
        question->credentials[i].data = put(&at, credentials[i].data, (size_t)credentials[i].size);
    }
    return question;
}

void tni_question_ref(struct tn_question *question)
{
    atomic_fetch_add_explicit(&question->refs, 1, memory_order_relaxed);
}

void tni_verdict_clear(struct tni_verdict *verdict)
{
    tni_free(verdict->user_id);
    tni_free(verdict->metadata);
    memset(verdict, 0, sizeof *verdict);
}

void tni_question_unref(struct tn_question *question)
{
    if (atomic_fetch_sub_explicit(&question->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (question->config)
        tni_config_unref(question->config);
    tni_verdict_clear(&question->verdict);
    pthread_mutex_destroy(&question->lock);
    tni_free_secret(question, question->size);
}

/* ------------------------------------------------------------------ the session's side */

int tni_question_ask(struct tni_session *session, const char *mechanism,
                     const tn_credential_t *credentials, int count)
{
    struct tn_question *question = question_new(session, mechanism, credentials, count);
    int rc;

    if (!question)
        return tni_fail(-ENOMEM, "out of memory to ask about a peer");
    rc = tni_asker_push(session->config->sock->ctx, question);
    if (rc < 0) {
        tni_question_unref(question);
        return rc;
    }
    session->question = question;
    return 0;
}

bool tni_question_take(struct tni_session *session, struct tni_verdict *out_verdict)
{
    struct tn_question *question = session->question;
    bool is_answered;

    if (!question)
        return false;
    pthread_mutex_lock(&question->lock);
    is_answered = question->is_answered;
    if (is_answered) {
        *out_verdict = question->verdict;
        question->verdict = (struct tni_verdict){0};
        question->session = NULL;
    }
    pthread_mutex_unlock(&question->lock);
    if (!is_answered)
        return false;
    session->question = NULL;
    tni_question_unref(question);
    return true;
}

void tni_question_forget(struct tni_session *session)
{
    const struct tni_feature *authenticator = session->config->security.authenticator;
    struct tn_question *question = session->question;

    if (!question)
        return;
    pthread_mutex_lock(&question->lock);
    question->session = NULL;
    pthread_mutex_unlock(&question->lock);
    session->question = NULL;
    tni_question_unref(question);
    if (authenticator)
        authenticator->ops.authenticator.forget(authenticator->module_state);
}

/* ------------------------------------------------------------------ the other side */

static int is_wanted(tn_question_t *question)
{
    bool wanted;

    pthread_mutex_lock(&question->lock);
    wanted = question->session != NULL;
    pthread_mutex_unlock(&question->lock);
    return wanted;
}

static void keep(struct tni_verdict *verdict, const tn_answer_t *answer)
{
    if (!answer || answer->size < TNI_ANSWER_1_0) {
        verdict->status = TN_AUTH_ERROR;
        snprintf(verdict->reason, sizeof verdict->reason,
                 "the authenticator's answer is NULL, or its 'size' is not set");
        return;
    }
    verdict->status = answer->status;
    verdict->fault = answer->fault;
    if (answer->reason)
        snprintf(verdict->reason, sizeof verdict->reason, "%s", answer->reason);
    if (answer->user_id)
        verdict->user_id = tni_strdup(answer->user_id);
    if (answer->metadata_size)
        verdict->metadata = tni_malloc((size_t)answer->metadata_size);
    if (verdict->metadata) {
        memcpy(verdict->metadata, answer->metadata, (size_t)answer->metadata_size);
        verdict->metadata_size = (size_t)answer->metadata_size;
    }
    if ((answer->user_id && !verdict->user_id) || (answer->metadata_size && !verdict->metadata)) {
        verdict->status = TN_AUTH_TEMPORARY;
        snprintf(verdict->reason, sizeof verdict->reason, "out of memory for the answer");
    }
}

static void answer_question(tn_question_t *question, const tn_answer_t *answer)
{
    pthread_mutex_lock(&question->lock);
    if (!question->is_answered) {
        question->is_answered = true;
        keep(&question->verdict, answer);
        if (question->session)
            tni_session_post(question->session, TNI_SESSION_ANSWERED);
    }
    pthread_mutex_unlock(&question->lock);
    tni_question_unref(question);
}

int tn_answer(tn_question_t *question, const tn_answer_t *answer)
{
    if (!question || !answer || answer->size < TNI_ANSWER_1_0)
        return tni_fail(-EINVAL, "tn_answer: the question or the answer is NULL, or the answer's "
                                 "'size' is not set");
    answer_question(question, answer);
    return 0;
}

static bool is_shortage(int code)
{
    return code == -ENOMEM || code == -EMFILE || code == -ENFILE || code == -ENOBUFS ||
           code == -EAGAIN;
}

void tni_question_put(struct tn_question *question)
{
    struct tni_config *config = question->config;
    const struct tni_security *security = &config->security;
    const struct tni_feature *feature = security->authenticator;
    int rc = 0;

    if (!is_wanted(question))
        return;
    tni_question_ref(question); /* of whoever answers */
    if (security->ask)
        security->ask(question, &question->info, security->ask_arg);
    else
        rc = feature->ops.authenticator.ask(feature->module_state, security->authenticator_state,
                                            question->host, question, &question->info);
    if (rc < 0) {
        const tn_answer_t answer = {.size = sizeof answer,
                                    .status = is_shortage(rc) ? TN_AUTH_TEMPORARY : TN_AUTH_ERROR,
                                    .reason = tni_error_text()};
        answer_question(question, &answer);
    }
    /* Whoever answers late finds nothing of a context that may have ended. */
    question->config = NULL;
    tni_config_unref(config);
}

void tni_question_complete(tn_host_t *host)
{
    host->question_answer = answer_question;
    host->question_is_wanted = is_wanted;
}
