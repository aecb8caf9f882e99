#include "cmd_new.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "templates.h"
#include "usage.h"

enum { NAME_MAX_SIZE = 31 };

static const char placeholder[] = "widget";

static const char help[] =
    "Usage: tenon new transport|pattern|mechanism NAME [DIRECTORY]\n"
    "\n"
    "Writes the project of a module: CMakeLists.txt, NAME.c, test_NAME.c and README.md, into a "
    "new\n"
    "directory, ./NAME unless another one is given. The module works as it is written, and is "
    "there\n"
    "to be edited:\n"
    "  transport   NAME://PATH, bytes through a Unix domain socket\n"
    "  pattern     tn_socket(ctx, \"NAME\"), exactly one peer, both ways\n"
    "  mechanism   mechanism=NAME, clients show a token that the server compares\n"
    "\n"
    "NAME begins with a letter and has up to 31 characters of a-z, 0-9 and, except in a "
    "transport's,\n"
    "_. The interfaces are described in tenon/transport.h, tenon/pattern.h and tenon/mechanism.h.\n"
    "Nothing that exists is overwritten.\n"
    "\n"
    "  -h, --help   this text\n"
    "\n"
    "Examples:\n"
    "  tenon new transport carrier\n"
    "  cd carrier && cmake -B build && cmake --build build && ctest --test-dir build\n"
    "  TENON_PLUGINS_D=$PWD/build/plugins.d tenon info carrier\n"
    "  tenon info --check build/carrier.so\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

struct project {
    const char *kind;
    const char *name;
    const char *directory;
};

static int has_kind(const char *kind)
{
    for (const struct tool_template *file = tool_templates; file->kind; file++) {
        if (strcmp(file->kind, kind) == 0)
            return 1;
    }
    return 0;
}

/* Targets of CMake's own. */
static int is_taken(const char *name)
{
    static const char *const targets[] = {"all",     "clean", "edit_cache", "help",
                                          "install", "test",  "package",    "rebuild_cache"};

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        if (strcmp(name, targets[i]) == 0)
            return 1;
    }
    return 0;
}

/* A scheme has no "_" (RFC 3986), the names of patterns and mechanisms may. */
static int is_name(const struct project *project)
{
    const char *more = strcmp(project->kind, "transport") == 0 ? "" : "_";
    size_t size = strlen(project->name);

    if (size == 0 || size > NAME_MAX_SIZE || project->name[0] < 'a' || project->name[0] > 'z' ||
        is_taken(project->name))
        return 0;
    for (size_t i = 0; i < size; i++) {
        char c = project->name[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr(more, c))
            return 0;
    }
    return 1;
}

/* The name as it stands, or in capitals where the placeholder is. */
static void write_name(FILE *out, const char *name, int in_capitals)
{
    for (; *name; name++)
        fputc(in_capitals ? toupper((unsigned char)*name) : *name, out);
}

static void write_text(FILE *out, const char *text, const char *name)
{
    while (*text) {
        if (strncasecmp(text, placeholder, sizeof placeholder - 1) == 0) {
            write_name(out, name, text[0] == 'W');
            text += sizeof placeholder - 1;
        } else {
            fputc(*text++, out);
        }
    }
}

static int name_file(const struct project *project, const char *file, char out[PATH_MAX])
{
    FILE *name = fmemopen(out, PATH_MAX, "w");
    int is_whole;

    if (!name)
        return -1;
    fprintf(name, "%s/", project->directory);
    write_text(name, file, project->name);
    fputc('\0', name);
    is_whole = !ferror(name);
    return fclose(name) == 0 && is_whole ? 0 : -1;
}

static int write_file(const struct project *project, const struct tool_template *file)
{
    char path[PATH_MAX];
    FILE *out = NULL;
    int fd;

    if (name_file(project, file->name, path) < 0)
        return tool_error("new", "%s: the path is too long", project->directory);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        out = fdopen(fd, "w");
    if (!out)
        return tool_error("new", "%s: %s", path, strerror(errno));
    write_text(out, file->body, project->name);
    if (fclose(out) != 0)
        return tool_error("new", "%s: %s", path, strerror(errno));
    return TOOL_OK;
}

static int write_project(const struct project *project)
{
    int status = TOOL_OK;

    if (mkdir(project->directory, 0777) < 0)
        return tool_error("new", "%s: %s", project->directory, strerror(errno));
    for (const struct tool_template *file = tool_templates; file->kind && status == TOOL_OK; file++)
        status = strcmp(file->kind, project->kind) == 0 ? write_file(project, file) : TOOL_OK;
    if (status == TOOL_OK)
        printf("%s: the %s %s. Next:\n"
               "  cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n",
               project->directory, project->kind, project->name, project->directory);
    return status;
}

int cmd_new(int argc, char **argv)
{
    struct project project = {0};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return TOOL_OK;
        }
        if (argv[i][0] == '-')
            return tool_usage_error("new", "there is no option \"%s\"", argv[i]);
    }
    if (argc < 3)
        return tool_usage_error("new", "what to write, and its name, are missing");
    if (argc > 4)
        return tool_usage_error("new", "\"%s\" is one word too many", argv[4]);
    project.kind = argv[1];
    project.name = argv[2];
    project.directory = argc > 3 ? argv[3] : argv[2];
    if (!has_kind(project.kind))
        return tool_usage_error("new", "\"%s\" is none of transport, pattern and mechanism",
                                project.kind);
    if (!is_name(&project))
        return tool_usage_error("new",
                                "\"%s\" cannot be the name of a %s: a letter, then up to 30 "
                                "characters of a-z, 0-9%s, and no target of CMake's own",
                                project.name, project.kind,
                                strcmp(project.kind, "transport") == 0 ? "" : " and _");
    return write_project(&project);
}
