#include "cmd_stat.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "help.h"
#include "usage.h"

enum { PATIENCE_S = 5, CONTROL_MAX = 1024 };

/* ------------------------------------------------------------------ finding the process */

/* TENON_CONTROL as the process was started with. */
static bool find_control(const char *pid, char *value, size_t size)
{
    static const char name[] = "TENON_CONTROL=";
    char path[64];
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    file = fopen(path, "r");
    while (file && !found && getdelim(&line, &room, '\0', file) > 0) {
        found = strncmp(line, name, sizeof name - 1) == 0;
        if (found)
            snprintf(value, size, "%s", line + sizeof name - 1);
    }
    free(line);
    if (file)
        fclose(file);
    return found && value[0];
}

static int take_control(const tn_module_path_t *path, void *arg)
{
    char *value = arg;

    if (strcmp(path->kind, "control") == 0)
        snprintf(value, CONTROL_MAX, "%s", path->path);
    return 0;
}

/* What plugins.d says, to this program as to that one. */
static bool find_deployed(char value[CONTROL_MAX])
{
    tn_ctx_t *ctx = tn_ctx_new();

    if (!ctx)
        return false;
    tn_module_paths(ctx, take_control, value);
    tn_ctx_term(ctx, -1);
    return value[0];
}

/* Where a process with that TENON_CONTROL listens; a relative path is relative to its directory. */
static void find_socket(const char *pid, const char control[CONTROL_MAX], char *path, size_t size)
{
    char base[CONTROL_MAX + 64];
    struct stat status;

    if (control[0] == '/')
        snprintf(base, sizeof base, "%s", control);
    else
        snprintf(base, sizeof base, "/proc/%s/cwd/%s", pid, control);
    if (stat(base, &status) == 0 && S_ISDIR(status.st_mode)) {
        snprintf(path, size, "%s/tenon-%s.sock", base, pid);
        return;
    }
    snprintf(path, size, "%s.%s", base, pid);
    if (stat(path, &status) != 0)
        snprintf(path, size, "%s", base);
}

static int find_process(const char *pid, char *path, size_t size)
{
    char control[CONTROL_MAX] = "";
    char directory[64];

    snprintf(directory, sizeof directory, "/proc/%s", pid);
    if (access(directory, F_OK) != 0)
        return tool_error("stat", "there is no process %s", pid);
    if (!find_control(pid, control, sizeof control) && !find_deployed(control))
        return tool_error("stat",
                          "process %s was not started with TENON_CONTROL, or is another user's; "
                          "start it with TENON_CONTROL=DIRECTORY, or write control = DIRECTORY "
                          "into a manifest",
                          pid);
    find_socket(pid, control, path, size);
    return TOOL_OK;
}

/* ------------------------------------------------------------------ asking */

static int dial(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd;

    if (strlen(path) >= sizeof name.sun_path)
        return -ENAMETOOLONG;
    memcpy(name.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) < 0) {
        int code = -errno;
        close(fd);
        return code;
    }
    return fd;
}

static int copy_answer(int fd, const char *path)
{
    static const char refusal[] = "error: ";
    char buffer[16 * 1024];
    size_t total = 0;
    ssize_t size;

    while ((size = recv(fd, buffer, sizeof buffer, 0)) > 0) {
        if (total == 0 && (size_t)size > sizeof refusal &&
            memcmp(buffer, refusal, sizeof refusal - 1) == 0)
            return tool_error("stat", "%s: %.*s", path, (int)strcspn(buffer, "\n"), buffer);
        fwrite(buffer, 1, (size_t)size, stdout);
        total += (size_t)size;
    }
    if (size < 0)
        return tool_error("stat", "%s: the process does not answer", path);
    if (total == 0)
        return tool_error("stat", "%s: the process tells its own user and root only", path);
    return TOOL_OK;
}

static int ask(const char *path, bool is_json)
{
    const char *question = is_json ? "stat json\n" : "stat text\n";
    int fd = dial(path);
    int status;

    if (fd == -ECONNREFUSED || fd == -ENOENT)
        return tool_error(
            "stat", "%s: no process answers there; it has ended, or has no context yet", path);
    if (fd < 0)
        return tool_error("stat", "%s: %s", path, strerror(-fd));
    if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
        status = tool_error("stat", "%s: %s", path, strerror(errno));
    else
        status = copy_answer(fd, path);
    close(fd);
    return status;
}

int cmd_stat(int argc, char **argv)
{
    char path[PATH_MAX];
    const char *target = NULL;
    bool is_json = false;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_stat();
            return TOOL_OK;
        }
        if (strcmp(argv[i], "--json") == 0)
            is_json = true;
        else if (argv[i][0] == '-')
            return tool_usage_error("stat", "there is no option \"%s\"", argv[i]);
        else if (target)
            return tool_usage_error("stat", "\"%s\" is one word too many", argv[i]);
        else
            target = argv[i];
    }
    if (!target || !*target)
        return tool_usage_error("stat", "the number of a process, or the path of its control "
                                        "socket, is missing");
    if (target[strspn(target, "0123456789")] != '\0')
        return ask(target, is_json);
    status = find_process(target, path, sizeof path);
    return status == TOOL_OK ? ask(path, is_json) : status;
}
