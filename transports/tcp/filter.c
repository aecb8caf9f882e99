#include "filter.h"

enum { V4_BITS = 32, V6_BITS = 128 };

static const char *parse_bits(const char *text, unsigned most, uint8_t *out_bits)
{
    unsigned bits = 0;

    if (*text == '\0' || strlen(text) > 3)
        return "the number of bits after '/' is missing or too large";
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return "what follows '/' is no number of bits";
        bits = bits * 10 + (unsigned)(*text - '0');
    }
    if (bits > most)
        return "there are more bits after '/' than the address has";
    *out_bits = (uint8_t)bits;
    return NULL;
}

const char *tni_tcp_rule_parse(const char *text, size_t size, struct tni_tcp_rule *out_rule)
{
    char copy[INET6_ADDRSTRLEN + 4 + 1];
    char *slash;
    unsigned most;

    if (size == 0)
        return "an item is empty";
    if (size >= sizeof copy)
        return "it is longer than any address";
    memcpy(copy, text, size);
    copy[size] = '\0';
    slash = strchr(copy, '/');
    if (slash)
        *slash++ = '\0';
    memset(out_rule, 0, sizeof *out_rule);
    if (inet_pton(AF_INET, copy, out_rule->prefix) == 1)
        out_rule->family = AF_INET;
    else if (inet_pton(AF_INET6, copy, out_rule->prefix) == 1)
        out_rule->family = AF_INET6;
    else
        return "it is neither an IPv4 nor an IPv6 address";
    most = out_rule->family == AF_INET ? V4_BITS : V6_BITS;
    out_rule->bits = (uint8_t)most;
    return slash ? parse_bits(slash, most, &out_rule->bits) : NULL;
}

bool tni_tcp_rule_matches(const struct tni_tcp_rule *rule, const union sock_name *peer)
{
    const uint8_t *bytes = (const uint8_t *)&peer->v4.sin_addr;
    uint8_t family = (uint8_t)peer->any.sa_family;
    size_t whole = rule->bits / 8;
    uint8_t rest = rule->bits % 8;

    if (family == AF_INET6) {
        bytes = peer->v6.sin6_addr.s6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr)) {
            family = AF_INET;
            bytes += 12;
        }
    }
    if (family != rule->family || memcmp(bytes, rule->prefix, whole) != 0)
        return false;
    return rest == 0 || (uint8_t)((bytes[whole] ^ rule->prefix[whole]) >> (8 - rest)) == 0;
}
