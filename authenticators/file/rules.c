/* rules.c: what the rules say about a peer. */
#include "rules.h"

#include <crypt.h>
#include <string.h>

static bool is_of_domain(const struct rule *rule, const tn_question_info_t *info)
{
    return !rule->domain || strcmp(rule->domain, info->domain) == 0;
}

/* In the same time wherever they differ. */
static bool is_equal(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;
    unsigned differs = 0;

    for (size_t i = 0; i < size; i++)
        differs |= (unsigned)(x[i] ^ y[i]);
    return differs == 0;
}

/* ------------------------------------------------------------------ addresses */

static bool is_within(const struct rule *rule, const unsigned char address[16])
{
    for (unsigned bit = 0; bit < rule->bits; bit++) {
        unsigned mask = 0x80u >> (bit % 8);
        if ((rule->bytes[bit / 8] ^ address[bit / 8]) & mask)
            return false;
    }
    return true;
}

static bool has_address_rules(const struct rules *rules, const tn_question_info_t *info)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->rule[i].kind == RULE_ADDRESS && is_of_domain(&rules->rule[i], info))
            return true;
    return false;
}

/* Rules about addresses restrict all others; alone they are enough for peers that show nothing. */
static bool is_from_right_place(const struct rules *rules, const tn_question_info_t *info)
{
    unsigned char address[16];
    unsigned bits;

    if (!has_address_rules(rules, info))
        return true;
    if (!rules_read_address(info->address, address, &bits))
        return false;
    for (size_t i = 0; i < rules->count; i++)
        if (rules->rule[i].kind == RULE_ADDRESS && is_of_domain(&rules->rule[i], info) &&
            is_within(&rules->rule[i], address))
            return true;
    return false;
}

/* ------------------------------------------------------------------ credentials */

static bool is_password(const struct rule *rule, const tn_question_credential_t *password)
{
    struct crypt_data data;
    const char *hash;
    bool is_good;

    memset(&data, 0, sizeof data);
    hash = crypt_rn(password->data, rule->secret, &data, (int)sizeof data);
    is_good = hash && *hash == '$' && strlen(hash) == strlen(rule->secret) &&
              is_equal(hash, rule->secret, strlen(hash));
    explicit_bzero(&data, sizeof data);
    return is_good;
}

/* A name that is not there costs as much time as a wrong password. */
static const struct rule *find_user(const struct rules *rules, const tn_question_info_t *info)
{
    const struct rule *any = NULL;

    if (info->credential_count != 2 ||
        strlen(info->credentials[0].data) != info->credentials[0].size ||
        strlen(info->credentials[1].data) != info->credentials[1].size)
        return NULL;
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];

        if (rule->kind != RULE_USER)
            continue;
        any = rule;
        if (is_of_domain(rule, info) && strcmp(rule->name, info->credentials[0].data) == 0)
            return is_password(rule, &info->credentials[1]) ? rule : NULL;
    }
    if (any)
        is_password(any, &info->credentials[1]);
    return NULL;
}

static const struct rule *find_key(const struct rules *rules, const tn_question_info_t *info)
{
    if (info->credential_count != 1 || info->credentials[0].size != 32)
        return NULL;
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];

        if (rule->kind == RULE_KEY && is_of_domain(rule, info) &&
            is_equal(rule->bytes, info->credentials[0].data, 32))
            return rule;
    }
    return NULL;
}

/* "DNS:a.example, IP:::1": each name by itself, in which no comma is. */
static bool has_name(const char *list, const char *name)
{
    size_t size = strlen(name);

    while (*list) {
        size_t length = strcspn(list, ",");
        if (length == size && strncmp(list, name, size) == 0)
            return true;
        list += length;
        list += strspn(list, ", ");
    }
    return false;
}

/* Subject, list of names, fingerprint: only the list is taken apart, as a subject may hold anything. */
static bool is_certified(const struct rule *rule, const tn_question_info_t *info)
{
    return strcmp(info->credentials[0].data, rule->name) == 0 ||
           has_name(info->credentials[1].data, rule->name) ||
           strcmp(info->credentials[2].data, rule->name) == 0;
}

static const struct rule *find_certificate(const struct rules *rules,
                                           const tn_question_info_t *info)
{
    for (size_t i = 0; i < rules->count && info->credential_count == 3; i++) {
        const struct rule *rule = &rules->rule[i];

        if (rule->kind == RULE_CERTIFICATE && is_of_domain(rule, info) && *rule->name &&
            is_certified(rule, info))
            return rule;
    }
    return NULL;
}

/* ------------------------------------------------------------------ */

int rules_judge(const struct rules *rules, const tn_question_info_t *info, const char **out_user,
                const char **out_reason)
{
    const struct rule *rule = NULL;

    *out_user = "";
    *out_reason = "the file has no such credentials";
    if (!is_from_right_place(rules, info)) {
        *out_reason = "the file does not admit the address";
        return TN_AUTH_DENIED;
    }
    if (strcmp(info->mechanism, "PLAIN") == 0)
        rule = find_user(rules, info);
    else if (strcmp(info->mechanism, "CURVE") == 0)
        rule = find_key(rules, info);
    else if (strcmp(info->mechanism, "TLS") == 0)
        rule = find_certificate(rules, info);
    else if (strcmp(info->mechanism, "NULL") == 0)
        return has_address_rules(rules, info) ? TN_AUTH_OK : TN_AUTH_DENIED;
    if (!rule)
        return TN_AUTH_DENIED;
    *out_user = rule->name;
    *out_reason = NULL;
    return TN_AUTH_OK;
}
