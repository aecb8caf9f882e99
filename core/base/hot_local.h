/*
 * hot_local.h: thread-local variables that every message passes.
 *
 * The initial-exec model reads them without a call. The room that a library opened at run time has for
 * such variables is small: a few words in all, nothing larger.
 */
#ifndef TNI_HOT_LOCAL_H
#define TNI_HOT_LOCAL_H

#define TNI_HOT_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

#endif
