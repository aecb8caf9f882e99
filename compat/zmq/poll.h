/*
 * poll.h: what polling and pollers share.
 */
#ifndef TNZ_POLL_H
#define TNZ_POLL_H

/** A time in ms as the native calls take it; negative: for ever. */
int tnz_timeout(long timeout);

#endif
