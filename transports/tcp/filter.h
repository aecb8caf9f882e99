/*
 * filter.h: which addresses may connect ("tcp.accept_filter"): "10.0.0.0/8,192.168.1.7,fd00::/8".
 *
 * Parsing and matching are pure. A peer over IPv4 of a dual-stack socket counts as IPv4.
 */
#ifndef TENON_TCP_FILTER_H
#define TENON_TCP_FILTER_H

#include "../common/address.h"

struct tni_tcp_rule {
    uint8_t family; /* AF_INET, AF_INET6 */
    uint8_t bits; /* of the prefix */
    uint8_t prefix[16];
};

/** Reads one rule, "ADDRESS" or "ADDRESS/BITS". NULL, or what is wrong with it. */
const char *tni_tcp_rule_parse(const char *text, size_t size, struct tni_tcp_rule *out_rule);
bool tni_tcp_rule_matches(const struct tni_tcp_rule *rule, const union sock_name *peer);

#endif
