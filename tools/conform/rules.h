/*
 * rules.h: watches that a module keeps the rules of its interface while a case runs.
 *
 * The ops of one feature are wrapped: what they return, how long they sleep, and what they leave behind is
 * looked at, then handed on. One feature a process; the verdict may be asked for on any thread.
 */
#ifndef TENON_TOOLS_CONFORM_RULES_H
#define TENON_TOOLS_CONFORM_RULES_H

#include <stdbool.h>
#include <time.h>

#include <tenon/module.h>

/** The first rule that was broken, as a sentence; NULL: none. */
const char *rules_broken(void);
/** Notes that one was. */
void rules_break(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** An op that runs: it must not sleep, and must leave errno as it was. */
struct rules_op {
    const char *name;
    int kept; /* errno, which is the program's */
    struct timespec began;
    long switches;
};

struct rules_op rules_begin(const char *name);
void rules_end(const struct rules_op *op);
/** What ops return is 0, a count, or a negative code. */
void rules_check_code(const char *op, long code);

/** A description like `module` in which `feature` has watched ops. Static; what `module` points to must
 *  stay. */
const tn_module_t *rules_watch_transport(const tn_module_t *module, const tn_feature_t *feature);
const tn_module_t *rules_watch_pattern(const tn_module_t *module, const tn_feature_t *feature);
/* ---- transports: what is done to streams on purpose ---- */

/** From now on reads and writes reach the module a few bytes at a time. */
void rules_stream_cut(bool reads, bool writes);
/** The process is killed in the n-th op of a stream from now, before (n odd) or after the module's part. */
void rules_stream_die_at(long n);
/** The descriptor of a stream that was dialled and lives; -1: there is none. */
int rules_stream_dialled(void);
/** How often writev took less than it was given. */
long rules_stream_short_writes(void);

/** For the functions above: the description with these ops. */
const tn_module_t *rules_put_in(const tn_module_t *module, const tn_feature_t *feature,
                                const void *ops);

#endif
