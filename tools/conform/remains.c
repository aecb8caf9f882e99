/* What is left when all has ended. */
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "cases.h"
#include "count.h"
#include "sides.h"

static void live_once(const struct subject *subject)
{
    struct pair pair;

    side_join(subject, &pair, "pair", "pair");
    side_exchange(&pair, 100);
    side_exchange(&pair, 100000);
    side_part(&pair);
}

void conform_run_leaks(const struct subject *subject)
{
    enum { WARM = 30, MORE = 50 };
    int descriptors, threads;
    size_t memory;

    for (int i = 0; i < WARM; i++)
        live_once(subject);
    descriptors = count_descriptors();
    threads = count_threads();
    memory = mallinfo2().uordblks;
    for (int i = 0; i < MORE; i++)
        live_once(subject);
    CONFORM(count_descriptors() <= descriptors, "%d descriptors are left by %d connections",
            count_descriptors() - descriptors, MORE);
    for (int i = 0; i < 100 && count_threads() > threads; i++)
        usleep(20000); /* a joined thread may still be in sight */
    CONFORM(count_threads() <= threads, "%d threads are left by %d connections",
            count_threads() - threads, MORE);
    /* The allocator's own caches count as memory in use, and go on growing a little. */
    CONFORM(mallinfo2().uordblks < memory + MORE * 1024, "%zu bytes are left by %d connections",
            mallinfo2().uordblks - memory, MORE);
}

void conform_run_shutdown(const struct subject *subject)
{
    struct pair pair;
    char text[8];

    side_join(subject, &pair, "pair", "pair");
    for (int i = 0; i < 1000; i++)
        tn_send(pair.connected, "busy", 4, TN_DONTWAIT);
    CONFORM(tn_ctx_shutdown(pair.ctx) == 0, "%s", tn_last_error());
    CONFORM(tn_recv(pair.connected, text, sizeof text, 0) == -TN_ETERM,
            "a call after the shutdown goes on");
    side_part(&pair);
}
