/*
 * log.h: lines to standard error, as TENON_LOG asks for.
 *
 * TENON_LOG=LEVEL[,CATEGORY...] with LEVEL error, warn (the default), info or debug, and categories
 * such as module, policy, session. One line an event, one write a line. Any thread, no lock.
 */
#ifndef TNI_LOG_H
#define TNI_LOG_H

#include <stdbool.h>

#include <tenon/module.h>

/** Whether a line of this level and category would be written: for lines that are costly to make. */
bool tni_log_wants(int level, const char *category);

void tni_log(int level, const char *category, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

#endif
