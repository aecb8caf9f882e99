/* parse.c: the text of a rules file. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

enum { WORDS_MAX = 4 };

/* ------------------------------------------------------------------ words */

/* Cuts the next word out of `*at`, in place. 1; 0: none; -1: a quote without an end. */
static int next_word(char **at, char **out_word)
{
    char *from = *at + strspn(*at, " \t\r");
    char *to;

    if (*from == '\0' || *from == '#')
        return 0;
    if (*from == '"') {
        to = strchr(++from, '"');
        if (!to)
            return -1;
    } else {
        to = from + strcspn(from, " \t\r");
    }
    *out_word = from;
    *at = *to ? to + 1 : to;
    *to = '\0';
    return 1;
}

struct line {
    char *words[WORDS_MAX];
    size_t count;
    const char *domain;
};

static const char *split(char *text, struct line *line)
{
    char *word;
    int rc;

    memset(line, 0, sizeof *line);
    while ((rc = next_word(&text, &word)) > 0) {
        if (strncmp(word, "domain=", 7) == 0)
            line->domain = word + 7;
        else if (line->count == WORDS_MAX)
            return "has too many words";
        else
            line->words[line->count++] = word;
    }
    return rc < 0 ? "has a quote without an end" : NULL;
}

/* ------------------------------------------------------------------ values */

static bool read_z85(const char *text, unsigned char out[32])
{
    static const char digits[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

    for (int group = 0; group < 8; group++) {
        uint64_t value = 0;
        for (int i = 0; i < 5; i++) {
            const char *digit = strchr(digits, text[group * 5 + i]);
            if (!digit || !*digit)
                return false;
            value = value * 85 + (uint64_t)(digit - digits);
        }
        if (value > UINT32_MAX)
            return false;
        for (int i = 0; i < 4; i++)
            out[group * 4 + i] = (unsigned char)(value >> (24 - 8 * i));
    }
    return true;
}

static bool read_hex(const char *text, unsigned char out[32])
{
    for (int i = 0; i < 32; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        char *end;
        if (strspn(pair, "0123456789abcdefABCDEF") != 2)
            return false;
        out[i] = (unsigned char)strtoul(pair, &end, 16);
    }
    return true;
}

static bool read_key(const char *text, unsigned char out[32])
{
    return (strlen(text) == 40 && read_z85(text, out)) ||
           (strlen(text) == 64 && read_hex(text, out));
}

bool rules_read_address(const char *text, unsigned char out[16], unsigned *out_bits)
{
    const char *slash = strchr(text, '/');
    char host[INET6_ADDRSTRLEN];
    unsigned most = 128;
    unsigned long bits;
    char *end;

    snprintf(host, sizeof host, "%.*s", slash ? (int)(slash - text) : (int)strlen(text), text);
    memset(out, 0, 16);
    if (inet_pton(AF_INET, host, out + 12) == 1) {
        out[10] = out[11] = 0xff;
        most = 32;
    } else if (inet_pton(AF_INET6, host, out) != 1) {
        return false;
    }
    *out_bits = 128;
    if (!slash)
        return true;
    bits = strtoul(slash + 1, &end, 10);
    if (slash[1] < '0' || slash[1] > '9' || *end || bits > most)
        return false;
    *out_bits = (unsigned)bits + 128 - most;
    return true;
}

/* ------------------------------------------------------------------ rules */

static const char *make_rule(const struct line *line, struct rule *rule)
{
    const char *kind = line->words[0];

    rule->domain = line->domain;
    if (strcmp(kind, "user") == 0) {
        if (line->count != 3)
            return "needs: user NAME HASH";
        rule->kind = RULE_USER;
        rule->name = line->words[1];
        rule->secret = line->words[2];
        return *rule->secret == '$' ? NULL
                                    : "has a password that is not hashed: `mkpasswd` makes hashes";
    }
    if (strcmp(kind, "key") == 0) {
        if (line->count != 2 && line->count != 3)
            return "needs: key KEY [NAME]";
        rule->kind = RULE_KEY;
        rule->name = line->count == 3 ? line->words[2] : "";
        return read_key(line->words[1], rule->bytes)
                   ? NULL
                   : "has a key that is neither 40 characters of Z85 nor 64 of hexadecimal";
    }
    if (strcmp(kind, "certificate") == 0) {
        if (line->count != 2)
            return "needs: certificate NAME";
        rule->kind = RULE_CERTIFICATE;
        rule->name = line->words[1];
        return NULL;
    }
    if (strcmp(kind, "address") == 0) {
        if (line->count != 2)
            return "needs: address ADDRESS[/BITS]";
        rule->kind = RULE_ADDRESS;
        return rules_read_address(line->words[1], rule->bytes, &rule->bits)
                   ? NULL
                   : "has an address that is none";
    }
    return "begins with neither user, key, certificate nor address";
}

static size_t count_lines(const char *text)
{
    size_t count = 1;

    while ((text = strchr(text, '\n'))) {
        count++;
        text++;
    }
    return count;
}

static const char *read_lines(struct rules *rules, char *text, size_t *out_number)
{
    char *next;

    for (*out_number = 1; text; text = next, ++*out_number) {
        struct line line;
        const char *wrong;

        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        wrong = split(text, &line);
        if (!wrong && line.count)
            wrong = make_rule(&line, &rules->rule[rules->count]);
        if (wrong)
            return wrong;
        if (!line.count)
            continue;
        rules->count++;
    }
    return NULL;
}

int rules_parse(const tn_host_t *host, const char *text, size_t size, struct rules **out_rules,
                char why[RULES_WHY])
{
    struct rules *rules;
    const char *wrong = NULL;
    size_t lines, number = 0;

    if (size > RULES_FILE_MAX || (size && memchr(text, 0, size))) {
        snprintf(why, RULES_WHY, "it is too long, or no text");
        return -EINVAL;
    }
    rules = host->alloc(sizeof *rules);
    if (rules)
        rules->text = host->alloc(size + 1);
    if (!rules || !rules->text)
        goto fail_memory;
    if (size)
        memcpy(rules->text, text, size);
    lines = count_lines(rules->text);
    if (lines > RULES_MAX) {
        wrong = "is one more than there may be";
        number = RULES_MAX + 1;
    } else {
        rules->rule = host->alloc(lines * sizeof *rules->rule);
        if (!rules->rule)
            goto fail_memory;
        wrong = read_lines(rules, rules->text, &number);
    }
    if (!wrong) {
        *out_rules = rules;
        return 0;
    }
    snprintf(why, RULES_WHY, "line %zu %s", number, wrong);
    rules_free(host, rules);
    return -EINVAL;

fail_memory:
    rules_free(host, rules);
    return -ENOMEM;
}

void rules_free(const tn_host_t *host, struct rules *rules)
{
    if (!rules)
        return;
    host->free(rules->rule);
    host->free(rules->text);
    host->free(rules);
}
