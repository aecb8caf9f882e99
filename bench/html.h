/*
 * html.h: the results as one page with plots, which needs no other file.
 */
#ifndef TENON_BENCH_HTML_H
#define TENON_BENCH_HTML_H

#include "measure.h"

/** A plot for each value of each case: a bar for the median of each library, with a whisker from the
 *  minimum to the maximum. 0 or -1 after a message. */
int report_html(const char *path, const struct bench_result *results, size_t count);

#endif
