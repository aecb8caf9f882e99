/*
 * suggest.h: "did you mean ...?"
 *
 * The nearest of some known names, by edit distance. Any thread, no lock, no allocation.
 */
#ifndef TNI_SUGGEST_H
#define TNI_SUGGEST_H

#include <stddef.h>

/** The name that differs least from `wanted`, or NULL when none is near enough to be meant. NULL
 *  entries are skipped. Borrows from `names`. */
const char *tni_nearest(const char *wanted, const char *const *names, size_t n);

#endif
