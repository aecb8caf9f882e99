/*
 * ctx_options.h: numbers that a context has, and what its sockets begin with.
 *
 * Under the context's lock, until the first socket is made; constant afterwards. A socket begins with the
 * context's set of options: our defaults, then what the program set as "socket.NAME" of the context, then
 * what the manifests say as `socket.NAME`. Of a context's own options the manifests' `context.NAME` go
 * before what the program set.
 */
#ifndef TNI_CTX_OPTIONS_H
#define TNI_CTX_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <tenon/module.h>
#include <tenon/tenon.h>

struct tn_ctx;

/** The defaults. */
void tni_ctx_options_init(struct tn_ctx *ctx);

/** -TN_ENOOPTION, -EINVAL. `name` may be "socket.NAME". */
int tni_ctx_option_set(struct tn_ctx *ctx, const char *name, int64_t value);
int tni_ctx_option_get(const struct tn_ctx *ctx, const char *name, int64_t *out_value);
/** "socket.NAME" alone. -TN_ENOOPTION, -EINVAL, -ENOMEM. */
int tni_ctx_option_set_text(struct tn_ctx *ctx, const char *name, const char *text);

/** Takes what the manifests say. -TN_EMODULE: of an option that there is not, or a value that it does not
 *  take; -ENOMEM. */
int tni_ctx_options_apply(struct tn_ctx *ctx);

/** Visits the options of every "context" or of every "socket", as tn_feature_options(). -TN_ENOOPTION:
 *  `name` is neither. */
int tni_ctx_options_each(struct tn_ctx *ctx, const char *name,
                         int (*visit)(const tn_option_info_t *info, void *arg), void *arg);

/** The n-th description of a context's own options; NULL after the last. */
const tn_option_desc_t *tni_ctx_options_at(size_t index);

#endif
