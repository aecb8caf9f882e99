/*
 * dropin.h: what the files of the drop-in share.
 *
 * The drop-in is a thin layer over <tenon/tenon.h>: a zmq socket is the native handle itself, a
 * zmq_msg_t is a tn_msg_t, and send and receive go straight through. What libzmq has and the native
 * interface has not lies beside the handle: struct tnz_socket, found by the handle in a table
 * (registry.c), for options, descriptors and monitors, never for send and receive. A zmq context is a
 * struct tnz_context around the native one.
 *
 * Functions that are internal begin with tnz_; only zmq_* leave the library (zmq.map).
 */
#ifndef TNZ_DROPIN_H
#define TNZ_DROPIN_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/tenon.h>

#define ZMQ_BUILD_DRAFT_API
#include "zmq.h"

_Static_assert(sizeof(zmq_msg_t) == sizeof(tn_msg_t), "a zmq_msg_t is a tn_msg_t");
_Static_assert(ZMQ_DONTWAIT == TN_DONTWAIT && ZMQ_SNDMORE == TN_MORE, "flags go straight through");
_Static_assert(ZMQ_POLLIN == TN_POLLIN && ZMQ_POLLOUT == TN_POLLOUT && ZMQ_POLLERR == TN_POLLERR &&
                   ZMQ_POLLPRI == TN_POLLPRI,
               "events go straight through");

/* ------------------------------------------------------------------ error.c */

/** The errno value for a native code, negative or positive. */
int tnz_errno(int code);
/** Sets errno for a native code and returns -1. */
int tnz_fail(int code);
/** Sets errno to an errno value and returns -1. */
int tnz_error(int number);

/* ------------------------------------------------------------------ types.c */

struct tnz_type {
    int number; /* ZMQ_PAIR, ...                                    */
    const char *pattern; /* "pair"                                  */
    bool is_thread_safe; /* what libzmq says of it; ours all are     */
    bool has_one_frame; /* multipart messages are refused            */
};

/** NULL: no such type. */
const struct tnz_type *tnz_type_of_number(int number);

/* ------------------------------------------------------------------ context.c */

struct tnz_context;

/** The context behind a handle; NULL with EFAULT: it is none. */
struct tnz_context *tnz_context_of(void *handle);
/** What a new socket of the context begins with. */
struct tnz_socket_defaults {
    bool ipv6;
    bool blocky;
};
/** Opens a native socket, starting the native context at the first. NULL: errno is set. */
tn_socket_t *tnz_context_open(struct tnz_context *context, const char *pattern,
                              struct tnz_socket_defaults *out_defaults);
/** Whether the program asked for 0 I/O threads: then there are inproc endpoints alone. */
bool tnz_context_is_threadless(struct tnz_context *context);

/* ------------------------------------------------------------------ registry.c */

/** Options that have a meaning in libzmq alone: kept, so that they read as they were set. */
enum tnz_value {
    TNZ_NONE,
    TNZ_RATE, /* of pgm and norm, which we have not */
    TNZ_RECOVERY_IVL,
    TNZ_INVERT_MATCHING, /* of sockets without subscriptions */
    TNZ_VALUES
};

struct tnz_monitor;

/** What a socket has beside its native handle. Lives until zmq_close(), which a program must not call
 *  while another thread is inside a call on the socket. */
struct tnz_socket {
    struct tnz_socket *next; /* in the registry */
    tn_socket_t *handle;
    struct tnz_context *context;
    const struct tnz_type *type;
    struct tnz_monitor *monitor; /* of monitor.c; NULL: none */
    int values[TNZ_VALUES];
};

/** Notes a new socket. ENOMEM. */
int tnz_registry_add(struct tnz_context *context, tn_socket_t *handle, const struct tnz_type *type);
/** NULL with ENOTSOCK: there is no such socket. */
struct tnz_socket *tnz_registry_find(void *handle);
/** Takes a socket out; the caller frees it. NULL: it is not there. */
struct tnz_socket *tnz_registry_remove(void *handle);

#endif
