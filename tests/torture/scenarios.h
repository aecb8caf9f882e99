/*
 * scenarios.h: steps that several scripts have in common. Private to scenarios*.c.
 */
#ifndef TENON_TORTURE_SCENARIOS_H
#define TENON_TORTURE_SCENARIOS_H

#include "torture.h"

/** Goes on after a call that went well; leaves the script at an error that the shortage explains. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        if (!torture_check((long)(call), #call, __LINE__))                                         \
            return false;                                                                          \
    } while (0)
#define TRY_NEW(pointer)                                                                           \
    do {                                                                                           \
        if (!(pointer))                                                                            \
            TRY(tn_last_code());                                                                   \
    } while (0)

/** The context. */
bool torture_begin(struct life *life);
bool torture_open_socket(struct life *life, int i);
/** Binds the first socket, connects the second, waits until they have each other. */
bool torture_connect(struct life *life);
/** All of it. */
bool torture_join(struct life *life);
/** One small message, and its answer where the pattern has one. */
bool torture_exchange(struct life *life);

/** Ended by a name that is NULL. */
extern const struct scenario torture_secure_scenarios[];

#endif
