/*
 * library.h: a shared library opened at run time, so that neither the build nor a machine without it
 * needs it.
 */
#ifndef TENON_BENCH_LIBRARY_H
#define TENON_BENCH_LIBRARY_H

#include <stddef.h>

struct bench_symbol {
    const char *name;
    void *function; /* address of the pointer to set */
};

/** Opens `file`, a bare name or one with a folder of those beside libtenon, and sets all `count` pointers. -1: the file or one of them is not there. */
int bench_library(const char *file, const struct bench_symbol *symbols, size_t count);

#endif
