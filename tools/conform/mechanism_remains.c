/* What a mechanism leaves behind, and what it does without memory. */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "count.h"
#include "mechanism_cases.h"
#include "parley.h"
#include "parley_host.h"

static void expect_nothing_left(long before, const char *after)
{
    CONFORM(parley_host_left() <= before, "%ld allocations are left after %s",
            parley_host_left() - before, after);
}

static void exchange_frame(struct parley *parley)
{
    uint8_t *out = parley_guarded(1, 100 + parley->ops->overhead), *in;
    uint8_t body[100] = "hello";
    ssize_t size;

    if (!parley->ops->encode)
        return;
    size = parley->ops->encode(parley->side[0].state, 0, body, sizeof body, out);
    if (size < 0)
        return;
    in = parley_guarded(0, (size_t)size);
    memcpy(in, out, (size_t)size);
    (void)parley->ops->decode(parley->side[1].state,
                              &(tn_secret_frame_t){.body = in, .size = (size_t)size});
}

void conform_run_memory_failures(const struct subject *subject)
{
    enum { MOST = 200 };
    struct parley parley;
    long before;
    int n;

    parley_begin(&parley, subject);
    parley_run(&parley);
    before = parley_host_left();
    for (n = 1; n < MOST; n++) {
        bool has_failed;

        parley_host_fail_at(n);
        if (parley_open(&parley))
            parley_talk(&parley);
        if (parley_is_done(&parley))
            exchange_frame(&parley);
        parley_close(&parley);
        has_failed = parley_host_fail_at(0);
        expect_nothing_left(before, "an allocation that failed");
        if (!has_failed)
            break;
        for (int i = 0; i < 2; i++)
            CONFORM(parley.side[i].code == 0 || parley.side[i].code == -ENOMEM,
                    "when allocation %d fails the %s ends with %d, not with -ENOMEM", n,
                    i == 0 ? "client" : "server", parley.side[i].code);
    }
    CONFORM(n < MOST, "a handshake makes %d allocations", MOST);
    parley_run(&parley);
    CONFORM(parley_is_done(&parley), "after allocations have failed no handshake gets done");
    conform_note("%d allocations in a handshake", n - 1);
}

static bool leave_at(struct parley *parley, int number, struct parley_command *command, void *arg)
{
    (void)parley;
    command->times = number < *(int *)arg;
    return false;
}

void conform_run_mechanism_leaks(const struct subject *subject)
{
    enum { WARM = 20, MORE = 200, STAGES = 8 };
    struct parley parley;
    int stage, descriptors = 0, threads = 0;
    size_t memory = 0;
    long before = 0;

    parley_begin(&parley, subject);
    parley_run(&parley);
    parley.meddle = leave_at;
    parley.arg = &stage;
    for (int i = 0; i < WARM + MORE; i++) {
        if (i == WARM) {
            descriptors = count_descriptors();
            threads = count_threads();
            memory = mallinfo2().uordblks;
            before = parley_host_left();
        }
        stage = i % STAGES;
        parley_run(&parley);
    }
    expect_nothing_left(before, "handshakes that end in every stage");
    CONFORM(count_descriptors() <= descriptors, "%d descriptors are left by %d handshakes",
            count_descriptors() - descriptors, MORE);
    CONFORM(count_threads() <= threads, "%d threads are left by %d handshakes",
            count_threads() - threads, MORE);
    CONFORM(mallinfo2().uordblks < memory + (size_t)MORE * 16,
            "%zu bytes are left by %d handshakes", mallinfo2().uordblks - memory, MORE);
}

void conform_run_secrets(const struct subject *subject)
{
    const struct settings *settings = subject->settings;
    struct parley parley;

    parley_begin(&parley, subject);
    parley_run(&parley);
    for (int i = 0; i < parley.count; i++)
        CONFORM(
            (parley.ops->flags & TN_MECHANISM_TELLS) ||
                !parley_host_is_told(parley.said[i].bytes, parley.said[i].size),
            "command %d holds the value of a secret option, and the flag TN_MECHANISM_TELLS does "
            "not say so",
            i + 1);
    for (int i = 0; i < settings->count; i++) {
        if (settings->item[i].sides & SETTINGS_WRONG)
            parley.side[0].instead = &settings->item[i];
        parley_run(&parley);
    }
    parley_host_end(subject);
    CONFORM(!parley_host_spilled(), "%s", parley_host_spilled());
}
