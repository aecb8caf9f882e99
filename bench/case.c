#include "case.h"

#include <stdarg.h>
#include <stdio.h>

void bench_case_add(struct bench_table *table, const struct bench_case *one, const char *format,
                    ...)
{
    struct bench_case *slot = &table->cases[table->count];
    va_list arguments;

    if (table->count == BENCH_CASES_MAX)
        return;
    *slot = *one;
    if (!slot->limit)
        slot->limit = &bench_raw;
    va_start(arguments, format);
    vsnprintf(slot->name, sizeof(slot->name), format, arguments);
    va_end(arguments);
    table->count++;
}

bool bench_case_fits(const struct bench_case *one, const struct bench_peer *peer)
{
    return (peer->roles & one->roles) == one->roles && (peer->transports & 1U << one->transport) &&
           (!one->fits || one->fits(peer));
}

const char *bench_transport_name(enum bench_transport transport)
{
    static const char *const names[] = {"tcp", "ipc", "inproc"};

    return names[transport];
}

const char *bench_wildcard(enum bench_transport transport)
{
    static const char *const wildcards[] = {"tcp://127.0.0.1:*", "ipc://*", "inproc://bench"};

    return wildcards[transport];
}
