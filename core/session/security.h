/*
 * security.h: what an endpoint's options say about who may talk to it: the mechanism, and who is asked.
 *
 * Part of a tni_config: made with it on the application's thread, constant afterwards, read by any
 * thread. The states of the mechanism and the authenticator may hold secrets and are wiped at the end.
 */
#ifndef TNI_SECURITY_H
#define TNI_SECURITY_H

#include <stdbool.h>

#include <tenon/authenticator.h>
#include <tenon/tenon.h>

#include "module/registry.h"
#include "options/options.h"

struct tni_config;

struct tni_security {
    const struct tni_feature *mechanism;
    void *mechanism_state; /* what prepare filled; NULL: none; so below */
    bool is_server; /* as prepare said */
    const struct tni_feature *authenticator; /* NULL: nobody is asked, or the program is */
    void *authenticator_state;
    tn_ask_fn ask; /* the program's; NULL: none */
    void *ask_arg;
};

/** Finds and prepares both as the config's options say. -EINVAL with a sentence: they contradict each
 *  other; what a module says; -TN_EMODULE, -TN_EDENIED, -ENOMEM. */
int tni_security_init(struct tni_security *security, const struct tni_config *config);
void tni_security_fini(struct tni_security *security);

/** "" when none is set. */
static inline const char *tni_security_domain(const struct tni_options *options)
{
    return options->zap_domain ? options->zap_domain : "";
}

/** Whether somebody is asked about each peer. */
static inline bool tni_security_asks(const struct tni_security *security)
{
    return security->authenticator || security->ask;
}

/** Whether a peer gets in when nobody is there to ask. */
bool tni_security_allows_absence(const struct tni_config *config);

/** Whether a peer that can prove nothing must stay out: one of a protocol without mechanisms. */
bool tni_security_is_on(const struct tni_config *config);

#endif
