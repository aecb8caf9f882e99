/*
 * cases.h: the cases of transports, by the file that they stand in; transport.c has their table. Each in a child
 * process of its own.
 */
#ifndef TENON_TOOLS_CONFORM_CASES_H
#define TENON_TOOLS_CONFORM_CASES_H

#include "conform.h"

void conform_run_empty_endpoint(const struct subject *subject);
void conform_run_long_endpoint(const struct subject *subject);
void conform_run_last_endpoint(const struct subject *subject);
void conform_run_duplicate_bind(const struct subject *subject);
void conform_run_bind_again(const struct subject *subject);
void conform_run_options(const struct subject *subject);
void conform_run_exchange(const struct subject *subject);
void conform_run_order(const struct subject *subject);
void conform_run_multipart(const struct subject *subject);
void conform_run_huge_message(const struct subject *subject);
void conform_run_fragments(const struct subject *subject);
void conform_run_high_water_mark(const struct subject *subject);
void conform_run_connect_first(const struct subject *subject);
void conform_run_refused(const struct subject *subject);
void conform_run_cancelled(const struct subject *subject);
void conform_run_many_connections(const struct subject *subject);
void conform_run_reconnect(const struct subject *subject);
void conform_run_killed_peer(const struct subject *subject);
void conform_run_killed_reader(const struct subject *subject);
void conform_run_endpoint_parsing(const struct subject *subject);
void conform_run_dial(const struct subject *subject);
void conform_run_accept(const struct subject *subject);
void conform_run_short_reads(const struct subject *subject);
void conform_run_short_writes(const struct subject *subject);
void conform_run_half_close(const struct subject *subject);
void conform_run_killed_at_every_stage(const struct subject *subject);
void conform_run_thread_and_lock_rules(const struct subject *subject);
void conform_run_leaks(const struct subject *subject);
void conform_run_shutdown(const struct subject *subject);

#endif
