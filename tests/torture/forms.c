/* Every scenario in every form. Each is a process of its own, because they mostly wait: then they do it side
 * by side. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

enum { WORKERS = 8 };

struct form {
    const struct scenario *scenario;
    struct life life;
    unsigned turn;
};

static struct worker {
    pid_t pid; /* 0: at rest */
    struct form form;
} workers[WORKERS];
static bool has_failed;

static struct worker *find(pid_t pid)
{
    for (size_t i = 0; i < WORKERS; i++)
        if (workers[i].pid == pid)
            return &workers[i];
    return NULL;
}

/* Waits for any. */
static struct worker *reap(void)
{
    int status;
    pid_t pid = wait(&status);
    struct worker *worker = pid > 0 ? find(pid) : NULL;
    char name[TORTURE_NAME];

    if (!worker)
        torture_fail("wait", __LINE__);
    worker->pid = 0;
    if (status) {
        torture_name(name, worker->form.scenario, &worker->form.life);
        fprintf(stderr, "%s: its process ended with status 0x%x\n", name, (unsigned)status);
        has_failed = true;
    }
    return worker;
}

static void start(const struct form *form, torture_run_fn run)
{
    struct worker *worker = find(0);
    pid_t parent = getpid(), pid;

    if (!worker)
        worker = reap();
    fflush(stdout);
    pid = fork();
    if (pid < 0)
        torture_fail("fork", __LINE__);
    if (pid == 0) {
        /* Not left behind when the test is ended. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
            _exit(1);
        torture_name_form(form->scenario, &form->life);
        run(form->scenario, form->life, form->turn);
        exit(0);
    }
    worker->pid = pid;
    worker->form = *form;
}

static void start_each_form(const struct scenario *scenario, torture_run_fn run)
{
    static const char *const transports[] = {"inproc://torture", "tcp://127.0.0.1:*", "ipc://*"};
    static const char *const patterns[][2] = {
        {"pull", "push"}, {"rep", "req"}, {"router", "dealer"}, {"pub", "sub"}, {"pair", "pair"},
    };
    static unsigned turn;

    for (size_t t = 0; t < sizeof transports / sizeof transports[0]; t++) {
        for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
            for (int threads = 0; threads < 2; threads++) {
                struct form form = {.scenario = scenario,
                                    .life = {.transport = transports[t],
                                             .patterns = {patterns[p][0], patterns[p][1]},
                                             .io_threads = threads,
                                             .wait_ms = TORTURE_WAIT_MS},
                                    .turn = turn++};
                start(&form, run);
            }
        }
    }
}

static bool is_at_work(void)
{
    for (size_t i = 0; i < WORKERS; i++)
        if (workers[i].pid)
            return true;
    return false;
}

int torture_all(int argc, char **argv, torture_run_fn run)
{
    torture_secure_begin();
    for (size_t list = 0; torture_scenarios[list]; list++)
        for (const struct scenario *scenario = torture_scenarios[list]; scenario->name;
             scenario++) {
            if (!torture_is_chosen(argc, argv, scenario->name))
                continue;
            printf("%s\n", scenario->name);
            start_each_form(scenario, run);
        }
    while (is_at_work())
        reap();
    torture_secure_end();
    return has_failed;
}
