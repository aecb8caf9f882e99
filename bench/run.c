#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUN_LIMIT = 300 }; /* seconds; a run that hangs ends then */

/** The ends of the links, as the parent made them. */
struct links {
    int near[BENCH_FARS_MAX], far[BENCH_FARS_MAX];
    int results[2];
};

struct far_thread {
    struct bench_run run;
    pthread_t thread;
    int code;
};

double bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

double bench_cpu(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) ? 0 : cpu_of(&usage);
}

double bench_memory(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int bench_tell(int other, const void *data, size_t size)
{
    return send(other, data, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

int bench_hear(int other, void *out_data, size_t size)
{
    return recv(other, out_data, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

void *bench_bind(struct bench_run *run, enum bench_role role)
{
    void *socket = run->peer->open(run->context, role);
    char endpoint[BENCH_ENDPOINT_MAX] = "";
    int code;

    if (!socket)
        return NULL;
    code = run->what->is_secure ? run->peer->secure(socket, true) : 0;
    if (!code)
        code = run->peer->bind(socket, bench_wildcard(run->what->transport), endpoint);
    for (size_t i = 0; i < run->what->fars && !code; i++)
        code = bench_tell(run->fars[i], endpoint, sizeof(endpoint));
    if (!code)
        return socket;
    run->peer->close(socket);
    return NULL;
}

int bench_hear_endpoint(struct bench_run *run, char *out_endpoint)
{
    return bench_hear(run->near, out_endpoint, BENCH_ENDPOINT_MAX);
}

void *bench_connect(struct bench_run *run, enum bench_role role)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    void *socket;

    if (bench_hear_endpoint(run, endpoint))
        return NULL;
    socket = run->peer->open(run->context, role);
    if (!socket)
        return NULL;
    if ((!run->what->is_secure || !run->peer->secure(socket, false)) &&
        !run->peer->connect(socket, endpoint))
        return socket;
    run->peer->close(socket);
    return NULL;
}

int bench_release(struct bench_run *run)
{
    int code = 0;

    for (size_t i = 0; i < run->what->fars; i++)
        code |= bench_tell(run->fars[i], "", 1);
    return code;
}

int bench_await_release(struct bench_run *run)
{
    char byte;

    return bench_hear(run->near, &byte, 1);
}

static void *far_main(void *argument)
{
    struct far_thread *far = argument;

    far->code = far->run.what->far(&far->run);
    close(far->run.near);
    return NULL;
}

/** The near side of a case whose far sides are threads. */
static int near_with_threads(struct bench_run *run, const struct links *links)
{
    struct far_thread *fars = calloc(run->what->fars + 1, sizeof(*fars));
    size_t started = 0;
    int code = fars ? 0 : -1;

    for (; started < run->what->fars && !code; started++) {
        fars[started].run = *run;
        fars[started].run.index = started;
        fars[started].run.near = links->far[started];
        code = pthread_create(&fars[started].thread, NULL, far_main, &fars[started]);
        if (code)
            break;
    }
    if (!code)
        code = run->what->near(run);
    for (size_t i = 0; i < run->what->fars; i++)
        close(run->fars[i]);
    for (size_t i = 0; i < started; i++) {
        pthread_join(fars[i].thread, NULL);
        code |= fars[i].code;
    }
    free(fars);
    return code;
}

static int near_process(struct bench_run *run, const struct links *links)
{
    bool has_threads = run->what->transport == BENCH_INPROC;
    struct bench_outcome outcome = {0};
    int code;

    close(links->results[0]);
    for (size_t i = 0; i < run->what->fars; i++) {
        run->fars[i] = links->near[i];
        if (!has_threads)
            close(links->far[i]);
    }
    if (!run->what->is_bare) {
        run->context = run->peer->context_new();
        if (!run->context)
            return -1;
    }
    code = has_threads ? near_with_threads(run, links) : run->what->near(run);
    if (code)
        return -1;
    if (run->context)
        run->peer->context_end(run->context);
    memcpy(outcome.values, run->values, sizeof(outcome.values));
    outcome.seconds = run->seconds;
    return write(links->results[1], &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : -1;
}

static int far_process(struct bench_run *run, const struct links *links)
{
    int code;

    for (size_t i = 0; i < run->what->fars; i++) {
        close(links->near[i]);
        if (i != run->index)
            close(links->far[i]);
    }
    run->near = links->far[run->index];
    run->context = run->peer->context_new();
    if (!run->context)
        return -1;
    code = run->what->far(run);
    if (!code && run->context)
        run->peer->context_end(run->context);
    return code;
}

static pid_t start(struct bench_run *run, const struct links *links,
                   int (*side)(struct bench_run *run, const struct links *links))
{
    pid_t pid = fork();

    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(RUN_LIMIT);
    _exit(side(run, links) ? EXIT_FAILURE : EXIT_SUCCESS);
}

/** Waits for all; the first that fails takes the others with it. */
static int await(pid_t *pids, size_t count, double *out_cpu)
{
    int code = 0;

    *out_cpu = 0;
    for (size_t left = count; left > 0; left--) {
        struct rusage usage;
        int status;
        pid_t pid = wait4(-1, &status, 0, &usage);
        bool has_failed = pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status);
        if (pid < 0)
            return -1;
        *out_cpu += cpu_of(&usage);
        for (size_t i = 0; i < count; i++) {
            if (pids[i] == pid)
                pids[i] = 0;
            else if (has_failed && !code && pids[i])
                kill(pids[i], SIGKILL);
        }
        if (has_failed)
            code = -1;
    }
    return code;
}

static int links_open(struct links *links, size_t fars)
{
    int ends[2];

    for (size_t i = 0; i < fars; i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
            goto fail;
        links->near[i] = ends[0];
        links->far[i] = ends[1];
    }
    if (pipe(links->results) == 0)
        return 0;
fail:
    fprintf(stderr, "tenon-bench: no pipe between the processes: %s\n", strerror(errno));
    return -1;
}

static void links_close(struct links *links, size_t fars)
{
    for (size_t i = 0; i < fars; i++) {
        close(links->near[i]);
        close(links->far[i]);
    }
    close(links->results[1]);
}

/** By a manifest, which says it to the drop-in, too. */
static int allow_spinning(const struct bench_case *what, char *folder, char *manifest)
{
    FILE *file;

    strcpy(folder, "/tmp/tenon-bench-XXXXXX");
    if (!what->spin_us)
        return 0;
    if (!mkdtemp(folder))
        goto fail;
    sprintf(manifest, "%s/spin.conf", folder);
    file = fopen(manifest, "w");
    if (!file)
        goto fail;
    fprintf(file, "socket.spin_us = %d\n", what->spin_us);
    if (fclose(file) == 0)
        return setenv("TENON_PLUGINS_D", folder, 1);
fail:
    fprintf(stderr, "tenon-bench: %s: %s\n", folder, strerror(errno));
    return -1;
}

static void forbid_spinning(const struct bench_case *what, const char *folder, const char *manifest)
{
    if (!what->spin_us)
        return;
    unlink(manifest);
    rmdir(folder);
    unsetenv("TENON_PLUGINS_D");
}

int bench_run(const struct bench_peer *peer, const struct bench_case *what, size_t count,
              struct bench_outcome *out_outcome)
{
    struct bench_run run = {.what = what, .peer = peer, .count = count};
    char folder[32], manifest[64];
    pid_t pids[BENCH_FARS_MAX + 1];
    struct links links;
    double cpu;
    size_t started = 0;
    int code;

    if (allow_spinning(what, folder, manifest))
        return -1;
    if (links_open(&links, what->fars)) {
        forbid_spinning(what, folder, manifest);
        return -1;
    }
    fflush(stdout);
    pids[started++] = start(&run, &links, near_process);
    for (; what->transport != BENCH_INPROC && run.index < what->fars; run.index++)
        pids[started++] = start(&run, &links, far_process);
    links_close(&links, what->fars);
    code = await(pids, started, &cpu);
    forbid_spinning(what, folder, manifest);
    if (!code && read(links.results[0], out_outcome, sizeof(*out_outcome)) != sizeof(*out_outcome))
        code = -1;
    close(links.results[0]);
    out_outcome->cpu = cpu;
    if (code)
        fprintf(stderr, "%s: %s failed\n", peer->name, what->name);
    return code;
}
