/*
 * mechanism_cases.h: the cases of mechanisms, by the file that they stand in; mechanism.c has their table.
 */
#ifndef TENON_TOOLS_CONFORM_MECHANISM_CASES_H
#define TENON_TOOLS_CONFORM_MECHANISM_CASES_H

#include "conform.h"

/* handshakes.c */
void conform_run_transcript(const struct subject *subject);
void conform_run_wrong_credentials(const struct subject *subject);
void conform_run_verdicts(const struct subject *subject);
void conform_run_two_clients(const struct subject *subject);
void conform_run_two_servers(const struct subject *subject);
void conform_run_other_mechanism(const struct subject *subject);
void conform_run_small_buffers(const struct subject *subject);

/* mutations.c */
void conform_run_prefixes(const struct subject *subject);
void conform_run_bit_flips(const struct subject *subject);
void conform_run_too_long(const struct subject *subject);
void conform_run_repeated(const struct subject *subject);
void conform_run_dropped(const struct subject *subject);
void conform_run_reordered(const struct subject *subject);
void conform_run_replayed(const struct subject *subject);
void conform_run_garbage(const struct subject *subject);

/* frames.c */
void conform_run_messages(const struct subject *subject);
void conform_run_forged_messages(const struct subject *subject);
void conform_run_replayed_messages(const struct subject *subject);

/* mechanism_remains.c */
void conform_run_memory_failures(const struct subject *subject);
void conform_run_mechanism_leaks(const struct subject *subject);
void conform_run_secrets(const struct subject *subject);

/* admission.c */
void conform_run_sockets(const struct subject *subject);

#endif
