/*
 * address.h: the addresses of tcp endpoints as text.
 *
 * "host:port", and before the destination of a connect perhaps a source and ';'. Parsing says in a
 * sentence what is wrong. Nothing here asks a name server: that is resolve_blocking of the listener,
 * or the host's resolver. Any thread, no lock.
 */
#ifndef TENON_TCP_ADDRESS_H
#define TENON_TCP_ADDRESS_H

#include <stdbool.h>

#include <tenon/transport.h>

#include "../common/address.h"

/** An address to listen at. -EINVAL with a sentence. */
int tni_tcp_parse_bind(const tn_host_t *host, const char *address, struct sock_text *out_text);

/** An address to connect to, "[source;]destination". `*out_has_source` says whether `out_source` was
 *  written. -EINVAL with a sentence. */
int tni_tcp_parse_connect(const tn_host_t *host, const char *address, struct sock_text *out_text,
                          struct sock_text *out_source, bool *out_has_source);

#endif
