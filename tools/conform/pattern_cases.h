/*
 * pattern_cases.h: the cases of patterns, by the file that they stand in; pattern.c has their table.
 */
#ifndef TENON_TOOLS_CONFORM_PATTERN_CASES_H
#define TENON_TOOLS_CONFORM_PATTERN_CASES_H

#include "conform.h"

/* options.c */
void conform_run_descriptor(const struct subject *subject);
void conform_run_feature_options(const struct subject *subject);

/* script_run.c */
void conform_run_script(const struct subject *subject);

/* flow.c */
void conform_run_messages_pass(const struct subject *subject);
void conform_run_would_block(const struct subject *subject);
void conform_run_poll_agrees(const struct subject *subject);
void conform_run_marks(const struct subject *subject);
void conform_run_no_allocation(const struct subject *subject);

/* peers.c */
void conform_run_come_and_go(const struct subject *subject);
void conform_run_cut_messages(const struct subject *subject);
void conform_run_reply_to_gone(const struct subject *subject);
void conform_run_many_peers(const struct subject *subject);
void conform_run_junk(const struct subject *subject);

/* pattern_remains.c */
void conform_run_pattern_leaks(const struct subject *subject);
void conform_run_pattern_memory(const struct subject *subject);
void conform_run_lost_connections(const struct subject *subject);
void conform_run_pattern_shutdown(const struct subject *subject);

#endif
