/*
 * torture_descriptors: scenarios with each number of descriptors that is too small, and a few more.
 *
 * torture_descriptors [--long]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "torture.h"
#include "watchdog.h"

enum { MOST = 24 };

/* -TN_EMODULE: manifests could not be read. -EAGAIN and -ETIMEDOUT: the connection that was waited for
 * could not be made. */
static const int codes[] = {-EMFILE, -TN_EMODULE, -EAGAIN, -ETIMEDOUT};
static unsigned step = 5;

/* The least number that a new descriptor would have. */
static unsigned long lowest_free(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        torture_fail("open", __LINE__);
    close(fd);
    return (unsigned long)fd;
}

static void run_limited(const struct scenario *scenario, struct life life, unsigned long limit,
                        bool is_enough)
{
    struct rlimit before, limited;

    if (getrlimit(RLIMIT_NOFILE, &before) < 0)
        torture_fail("getrlimit", __LINE__);
    limited = before;
    limited.rlim_cur = limit;
    if (is_enough) {
        torture_shortage(NULL, 0, NULL, 0);
        life.wait_ms = TORTURE_PATIENT_MS; /* nothing may time out, however slow the machine is */
    } else {
        torture_shortage("descriptors up to", limit, codes, sizeof codes / sizeof codes[0]);
    }
    watchdog_doing("runs", scenario->name);
    if (!is_enough && setrlimit(RLIMIT_NOFILE, &limited) < 0)
        torture_fail("setrlimit", __LINE__);
    scenario->run(&life);
    if (setrlimit(RLIMIT_NOFILE, &before) < 0)
        torture_fail("setrlimit", __LINE__);
    if (life.is_joined && strncmp(life.transport, "inproc", 6) != 0)
        torture_recover(&life);
    torture_end(&life);
}

static void run(const struct scenario *scenario, struct life form, unsigned turn)
{
    unsigned long least = lowest_free();

    for (unsigned more = turn % step; more < MOST; more += step) {
        watchdog_begin(scenario->name);
        run_limited(scenario, form, least + more, false);
    }
    run_limited(scenario, form, 0, true);
    if (lowest_free() != least)
        torture_fail("a descriptor was not closed", __LINE__);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--long") == 0)
        step = 1;
    return torture_all(argc, argv, run);
}
