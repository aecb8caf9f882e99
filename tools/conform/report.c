#include <stdio.h>

#include "conform.h"

static const char *const words[] = {"ok", "FAILED", "skipped"};

void conform_report_text(const struct conform_result *result)
{
    printf("%-8s %s/%s\n", words[result->verdict], result->feature->name, result->what->name);
    if (result->reason[0])
        printf("         %s\n", result->reason);
    if (result->verdict != CONFORM_FAILED)
        return;
    printf("         expected: %s\n", result->what->expects);
    printf("         why it matters: %s\n", result->what->why);
}

static void quote(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void member(const char *name, const char *text, const char *after)
{
    printf("\"%s\": ", name);
    quote(text);
    fputs(after, stdout);
}

void conform_report_json(const tn_module_t *module, const struct conform_result *results,
                         size_t count)
{
    static const char *const verdicts[] = {"passed", "failed", "skipped"};

    printf("{");
    member("module", module->name, ", \"cases\": [");
    for (size_t i = 0; i < count; i++) {
        printf("%s\n  {", i ? "," : "");
        member("kind", results[i].suite->kind, ", ");
        member("feature", results[i].feature->name, ", ");
        member("case", results[i].what->name, ", ");
        member("verdict", verdicts[results[i].verdict], ", ");
        member("reason", results[i].reason, ", ");
        member("expected", results[i].what->expects, ", ");
        member("why", results[i].what->why, "}");
    }
    printf("]}\n");
}
