/*
 * rules.h: who may in, as a file says.
 *
 * One rule a line: a kind and values, separated by blanks; '#' begins a comment. Values may be quoted.
 *
 *   user NAME HASH [domain=D]          PLAIN: a name and what crypt(3) made of the password
 *   key Z85|HEX [NAME] [domain=D]      CURVE: a client's public key
 *   certificate NAME [domain=D]        TLS: the subject, "DNS:NAME" or another name of the
 *                                      certificate, or its fingerprint
 *   address ADDRESS[/BITS] [domain=D]  any mechanism; with one such line, peers from elsewhere are
 *                                      refused
 *
 * A rule without a domain is one of every domain. What no rule admits is refused; so is everybody when
 * there is no rule. Immutable once read; any thread.
 */
#ifndef FILE_RULES_H
#define FILE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <tenon/authenticator.h>

enum rule_kind { RULE_USER, RULE_KEY, RULE_CERTIFICATE, RULE_ADDRESS };

enum { RULES_MAX = 65536, RULES_FILE_MAX = 16 * 1024 * 1024, RULES_WHY = 160 };

struct rule {
    enum rule_kind kind;
    const char *name; /* user, certificate; of a key: the user id it stands for */
    const char *secret; /* hash of a user's password */
    const char *domain; /* NULL: every one */
    unsigned char bytes[32]; /* key, or address in IPv6 form */
    unsigned bits; /* of the address that count */
};

struct rules {
    size_t count;
    struct rule *rule;
    char *text; /* what the names lie in */
};

/** Reads `size` bytes. -EINVAL: `why` says what is wrong, and in which line; -ENOMEM. */
int rules_parse(const tn_host_t *host, const char *text, size_t size, struct rules **out_rules,
                char why[RULES_WHY]);
void rules_free(const tn_host_t *host, struct rules *rules);

/** Reads an IPv4 or IPv6 address, with "/BITS" if they are wanted, into IPv6 form. */
bool rules_read_address(const char *text, unsigned char out[16], unsigned *out_bits);

/** TN_AUTH_OK or TN_AUTH_DENIED; `*out_user` is who the peer is, "" if nobody says, and borrows the rules
 *  or `info`. May take the time of a password hash. */
int rules_judge(const struct rules *rules, const tn_question_info_t *info, const char **out_user,
                const char **out_reason);

#endif
