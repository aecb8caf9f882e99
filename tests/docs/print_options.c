/* Prints docs/options.md. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <tenon/module.h>

#include "options/options.h"
#include "socket/ctx_options.h"

#include "all_modules.h"

static const char introduction[] =
    "# Options\n"
    "\n"
    "By name: `tn_set_int(socket, \"sndhwm\", 10)`, `tn_set_str`, `tn_set_blob`, and their "
    "`tn_get_`\n"
    "counterparts; on the command line `tenon push --opt sndhwm=10`; for one endpoint\n"
    "`tcp://host:5555?sndhwm=10`, or, of a mechanism or an authenticator,\n"
    "`tcp://host:5555?mechanism=plain&plain.username=me`. Of an endpoint with a secret in it what "
    "follows the \"?\"\n"
    "is not shown anywhere. What `tenon info NAME` prints of a module is its table here.\n"
    "An administrator changes a module's default by `option.NAME = value` in `plugins.d`, that of "
    "every\n"
    "socket by `socket.NAME = value`, and those of contexts by `context.NAME = value`; `tenon info "
    "socket`\n"
    "and `tenon info context` list what is in force. A program gives the sockets of a context "
    "other\n"
    "defaults by `tn_ctx_set_int(ctx, \"socket.NAME\", value)`.\n"
    "\n"
    "A bind or connect uses the values that were set before it.\n"
    "\n"
    "`spin_us` is for partners that answer within microseconds, on machines with a core to spare "
    "for each of them: a wait\n"
    "then asks the connection again and again, for so long at most, before it sleeps. A wait that "
    "spun in vain\n"
    "makes the next ones sleep at once, twice as many each time, 255 at most, and a thread that "
    "may run on one core only never\n"
    "spins. Nor does a wait that looks at descriptors of the program's, too. `socket.spin_us = 50` "
    "in a manifest sets it for a program\n"
    "that knows nothing of it, one of libzmq's as well.\n";

static const char *type_name(const tn_option_desc_t *option)
{
    static const char *const names[] = {"", "int", "bool", "str", "blob"};

    return names[option->type];
}

static void print_number(int64_t value)
{
    if (value == INT_MAX || value == INT64_MAX || value == INT64_MIN)
        return;
    printf("%" PRId64, value);
}

static void print_range(const tn_option_desc_t *option)
{
    if (option->type == TN_OPTION_BOOL || (option->min == INT64_MIN && option->max == INT64_MAX)) {
        fputs(option->type == TN_OPTION_BOOL ? "0, 1" : "any", stdout);
        return;
    }
    print_number(option->min);
    printf("..");
    print_number(option->max);
    if (option->type != TN_OPTION_INT)
        printf(" bytes");
}

static void print_default(const tn_option_desc_t *option)
{
    if (option->flags & TN_OPTION_NO_SET)
        printf("read only");
    else if (option->type == TN_OPTION_INT || option->type == TN_OPTION_BOOL)
        printf("%" PRId64, option->default_int);
    else if (option->default_str && *option->default_str)
        printf("%s", option->default_str);
}

static void print_option(const char *prefix, const tn_option_desc_t *option)
{
    printf("| `%s%s` | %s | ", prefix, option->name, type_name(option));
    if (!(option->flags & TN_OPTION_NO_SET))
        print_range(option);
    printf(" | ");
    print_default(option);
    printf(" | %s | %s |\n", option->unit, option->help);
}

static void print_head(const char *title)
{
    printf("\n## %s\n\n| name | type | range | default | unit | |\n|---|---|---|---|---|---|\n",
           title);
}

static void print_feature(const tn_feature_t *feature)
{
    const char *kind = feature->kind == TN_TRANSPORT   ? "Transport"
                       : feature->kind == TN_PATTERN   ? "Pattern"
                       : feature->kind == TN_MECHANISM ? "Mechanism"
                                                       : "Authenticator";
    char title[80], prefix[80] = "";

    if (!feature->options || !feature->options->name)
        return;
    snprintf(title, sizeof title, "%s %s", kind, feature->name);
    if (feature->kind != TN_PATTERN)
        snprintf(prefix, sizeof prefix, "%s.", feature->name);
    print_head(title);
    for (const tn_option_desc_t *option = feature->options; option->name; option++)
        print_option(prefix, option);
}

int main(void)
{
    const tn_option_desc_t *option;

    fputs(introduction, stdout);
    print_head("Of every socket");
    for (size_t i = 0; (option = tni_options_at(i)); i++) {
        tn_option_desc_t told = *option;

        told.help = tni_options_help(i);
        print_option("", &told);
    }
    print_head("Of every context");
    for (size_t i = 0; (option = tni_ctx_options_at(i)); i++)
        print_option("", option);
    for (size_t i = 0; all_modules[i]; i++) {
        for (size_t k = 0; all_modules[i]->features[k]; k++)
            print_feature(all_modules[i]->features[k]);
    }
    return 0;
}
