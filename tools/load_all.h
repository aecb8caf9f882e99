/*
 * load_all.h: every module that a context knows, loaded. Main thread.
 */
#ifndef TENON_TOOLS_LOAD_ALL_H
#define TENON_TOOLS_LOAD_ALL_H

#include <tenon/tenon.h>

/** What does not load is "failed" in tn_modules() afterwards, with its reason. -ENOMEM. */
int tool_load_all(tn_ctx_t *ctx);
/** Loads one feature, "tcp" or "transport:tcp". Errors as of tn_feature_options(). */
int tool_load(tn_ctx_t *ctx, const char *name);

#endif
