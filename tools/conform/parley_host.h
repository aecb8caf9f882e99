/*
 * parley_host.h: the host of mechanisms that are tried in memory: counts what they take, fails when it is told
 * to, and looks at what they say and give back.
 *
 * One a process, one thread.
 */
#ifndef TENON_TOOLS_CONFORM_PARLEY_HOST_H
#define TENON_TOOLS_CONFORM_PARLEY_HOST_H

#include "conform.h"
#include "settings.h"

/** Calls the module's init. */
const tn_host_t *parley_host_begin(const struct subject *subject, const struct settings *all);
/** Calls its fini. */
void parley_host_end(const struct subject *subject);

/** What setup_option answers from now on: the options of that side, except `instead`, unless it is NULL. */
void parley_host_speak_for(unsigned side, const struct setting *instead);

/** Allocations that are not given back. */
long parley_host_left(void);
/** The n-th allocation from now fails; 0: none. Returns whether the last one that was to fail did. */
bool parley_host_fail_at(long n);
/** The sentence of the last set_error; "" after it was asked for. */
const char *parley_host_error(void);
/** The value of a secret option that was found where it must not be, as a sentence; NULL: none. */
const char *parley_host_spilled(void);
/** Whether the bytes hold the value of a secret option. */
bool parley_host_is_told(const void *data, size_t size);
/** The clock goes on. */
void parley_host_pass(uint64_t ms);

#endif
