/*
 * pattern_options.h: the options of a socket's pattern: those in the table of its feature.
 *
 * The pattern is told of each value when it is set, and the socket keeps it for whoever asks. A new
 * socket begins with the deployment's defaults, where they are not the module's own. Under the socket's
 * lock.
 */
#ifndef TNI_PATTERN_OPTIONS_H
#define TNI_PATTERN_OPTIONS_H

#include <tenon/module.h>

struct tn_sock;

/** The option's place in the table; negative: it is not an option of the pattern. */
int tni_pattern_option(const struct tn_sock *sock, const char *name);
/** -EACCES, -EINVAL with a sentence; what the pattern says. */
int tni_pattern_option_set(struct tn_sock *sock, int index, const tn_value_t *value);
int tni_pattern_option_get(struct tn_sock *sock, int index, tn_value_t *out_value);
/** Sets what the manifests say for the pattern, which has just been opened. */
int tni_pattern_options_begin(struct tn_sock *sock);

#endif
