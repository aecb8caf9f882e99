/*
 * mutations.c: commands that were cut, changed, lengthened, repeated, dropped or put elsewhere.
 *
 * Whatever is done to a command, its receiver must not become ready. There is one exception: a mechanism that
 * protects nothing cannot know that properties, which it hands on, have changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mechanism_cases.h"
#include "parley.h"
#include "parley_host.h"

struct mutation {
    int number; /* of the command */
    size_t place;
    unsigned bits; /* to be turned; 0: it is cut there */
    size_t more; /* bytes behind it */
    int times;
    const struct parley_command *instead;
};

static bool mutate(struct parley *parley, int number, struct parley_command *command, void *arg)
{
    const struct mutation *mutation = arg;

    (void)parley;
    if (number != mutation->number)
        return false;
    if (mutation->instead) {
        memcpy(command->bytes, mutation->instead->bytes, mutation->instead->size);
        command->size = mutation->instead->size;
        return true;
    }
    command->times = mutation->times;
    if (mutation->times != 1)
        return true;
    if (mutation->more) {
        memset(command->bytes + command->size, 'x', mutation->more);
        command->size += mutation->more;
        return true;
    }
    if (mutation->place >= command->size) /* properties and the like may be shorter this time */
        return false;
    if (mutation->bits)
        command->bytes[mutation->place] ^= (uint8_t)mutation->bits;
    else
        command->size = mutation->place;
    return true;
}

/* Runs the handshake with the mutation; false: its receiver became ready. */
static bool is_harmless(struct parley *parley, struct mutation *mutation)
{
    const struct parley_side *side;

    parley->meddle = mutate;
    parley->arg = mutation;
    parley_run(parley);
    if (parley->meddled < 0)
        return true;
    side = &parley->side[parley->meddled];
    return !side->is_ready || (!parley->ops->decode && side->is_malformed);
}

/* One handshake as it should be; returns how many commands it has. */
static int begin(struct parley *parley, const struct subject *subject)
{
    parley_begin(parley, subject);
    parley_run(parley);
    CONFORM(parley_is_done(parley), "the handshake does not get done even untouched");
    return parley->count;
}

static const char *receiver(const struct parley *parley)
{
    return parley->meddled == 0 ? "client" : "server";
}

void conform_run_prefixes(const struct subject *subject)
{
    struct parley parley;
    int count = begin(&parley, subject);
    struct mutation mutation = {.times = 1};
    char name[32];

    for (mutation.number = 0; mutation.number < count; mutation.number++) {
        size_t size = parley.said[mutation.number].size;

        parley_name(&parley.said[mutation.number], name);
        for (mutation.place = 0; mutation.place < size; mutation.place++)
            CONFORM(is_harmless(&parley, &mutation),
                    "the first %zu of %zu bytes of %s make the %s ready", mutation.place, size,
                    name, receiver(&parley));
    }
}

void conform_run_bit_flips(const struct subject *subject)
{
    struct parley parley;
    int count = begin(&parley, subject);
    struct mutation mutation = {.times = 1};
    char name[32];

    for (mutation.number = 0; mutation.number < count; mutation.number++) {
        size_t size = parley.said[mutation.number].size;

        parley_name(&parley.said[mutation.number], name);
        for (mutation.place = 0; mutation.place < size; mutation.place++)
            for (int bit = 0; bit <= 8; bit++) {
                mutation.bits = bit < 8 ? 1u << bit : 0xffu;
                CONFORM(is_harmless(&parley, &mutation),
                        "%s with byte %zu of %zu changed by 0x%02x makes the %s ready", name,
                        mutation.place, size, mutation.bits, receiver(&parley));
            }
    }
}

void conform_run_too_long(const struct subject *subject)
{
    static const size_t lengths[] = {1, 2, 4, 16, 255, 256, 1000, 7000};
    struct parley parley;
    int count = begin(&parley, subject);
    struct mutation mutation = {.times = 1};
    char name[32];

    for (mutation.number = 0; mutation.number < count; mutation.number++) {
        parley_name(&parley.said[mutation.number], name);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            mutation.more = lengths[i];
            CONFORM(is_harmless(&parley, &mutation), "%s with %zu bytes more makes the %s ready",
                    name, mutation.more, receiver(&parley));
        }
    }
}

