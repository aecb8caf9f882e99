#include "session/security.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "session/config.h"
#include "socket/ctx.h"
#include "socket/socket.h"

static const char nobody[] = "none";

static const tn_mechanism_ops_t *mechanism_ops(const struct tni_security *security)
{
    return &security->mechanism->ops.mechanism;
}

static bool needs_verdict(const struct tni_security *security)
{
    return security->is_server && (mechanism_ops(security)->flags & TN_MECHANISM_NEEDS_VERDICT);
}

/* ------------------------------------------------------------------ the mechanism */

static int prepare_mechanism(struct tni_security *security, const struct tni_config *config)
{
    const tn_mechanism_ops_t *ops = mechanism_ops(security);
    const struct tn_setup setup = {.config = config, .layer = security->mechanism};
    int rc;

    if (ops->endpoint_state == 0)
        return 0;
    security->mechanism_state = tni_calloc(1, ops->endpoint_state);
    if (!security->mechanism_state)
        return tni_fail(-ENOMEM, "out of memory for an endpoint");
    rc = ops->prepare(security->mechanism_state, &setup, &config->sock->ctx->host, config->role);
    security->is_server = rc > 0;
    return rc < 0 ? rc : 0;
}

static bool can_be_overheard(const struct tni_config *config)
{
    const unsigned guards = TN_TRANSPORT_PROTECTS | TN_TRANSPORT_STAYS;

    for (unsigned i = 0; i < config->scheme.depth; i++)
        if (config->scheme.layer[i]->ops.transport.flags & guards)
            return false;
    return true;
}

static void warn_of_listeners(const struct tni_security *security, const struct tni_config *config)
{
    if ((mechanism_ops(security)->flags & TN_MECHANISM_TELLS) && can_be_overheard(config))
        tni_log(
            TN_LOG_WARN, "session",
            "%s: the mechanism '%s' shows its credentials to whoever reads along: use a transport "
            "that encrypts, or a mechanism that does",
            config->text, security->mechanism->name);
}

/* ------------------------------------------------------------------ who is asked */

/* One who knows rules by domain has none to say about peers that show nothing, unless a domain is set:
 * an open socket does not wait for somebody who is not there. */
static bool is_asked(const struct tni_security *security, const struct tni_options *options)
{
    const tn_option_desc_t *desc = tni_options_find("authenticator");

    if (strcmp(options->authenticator, nobody) == 0)
        return false;
    if (mechanism_ops(security)->credentials)
        return security->is_server;
    return *tni_security_domain(options) || strcmp(options->authenticator, desc->default_str) != 0;
}

static int check_domain(const struct tni_security *security, const struct tni_options *options)
{
    if (!needs_verdict(security) || *tni_security_domain(options) || !options->zap_enforce_domain ||
        !(security->authenticator->ops.authenticator.flags & TN_AUTHENTICATOR_BY_DOMAIN))
        return 0;
    return tni_fail(
        -EINVAL,
        "mechanism '%s': \"zap_enforce_domain\" is on and \"zap_domain\" is empty: set a "
        "domain, or choose another \"authenticator\"",
        security->mechanism->name);
}

static int prepare_authenticator(struct tni_security *security, const struct tni_config *config)
{
    const tn_authenticator_ops_t *ops = &security->authenticator->ops.authenticator;
    const struct tn_setup setup = {.config = config, .layer = security->authenticator};
    int rc;

    if (ops->endpoint_state == 0)
        return 0;
    security->authenticator_state = tni_calloc(1, ops->endpoint_state);
    if (!security->authenticator_state)
        return tni_fail(-ENOMEM, "out of memory for an endpoint");
    rc = ops->prepare(security->authenticator_state, &setup, &config->sock->ctx->host);
    if (rc < 0) {
        tni_free_secret(security->authenticator_state, ops->endpoint_state);
        security->authenticator_state = NULL;
    }
    return rc;
}

static int find_authenticator(struct tni_security *security, const struct tni_config *config)
{
    const struct tni_options *options = &config->options;
    int rc;

    if (config->sock->ask && (!mechanism_ops(security)->credentials || security->is_server)) {
        security->ask = config->sock->ask;
        security->ask_arg = config->sock->ask_arg;
        return 0;
    }
    if (!is_asked(security, options)) {
        if (!needs_verdict(security))
            return 0;
        return tni_fail(-EINVAL,
                        "mechanism '%s' needs somebody to ask about the peers' credentials: option "
                        "\"authenticator\" is '%s'",
                        security->mechanism->name, options->authenticator);
    }
    rc = tni_registry_find(config->sock->ctx->registry, TN_AUTHENTICATOR, options->authenticator,
                           &security->authenticator);
    if (rc < 0)
        return rc;
    rc = check_domain(security, options);
    return rc < 0 ? rc : prepare_authenticator(security, config);
}

/* ------------------------------------------------------------------ life */

int tni_security_init(struct tni_security *security, const struct tni_config *config)
{
    int rc = tni_registry_find(config->sock->ctx->registry, TN_MECHANISM, config->options.mechanism,
                               &security->mechanism);

    if (rc == 0)
        rc = prepare_mechanism(security, config);
    if (rc == 0)
        rc = find_authenticator(security, config);
    tni_wipe_stack();
    if (rc == 0)
        warn_of_listeners(security, config);
    return rc;
}

void tni_security_fini(struct tni_security *security)
{
    const tn_authenticator_ops_t *authenticator;

    if (security->mechanism)
        tni_free_secret(security->mechanism_state, mechanism_ops(security)->endpoint_state);
    if (!security->authenticator_state)
        return;
    authenticator = &security->authenticator->ops.authenticator;
    authenticator->release(security->authenticator_state);
    tni_free_secret(security->authenticator_state, authenticator->endpoint_state);
}

bool tni_security_allows_absence(const struct tni_config *config)
{
    const struct tni_security *security = &config->security;

    if (needs_verdict(security) || !security->authenticator ||
        !(security->authenticator->ops.authenticator.flags & TN_AUTHENTICATOR_BY_DOMAIN))
        return false;
    return !config->options.zap_enforce_domain || !*tni_security_domain(&config->options);
}

bool tni_security_is_on(const struct tni_config *config)
{
    return mechanism_ops(&config->security)->credentials || tni_security_asks(&config->security);
}
