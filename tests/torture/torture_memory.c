/*
 * torture_memory: for each n, scenarios in which the n-th allocation fails, and in a second round all
 * from the n-th on.
 *
 * torture_memory [--long] [SCENARIO...]
 * Without --long only every few allocations are tried, each time others of them in other scenarios.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "torture.h"
#include "watchdog.h"

enum { STEP = 29 };

/* -EAGAIN and -ETIMEDOUT: a connection broke, and what was sent over it went with it. */
static const int codes[] = {-ENOMEM, -EAGAIN, -ETIMEDOUT};
static unsigned long step = STEP;

static bool is_inproc(const struct life *life)
{
    return strncmp(life->transport, "inproc", 6) == 0;
}

/* Returns whether there were as many allocations as `nth`. */
static bool run_failing(const struct scenario *scenario, struct life life, unsigned long nth,
                        long times)
{
    unsigned long seen;

    torture_shortage(times < 0 ? "no memory from allocation" : "no memory for allocation", nth,
                     codes, sizeof codes / sizeof codes[0]);
    watchdog_doing("runs", scenario->name);
    tni_memory_fail_at(nth, times);
    scenario->run(&life);
    seen = tni_memory_fail_at(0, 0);
    if (seen >= nth) {
        /* Without a connection inproc has nothing to come back from. */
        if (life.is_joined && !is_inproc(&life))
            torture_recover(&life);
        torture_end(&life);
        return true;
    }
    tni_memory_fail_at(nth - seen, times);
    torture_end(&life);
    return seen + tni_memory_fail_at(0, 0) >= nth;
}

static void run_whole(const struct scenario *scenario, struct life life)
{
    torture_shortage(NULL, 0, NULL, 0);
    life.wait_ms = TORTURE_PATIENT_MS; /* nothing may time out, however slow the machine is */
    if (!scenario->run(&life))
        torture_fail("a scenario does not work with memory", __LINE__);
    torture_end(&life);
}

static void run(const struct scenario *scenario, struct life form, unsigned turn)
{
    unsigned long first = 2UL * turn; /* two rounds a form */

    run_whole(scenario, form);
    for (long times = 1; times >= -1; times -= 2) {
        unsigned long nth = 1 + first++ % step;
        while (run_failing(scenario, form, nth, times)) {
            watchdog_begin(scenario->name);
            nth += step;
        }
    }
    run_whole(scenario, form);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--long") == 0)
        step = 1;
    return torture_all(argc, argv, run);
}
