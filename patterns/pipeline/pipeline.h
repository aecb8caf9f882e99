/*
 * pipeline.h: PUSH and PULL (RFC 30): work handed out in turn, and collected fairly. SCATTER and
 * GATHER (RFC 49) are the same with messages of one frame.
 *
 * Under the socket's lock, as pattern.h says.
 */
#ifndef TNI_PIPELINE_H
#define TNI_PIPELINE_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_push_ops;
extern const tn_pattern_ops_t tni_pull_ops;
extern const tn_pattern_ops_t tni_scatter_ops;
extern const tn_pattern_ops_t tni_gather_ops;

#endif
