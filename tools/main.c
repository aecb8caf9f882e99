#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "cmd_check.h"
#include "cmd_conform.h"
#include "cmd_info.h"
#include "cmd_keygen.h"
#include "cmd_new.h"
#include "cmd_proxy.h"
#include "cmd_stat.h"
#include "help.h"
#include "peer.h"
#include "usage.h"

static int cmd_version(int argc, char **argv)
{
    int major, minor, patch;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help_overview();
        return TOOL_OK;
    }
    if (argc > 1)
        return tool_usage_error("version", "\"%s\" is one word too many", argv[1]);
    tn_version(&major, &minor, &patch);
    printf("tenon %d.%d.%d (library %d.%d.%d)\n", TN_VERSION_MAJOR, TN_VERSION_MINOR,
           TN_VERSION_PATCH, major, minor, patch);
    return TOOL_OK;
}

static int run(int argc, char **argv);

static int cmd_help(int argc, char **argv)
{
    char ask[] = "--help";
    char *asked[] = {argc > 1 ? argv[1] : NULL, ask, NULL};

    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "version") == 0) {
        help_overview();
        return TOOL_OK;
    }
    return run(2, asked);
}

/** `argv[0]` is the command. */
static int run(int argc, char **argv)
{
    const char *name = argv[0];
    const struct peer_kind *kind = peer_kind_find(name);

    if (kind)
        return cmd_peer(kind, argc, argv);
    if (strcmp(name, "proxy") == 0)
        return cmd_proxy(argc, argv);
    if (strcmp(name, "stat") == 0)
        return cmd_stat(argc, argv);
    if (strcmp(name, "info") == 0)
        return tni_cmd_info(argc, argv);
    if (strcmp(name, "conform") == 0)
        return cmd_conform(argc, argv);
    if (strcmp(name, "check") == 0)
        return cmd_check(argc, argv);
    if (strcmp(name, "new") == 0)
        return cmd_new(argc, argv);
    if (strcmp(name, "keygen") == 0)
        return cmd_keygen(argc, argv);
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0)
        return cmd_version(argc, argv);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return cmd_help(argc, argv);
    fprintf(stderr, "tenon: there is no command \"%s\"; `tenon help` lists them\n", name);
    return TOOL_USAGE;
}

int main(int argc, char **argv)
{
    int status;

    if (argc < 2) {
        fprintf(stderr, "tenon: a command is missing; `tenon help` lists them\n");
        return TOOL_USAGE;
    }
    status = run(argc - 1, argv + 1);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "tenon: standard output could not be written\n");
        return TOOL_FAILED;
    }
    return status;
}
