/* The rules file of the authenticator "file": what is read can be asked about everything. */
#include "mechanism.h"

#include "authenticators/file/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[33];
    const tn_question_credential_t curve[] = {{key, 32}},
                                   tls[] = {{"CN=a", 4}, {"DNS:a", 5}, {"", 0}};
    tn_question_info_t info = {.size = sizeof info, .domain = "", .address = "127.0.0.1"};
    const char *user, *reason;
    char why[RULES_WHY] = "";
    char *text = malloc(size ? size : 1);
    struct rules *rules = NULL;
    int rc;

    CHECK(text);
    memcpy(text, data, size);
    rc = rules_parse(&host, text, size, &rules, why);
    free(text);
    CHECK((rc < 0) == (why[0] != '\0'));
    if (rc < 0)
        return 0;
    info.mechanism = "NULL";
    rules_judge(rules, &info, &user, &reason);
    info.mechanism = "CURVE";
    info.credentials = curve;
    info.credential_count = 1;
    rules_judge(rules, &info, &user, &reason);
    info.mechanism = "TLS";
    info.credentials = tls;
    info.credential_count = 3;
    CHECK(rules->count > 0 || rules_judge(rules, &info, &user, &reason) == TN_AUTH_DENIED);
    rules_judge(rules, &info, &user, &reason);
    rules_free(&host, rules);
    return 0;
}
