/*
 * ends.h: two ends that somebody else has to make for some transports: of a serial line, or of a connection.
 */
#ifndef TENON_TOOLS_CONFORM_ENDS_H
#define TENON_TOOLS_CONFORM_ENDS_H

#include <stdbool.h>

bool ends_are_known(const char *kind);
/** "pty": the names of two devices that are joined, the same ones in all of a process. "socketpair": two numbers of
 *  descriptors, which whoever opens the endpoints takes. `out_names` are valid until the next call. */
void ends_make(const char *kind, const char *out_names[2]);

#endif
