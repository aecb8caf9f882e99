#include "sodium.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

static uint64_t counter;

static const char *name(void)
{
    return "counted";
}

static uint32_t number(void)
{
    return (uint32_t)(++counter * 2654435761U);
}

static void fill(void *const out, const size_t size)
{
    uint8_t seed[randombytes_SEEDBYTES] = {0};

    counter++;
    memcpy(seed, &counter, sizeof counter);
    randombytes_buf_deterministic(out, size, seed);
}

void fuzz_seed(void)
{
    static randombytes_implementation counted = {
        .implementation_name = name, .random = number, .buf = fill};

    randombytes_set_implementation(&counted);
    counter = 0;
}
