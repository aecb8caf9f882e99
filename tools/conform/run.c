/* One case in one process: it may crash, hang or leak without harm to the others. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conform.h"
#include "rules.h"

enum { EXIT_FAILED = 1, EXIT_SKIPPED = 77 };
enum { SLICE_MS = 200, STILL_MS = 300, RUNS = 5 };

static int report_fd = -1; /* in the child */
static char note[1024];

static void leave(int status, const char *format, va_list args) __attribute__((noreturn));

static void leave(int status, const char *format, va_list args)
{
    const char *rule = status == EXIT_FAILED ? rules_broken() : NULL;
    char text[1024];

    vsnprintf(text, sizeof text, format, args);
    if (rule) /* which is likely the cause */
        snprintf(text + strlen(text), sizeof text - strlen(text), "; a rule was broken: %s", rule);
    if (write(report_fd, text, strlen(text)) < 0)
        status = EXIT_FAILED;
    _exit(status);
}

void conform_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    leave(EXIT_FAILED, format, args);
}

void conform_skip(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    leave(EXIT_SKIPPED, format, args);
}

void conform_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
}

static void child(const struct conform_case *what, const struct subject *subject, int fd)
{
    setpgid(0, 0);
    report_fd = fd;
    what->run(subject);
    CONFORM(!rules_broken(), "all was as expected");
    _exit(write(fd, note, strlen(note)) < 0 ? EXIT_FAILED : 0);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the child says, until it has ended or the time is over. While the machine stands still (`out_was_still`)
 * the time does not run. False: it is not over. */
static bool listen_to(int fd, int seconds, char *text, size_t size, bool *out_was_still)
{
    int64_t limit = now_ms() + seconds * 1000, began, late;
    size_t used = 0;

    for (;;) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        ssize_t got;
        int count;

        began = now_ms();
        if (began >= limit)
            return false;
        count = poll(&item, 1, SLICE_MS);
        late = now_ms() - began - SLICE_MS;
        if (late >= STILL_MS) {
            *out_was_still = true;
            limit += late;
        }
        if (count <= 0)
            continue;
        got = read(fd, text + used, size - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return true;
        used += (size_t)got;
        text[used] = '\0';
        if (used == size - 1)
            return true;
    }
}

static void judge(struct conform_result *result, bool is_over, int status)
{
    char *reason = result->reason;
    size_t size = sizeof result->reason;

    result->verdict = CONFORM_FAILED;
    if (!is_over)
        snprintf(reason, size, "it was not done after %d s", result->what->seconds);
    else if (WIFSIGNALED(status))
        snprintf(reason, size, "the process was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == 0)
        result->verdict = CONFORM_PASSED;
    else if (WEXITSTATUS(status) == EXIT_SKIPPED)
        result->verdict = CONFORM_SKIPPED;
    else if (!reason[0])
        snprintf(reason, size, "the process ended with status %d", WEXITSTATUS(status));
}

static void run_once(const struct conform_case *what, const struct subject *subject,
                     struct conform_result *out_result, bool *out_was_still)
{
    int pipes[2], status = 0;
    bool is_over;
    pid_t pid;

    *out_result = (struct conform_result){.what = what, .verdict = CONFORM_FAILED};
    fflush(stdout);
    if (pipe(pipes) < 0) {
        snprintf(out_result->reason, sizeof out_result->reason, "no pipe: %s", strerror(errno));
        return;
    }
    pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        child(what, subject, pipes[1]);
    }
    close(pipes[1]);
    if (pid < 0) {
        snprintf(out_result->reason, sizeof out_result->reason, "no child process: %s",
                 strerror(errno));
        close(pipes[0]);
        return;
    }
    is_over = listen_to(pipes[0], what->seconds, out_result->reason, sizeof out_result->reason,
                        out_was_still);
    if (!is_over)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    kill(-pid, SIGKILL); /* peers that it left */
    close(pipes[0]);
    judge(out_result, is_over, status);
}

/* A case has time limits of its own: when it failed on a machine that stood still meanwhile (stopped, swapping,
 * suspended), that says nothing. */
void conform_run(const struct conform_case *what, const struct subject *subject,
                 struct conform_result *out_result)
{
    bool was_still = true;

    for (int i = 0; i < RUNS && was_still; i++) {
        was_still = false;
        run_once(what, subject, out_result, &was_still);
        was_still = was_still && out_result->verdict == CONFORM_FAILED;
    }
}
