#include "responder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usage.h"

extern char **environ;

static int echo(const struct frames *request, struct frames *reply)
{
    for (size_t i = 0; i < request->count; i++) {
        if (frames_append(reply, request->items[i].data, request->items[i].size))
            return -ENOMEM;
    }
    return 0;
}

/** The request as a file at its beginning, so that the command may read it whenever it likes. */
static int request_file(const struct frames *request)
{
    int fd = memfd_create("request", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    for (size_t i = 0; i < request->count; i++) {
        const struct frame *frame = &request->items[i];
        for (size_t done = 0; done < frame->size;) {
            ssize_t length = write(fd, frame->data + done, frame->size - done);
            if (length < 0) {
                int code = -errno;
                close(fd);
                return code;
            }
            done += (size_t)length;
        }
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int spawn_shell(const char *command, int input, int output, pid_t *out_pid)
{
    char *arguments[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int code = posix_spawn_file_actions_init(&actions);

    if (code)
        return -code;
    code = posix_spawnattr_init(&attributes);
    if (code)
        goto fail_actions;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    code = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!code)
        code = posix_spawn(out_pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
fail_actions:
    posix_spawn_file_actions_destroy(&actions);
    return -code;
}

static int read_all(int fd, char **out_data, size_t *out_size)
{
    size_t room = 4096, size = 0;
    char *data = malloc(room);

    while (data) {
        ssize_t length = read(fd, data + size, room - size);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            break;
        size += (size_t)length;
        if (size == room) {
            char *more = realloc(data, room *= 2);
            if (!more) {
                free(data);
                return -ENOMEM;
            }
            data = more;
        }
    }
    *out_data = data;
    *out_size = size;
    return data ? 0 : -ENOMEM;
}

static int collect(int output, pid_t pid, struct frames *reply)
{
    char *data = NULL;
    size_t size = 0;
    int code = read_all(output, &data, &size);

    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (code)
        return code;
    if (size && data[size - 1] == '\n')
        size--;
    code = frames_append(reply, data, size);
    free(data);
    return code;
}

static int run(const char *command, const struct frames *request, struct frames *reply)
{
    int ends[2], code;
    int input = request_file(request);
    pid_t pid = -1;

    if (input < 0)
        return input;
    if (pipe2(ends, O_CLOEXEC)) {
        code = -errno;
        goto fail_input;
    }
    code = spawn_shell(command, input, ends[1], &pid);
    close(ends[1]);
    if (!code)
        code = collect(ends[0], pid, reply);
    close(ends[0]);
fail_input:
    close(input);
    return code;
}

int responder_reply(const struct peer_options *options, const struct frames *request,
                    struct frames *reply)
{
    const char *reason;
    int code;

    if (options->exec)
        code = run(options->exec, request, reply);
    else if (options->reply)
        code =
            format_decode(&options->format, options->reply, strlen(options->reply), reply, &reason);
    else
        code = echo(request, reply);
    if (code)
        return tool_error("rep", "the reply could not be made: %s", tn_strerror(code));
    return TOOL_OK;
}
