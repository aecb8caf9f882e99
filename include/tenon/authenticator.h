/*
 * tenon/authenticator.h: how to add an authenticator.
 *
 * It is asked whether a peer may in (question.h), by option "authenticator" of the socket. `ask` runs on
 * a thread of the context that serves questions alone, one at a time and without locks: it may read a
 * file or hash a password, and should not wait for others. The answer is given by
 * host->question_answer, inside ask or later, from any thread, exactly once for each question, also for
 * one that nobody waits for any more.
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
    /** Once for each bind and connect that will ask, on the application's thread: reads and checks the
     *  options (host->setup_option). A code, with a sentence, fails the bind or connect. May be NULL. */
    int (*prepare)(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host);
    /** After the last connection of the endpoint and the last ask; any thread. May be NULL. */
    void (*release)(void *endpoint_state);
    /** `state` is what the module's init made. 0: the question is or will be answered; a negative code:
     *  it will not, and the peer is refused. `endpoint_state` is valid during the call. */
    int (*ask)(tn_module_state_t *state, void *endpoint_state, const tn_host_t *host,
               tn_question_t *question, const tn_question_info_t *info);
    /** Somebody has given up waiting: host->question_is_wanted says for which question. Any thread, with
     *  locks held: it only wakes whoever looks. May be NULL. */
    void (*forget)(tn_module_state_t *state);
} tn_authenticator_ops_t;

#ifdef __cplusplus
}
#endif
#endif
