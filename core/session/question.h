/*
 * question.h: one question to an authenticator, from the connection that it is about to its answer.
 *
 * Counted: the session holds one reference while it waits, the asker one while it is queued, whoever has
 * to answer one until it does. It keeps copies of everything it tells, wiped at the end. `lock` is a
 * leaf, taken under a reactor's lock or under none.
 */
#ifndef TNI_QUESTION_H
#define TNI_QUESTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <tenon/mechanism.h>
#include <tenon/question.h>

#include "base/list.h"

struct tni_config;
struct tni_session;

enum { TNI_REASON_MAX = 160 };

/** What has been answered. */
struct tni_verdict {
    int status; /* tn_auth_status */
    int fault; /* tn_fault; 0: none */
    char *user_id; /* or NULL */
    uint8_t *metadata;
    size_t metadata_size;
    char reason[TNI_REASON_MAX];
};

struct tn_question {
    atomic_uint refs;
    struct tni_link link; /* the asker's queue */
    pthread_mutex_t lock;
    struct tni_session *session; /* NULL: nobody waits any more. Under `lock`, so below */
    bool is_answered;
    struct tni_verdict verdict;
    struct tni_config *config; /* counted, until it has been put; of the asker */
    const tn_host_t *host;
    tn_question_info_t info;
    tn_question_credential_t credentials[TN_CREDENTIALS_MAX];
    size_t size; /* of all of it */
    char bytes[];
};

/** Asks about the session's peer, which has these credentials. Under the reactor's lock. -ENOMEM; what
 *  the system said when it gave no thread. On success the session holds the question. */
int tni_question_ask(struct tni_session *session, const char *mechanism,
                     const tn_credential_t *credentials, int count);
/** Gives the answer, which is then the caller's to clear; false: there is none yet. Ends the question. */
bool tni_question_take(struct tni_session *session, struct tni_verdict *out_verdict);
void tni_verdict_clear(struct tni_verdict *verdict);
/** The session no longer waits. Harmless without a question. */
void tni_question_forget(struct tni_session *session);

/** Puts it to whoever is to answer. The asker's thread, without locks. */
void tni_question_put(struct tn_question *question);
void tni_question_ref(struct tn_question *question);
void tni_question_unref(struct tn_question *question);

/** The entries of the host table. */
void tni_question_complete(tn_host_t *host);

#endif
