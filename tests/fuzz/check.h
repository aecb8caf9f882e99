/*
 * check.h: what the fuzz targets share.
 *
 * A target checks what must hold for every input, and not only that nothing crashes. CHECK stays in
 * release builds, and stops the process so that libFuzzer keeps the input.
 */
#ifndef TNI_FUZZ_CHECK_H
#define TNI_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