void conform_run_repeated(const struct subject *subject)
{
    struct parley parley;
    int count = begin(&parley, subject);
    struct mutation mutation = {0};
    char name[32];

    /* The last one makes its receiver ready, and nothing is handed over then. */
    for (mutation.number = 0; mutation.number + 1 < count; mutation.number++) {
        for (mutation.times = 2; mutation.times <= 3; mutation.times++) {
            parley_name(&parley.said[mutation.number], name);
            CONFORM(is_harmless(&parley, &mutation), "%s that comes %d times makes the %s ready",
                    name, mutation.times, receiver(&parley));
        }
    }
}

void conform_run_dropped(const struct subject *subject)
{
    struct parley parley;
    int count = begin(&parley, subject);
    struct mutation mutation = {.times = 0};
    char name[32];

    for (mutation.number = 0; mutation.number < count; mutation.number++) {
        parley_name(&parley.said[mutation.number], name);
        CONFORM(is_harmless(&parley, &mutation), "without %s the %s becomes ready", name,
                receiver(&parley));
    }
}

void conform_run_reordered(const struct subject *subject)
{
    struct parley parley, other;
    int count = begin(&parley, subject);
    struct mutation mutation = {.times = 1};
    char name[32], instead[32];

    begin(&other, subject);
    for (mutation.number = 0; mutation.number < count; mutation.number++) {
        for (int i = 0; i < count; i++) {
            bool is_same;

            mutation.instead = &other.said[i];
            parley_name(&parley.said[mutation.number], name);
            parley_name(mutation.instead, instead);
            is_same = strcmp(name, instead) == 0 && !parley.ops->decode;
            CONFORM(is_same || is_harmless(&parley, &mutation),
                    "%s in place of %s makes the %s ready", instead, name, receiver(&parley));
        }
    }
}

/* The client of today says what that of yesterday said. */
static bool replay(struct parley *parley, int number, struct parley_command *command, void *arg)
{
    const struct parley *yesterday = arg;

    (void)parley;
    if (command->from != 0 || number >= yesterday->count)
        return false;
    memcpy(command->bytes, yesterday->said[number].bytes, yesterday->said[number].size);
    command->size = yesterday->said[number].size;
    return true;
}

void conform_run_replayed(const struct subject *subject)
{
    struct parley parley, yesterday;

    begin(&yesterday, subject);
    begin(&parley, subject);
    if (!parley.ops->decode)
        conform_skip("it does not protect messages: whoever can listen can say everything anyway");
    parley.meddle = replay;
    parley.arg = &yesterday;
    parley_run(&parley);
    CONFORM(!parley.side[1].is_ready,
            "a client that says what another one said makes the server ready");
}

static bool babble(struct parley *parley, int number, struct parley_command *command, void *arg)
{
    (void)parley;
    if (number != *(int *)arg)
        return false;
    /* Now and then behind a name that is due. */
    command->size = (size_t)random() % 600;
    for (size_t i = random() % 2 ? command->bytes[0] + 1u : 0; i < command->size; i++)
        command->bytes[i] = (uint8_t)random();
    return true;
}

void conform_run_garbage(const struct subject *subject)
{
    enum { TRIES = 2000 };
    struct parley parley;
    int count = begin(&parley, subject), number;
    char name[32];

    srandom(1);
    parley.meddle = babble;
    parley.arg = &number;
    for (int i = 0; i < TRIES; i++) {
        const struct parley_side *side;

        number = i % count;
        parley_run(&parley);
        parley_name(&parley.said[number], name);
        if (parley.meddled < 0)
            continue;
        side = &parley.side[parley.meddled];
        CONFORM(!side->is_ready || (!parley.ops->decode && side->is_malformed),
                "random bytes in place of %s make the %s ready", name, receiver(&parley));
    }
}
