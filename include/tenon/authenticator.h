/*
 * tenon/authenticator.h: how to add an authenticator.
 *
 * It is asked whether a peer may in (question.h), by option "authenticator" of the socket.
 *
 * Threads. prepare runs on the application's thread, under its socket's lock: it may read files, and
 * waits for nobody. ask runs on a thread of the context that serves questions alone, one at a time and
 * without locks: it may read a file or hash a password; while it does, the other peers of the context
 * wait, so what asks somebody else hands the question on and returns. forget runs on any thread, with
 * the connection's lock held: it must not block, nor answer. release runs wherever the last use ends,
 * and may run while another endpoint is being asked about.
 *
 * Order. A bind or connect: prepare; then ask for each peer that has shown who it is; forget whenever a
 * connection ends before its answer; release after the last ask of the endpoint. The module's fini
 * comes after all of them: questions that it still has must have been answered when it returns.
 *
 * Answers. host->question_answer, inside ask or later, from any thread, exactly once for each question
 * for which ask returned 0, also for one that nobody waits for any more; afterwards neither the question
 * nor its info may be used. The answer and what it points to are borrowed during that call. A peer whose
 * answer does not come is given up after "handshake_ivl".
 *
 * State. The core allocates `endpoint_state` zeroed bytes per bind or connect, and wipes them before it
 * frees them; what the whole module has is made by its init, and guarded by itself.
 */
#ifndef TENON_AUTHENTICATOR_H
#define TENON_AUTHENTICATOR_H

#include <tenon/module.h>
#include <tenon/question.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tn_authenticator_flag {
    /** Rules are looked up by "zap_domain": "zap_enforce_domain" has a meaning. */
    TN_AUTHENTICATOR_BY_DOMAIN = 1,
};

typedef struct tn_authenticator_ops {
    uint32_t size;
    uint32_t flags; /* tn_authenticator_flag */
    uint32_t endpoint_state; /* zeroed bytes per bind or connect; 0: none */
    uint32_t reserved;
    /** Once for each bind and connect that will ask: reads and checks the options (host->setup_option),
     *  whose values are valid during the call. 0; or a code, with a sentence, that fails the bind or
     *  connect: -EINVAL, -ENOMEM, what a file could not be read for; release is not called then. May be
     *  NULL if endpoint_state is 0. */
    int (*prepare)(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host);
    /** After the last connection of the endpoint and the last ask: frees what prepare allocated. May be
     *  NULL. */
    void (*release)(void *endpoint_state);
    /** A peer is at the door. `state` is what the module's init made; `endpoint_state` is valid during the
     *  call, `info` until the question is answered. 0: the question is or will be answered; a negative
     *  code, with a sentence for the log: it will not, and must not be. Then the peer is refused, and may
     *  try again after -ENOMEM, -EMFILE, -ENFILE, -ENOBUFS and -EAGAIN (TN_AUTH_TEMPORARY); after others
     *  it is told (TN_AUTH_ERROR). */
    int (*ask)(tn_module_state_t *state, void *endpoint_state, const tn_host_t *host,
               tn_question_t *question, const tn_question_info_t *info);
    /** Somebody has given up waiting: host->question_is_wanted says for which question, which is answered
     *  nevertheless, whatever the status. It only wakes whoever looks. May be NULL. */
    void (*forget)(tn_module_state_t *state);
} tn_authenticator_ops_t;

#ifdef __cplusplus
}
#endif
#endif
