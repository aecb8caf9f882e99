/*
 * limit.h: what a peer may cost, and what happens when it wants to cost more.
 *
 * A limit is an option; docs/security.md has them all. One that strikes ends that one connection, but for
 * "max_memory", which makes it wait, and those of half-open peers, which do so while others finish. The
 * sentence, which names the option, goes to the monitor's event and to the log. A peer can do so as
 * often as it likes: each endpoint logs each of its limits once in ten seconds at most, and says how often it
 * struck meanwhile. Under the reactor's lock, unless it says "any thread".
 */
#ifndef TNI_LIMIT_H
#define TNI_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tni_config;
struct tni_options;
struct tni_session;

enum tni_limit {
    TNI_LIMIT_HANDSHAKE, /* "handshake_ivl" */
    TNI_LIMIT_HALF_OPEN,
    TNI_LIMIT_HALF_OPEN_PER_ADDRESS,
    TNI_LIMIT_PER_ADDRESS,
    TNI_LIMIT_CONNECTIONS,
    TNI_LIMIT_FRAME, /* "maxmsgsize" */
    TNI_LIMIT_PARTS,
    TNI_LIMIT_MESSAGE,
    TNI_LIMIT_STALL,
    TNI_LIMIT_SUBSCRIPTIONS,
    TNI_LIMIT_SUBSCRIPTION_BYTES,
    TNI_LIMIT_PINGS,
    TNI_LIMIT_MEMORY,
    TNI_LIMITS
};

/** How often each has struck and was not logged yet, and when it was logged last; of an endpoint. Any
 *  thread. */
struct tni_limit_log {
    atomic_uint struck[TNI_LIMITS];
    atomic_uint_fast64_t logged_at[TNI_LIMITS]; /* ms; 0: never */
};

/** The peer has gone too far: leaves the sentence, made of `format` and the option's name, logs it, and
 *  returns `code`, which ends the connection. */
int tni_limit_struck(const struct tni_session *session, enum tni_limit limit, int code,
                     const char *format, ...) __attribute__((cold, format(printf, 4, 5)));

/** How many may be in their handshake is laid down for a bind. */
void tni_limit_init(struct tni_config *config, const struct tni_options *options);
void tni_limit_fini(struct tni_config *config);

enum { TNI_LIMIT_WAIT = 1 };

/** A peer that was accepted: counts it, and says whether it may stay, once its address is known: 0, its
 *  handshake may begin; TNI_LIMIT_WAIT: it is in line, and TNI_SESSION_CALLED says when it is its turn;
 *  or the code that ends the connection. */
int tni_limit_admit(struct tni_session *session);
/** It was called: as tni_limit_admit. */
int tni_limit_called(struct tni_session *session);
/** `handshake_by` of one in line has come: 0, or the code that ends the connection, when nobody before it
 *  gets on. */
int tni_limit_wait_is_over(struct tni_session *session);
/** It has finished its handshake, `has_passed`, or failed. Harmless when it is not counted. */
void tni_limit_not_half_open(struct tni_session *session, bool has_passed);
/** It has gone. Harmless when it is not counted. */
void tni_limit_forget(struct tni_session *session);

/** A PING has come at `now`, in ms: 0, or the code that ends the connection. */
int tni_limit_ping(struct tni_session *session, uint64_t now);

/** A request of the peer, of `size` bytes, is to wait for the socket: 0, or the code that ends the
 *  connection. Twice as much may wait as the peer may have in the end, since it may take back what it
 *  asked for; the pattern counts that. */
int tni_limit_request(struct tni_session *session, size_t size);

/** Bytes that all frames of one message may have: "max_message_bytes". UINT64_MAX: any number. */
uint64_t tni_limit_message_bytes(const struct tni_session *session);

/** Before the peer is read: whether it has to wait, since the process has more than "max_memory" of
 *  messages, and more than its share of them are the peer's and wait for the program. It is looked at
 *  again at `look_at`. */
bool tni_limit_holds(struct tni_session *session);

/** The kernel takes nothing from us: "stall_timeout" begins to run, unless it does already. The kernel
 *  takes more only when much of what it holds has gone, so that a slow peer is told from one that stands still
 *  by how much that is, looked at twice. */
void tni_limit_stalled(struct tni_session *session);
/** `stall_by` has come: 0, or the code that ends the connection. */
int tni_limit_stall_is_over(struct tni_session *session);

#endif
