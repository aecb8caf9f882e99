/*
 * tenon.h: the interface for programs.
 *
 * Conventions, which hold unless a function says otherwise:
 * - A function returns 0 or a count on success, a negative code on failure: -EINVAL and the other
 *   errno values, or one of the -TN_E... below. tn_strerror() names a code; tn_last_error() gives the
 *   calling thread a sentence on what failed, where, why, and what to do.
 * - Times are milliseconds; -1 means "for ever", 0 means "do not wait".
 * - Sockets and contexts may be shared between threads. A call on a socket that another thread closes
 *   returns -TN_ECLOSED.
 * - Calls that send, receive or wait are cancellation points: a thread that pthread_cancel() ends inside
 *   one leaves sockets and contexts whole. The cancellation type must be the deferred one. Not so where
 *   Tenon was built for size.
 * - Strings are UTF-8 and end with a NUL; blobs carry their length.
 * - After fork() a child may only close sockets and contexts that it inherited; every other call on
 *   them returns -TN_EFORKED.
 */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/select.h> /* sigset_t, in strict C11 too */
#include <sys/types.h>

#include <tenon/message.h>
#include <tenon/question.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TN_VERSION_MAJOR 0
#define TN_VERSION_MINOR 1
#define TN_VERSION_PATCH 0

#if defined(__GNUC__)
#define TN_EXPORT __attribute__((visibility("default")))
#else
#define TN_EXPORT
#endif

/* Codes that errno does not have. */
#define TN_EBASE 5525504
#define TN_ETERM (TN_EBASE + 1) /* the context was shut down                           */
#define TN_ECLOSED (TN_EBASE + 2) /* the socket is closed, or never was one              */
#define TN_EFSM (TN_EBASE + 3) /* not now: the pattern's state forbids it             */
#define TN_ENOCOMPAT (TN_EBASE + 4) /* the two patterns do not go together                 */
#define TN_EFORKED (TN_EBASE + 5) /* the object belongs to the parent process            */
#define TN_EMODULE (TN_EBASE + 6) /* a module is missing, unfit or excluded              */
#define TN_EDENIED (TN_EBASE + 7) /* the deployment's policy forbids it                  */
#define TN_ENOOPTION (TN_EBASE + 8) /* no such option                                      */

struct tn_module;
typedef struct tn_ctx tn_ctx_t;
typedef struct tn_socket tn_socket_t;
typedef struct tn_monitor tn_monitor_t;

/* ------------------------------------------------------------------ errors and version */

/** Version of the library that is running; any pointer may be NULL. */
TN_EXPORT void tn_version(int *major, int *minor, int *patch);

/** A short name for a code, positive or negative. Never NULL; the library's, valid for ever. */
TN_EXPORT const char *tn_strerror(int code);

/** The sentence that the last failing call of this thread left. Never NULL; valid until the thread's
 *  next failing call. */
TN_EXPORT const char *tn_last_error(void);

/** The code that the last failing call of this thread returned, negative; 0 if there was none. For
 *  the functions that return a pointer. */
TN_EXPORT int tn_last_code(void);

/* ------------------------------------------------------------------ context */

/** Makes a context: the modules, I/O threads and sockets of one part of a program. Does not block.
 *  Returns NULL when memory or descriptors are short, when a manifest is wrong in a way that
 *  `required = yes` makes fatal, or when TENON_MODULES is wrong; see tn_last_code(). */
TN_EXPORT tn_ctx_t *tn_ctx_new(void);

/** Context options, to be set before the first socket is made:
 *    "io_threads"   number of I/O threads, 0 to 64, default 1. With 0 the program drives the
 *                   connections itself: inside its blocking calls, or with tn_ctx_step().
 *    "max_sockets"  most sockets at one time, 1 to 65535, default 65535
 *    "max_connections"  most accepted connections at one time; one more is closed. 0, the default: as
 *                   many as leave the program 64 of the descriptors that RLIMIT_NOFILE allows
 *    "max_memory"   bytes that messages may take in the process before the peers that have more than
 *                   their share of unread ones are not read until it is less; 0, the default: any
 *    "allow_load"   0: only modules that are linked in, default 1
 *    "socket.NAME"  what the option NAME of its sockets begins with; a deployment's manifests go before
 *    "thread_sched_policy"  SCHED_OTHER, SCHED_FIFO, ... of <sched.h> for the I/O threads, and
 *    "thread_priority"  their priority in it, default -1: those of the thread that makes the first
 *                   network endpoint; a call that starts them fails with what the system says
 *  -TN_ENOOPTION: no such option; -EINVAL: out of range; -EBUSY: too late. */
TN_EXPORT int tn_ctx_set_int(tn_ctx_t *ctx, const char *name, int64_t value);
TN_EXPORT int tn_ctx_get_int(tn_ctx_t *ctx, const char *name, int64_t *out_value);

/** Text options of a context, to be set before the first socket is made:
 *    "plugins_d"    one more directory of manifests, above all others; may be set several times
 *    "modules"      as the environment's TENON_MODULES, and instead of it
 *    "thread_name"  prefix of the I/O threads' names, at most 16 bytes, default "tenon"
 *    "thread_cpus"  processors that they may run on, as "0,2-5", default "": any
 *    "socket.NAME"  as above, from text */
TN_EXPORT int tn_ctx_set_str(tn_ctx_t *ctx, const char *name, const char *value);

/** Adds a module that is part of the program, as if it were linked into the library: what TN_MODULE() of
 *  <tenon/module.h> defined, or a description like it. Before the first socket is made; `module` must be valid
 *  until tn_ctx_term() has returned. Whether it fits is found out when one of its features is first named.
 *  -EINVAL: NULL, or more than 16 of them; -EBUSY: too late. */
TN_EXPORT int tn_ctx_add_module(tn_ctx_t *ctx, const struct tn_module *module);

/** Wakes every call that is blocked in the context; those and all later ones, tn_close() apart,
 *  return -TN_ETERM. Does not block. May be called from any thread, more than once. */
TN_EXPORT int tn_ctx_shutdown(tn_ctx_t *ctx);

/** Ends the context: shuts it down, waits until every socket has been closed and has sent what its
 *  "linger" allows, joins the threads and frees everything.
 *  `timeout` in ms; -1 waits for ever. On -ETIMEDOUT nothing has been freed, tn_last_error() names
 *  what still blocks, and the call may be repeated. -EINTR: a signal came; repeat. A thread that is
 *  cancelled while it waits leaves a context that is shut down: another one repeats the call. */
TN_EXPORT int tn_ctx_term(tn_ctx_t *ctx, int timeout);

/** A context without I/O threads, inside another event loop: wait until the descriptor is readable
 *  or the deadline has come, then call tn_ctx_step(). The descriptor is the library's, level
 *  triggered; -ENOTSUP when the context has I/O threads. */
TN_EXPORT int tn_ctx_fd(tn_ctx_t *ctx);
/** Milliseconds until tn_ctx_step() must run at the latest; -1: no timer is set. */
TN_EXPORT int tn_ctx_deadline(tn_ctx_t *ctx);
/** Serves everything that is ready, without blocking. Returns 0, or -ENOTSUP. */
TN_EXPORT int tn_ctx_step(tn_ctx_t *ctx);

/* ------------------------------------------------------------------ sockets */

/** Opens a socket of a pattern: "pair" "push" "pull" "req" "rep" "dealer" "router" "pub" "sub"
 *  "xpub" "xsub" "client" "server" "peer" "channel" "scatter" "gather" "radio" "dish" "dgram" "stream",
 *  or one that a module adds. Loads the module if need be.
 *  NULL: -TN_EMODULE (no such pattern, or its module does not load: the sentence says why), -EMFILE
 *  ("max_sockets"), -ENOMEM, -TN_ETERM. The caller closes it with tn_close(). */
TN_EXPORT tn_socket_t *tn_socket(tn_ctx_t *ctx, const char *pattern);

/** Closes a socket and returns at once. What was sent goes on being sent in the background for the
 *  time of "linger"; what was received and not read is dropped. Other threads that are inside a call
 *  on the socket return -TN_ECLOSED first. -TN_ECLOSED: it was closed already, or is NULL. */
TN_EXPORT int tn_close(tn_socket_t *socket);

/** Accepts connections at an endpoint, "transport://address[?option=value&...]". The first '?' begins
 *  the options, which are those of the transport or of the socket; one that belongs to the address is
 *  written %3F. In a value every %XX is a byte.
 *  "last_endpoint" then gives it with wildcards filled in. Returns after the address is taken.
 *  -EINVAL: malformed; -TN_EMODULE: the transport is unknown or does not load; -TN_EDENIED: policy;
 *  -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -ENODEV: from the system; -EMFILE, -ENOMEM. */
TN_EXPORT int tn_bind(tn_socket_t *socket, const char *endpoint);

/** Connects to an endpoint, now and again whenever the connection is lost. Returns at once: names
 *  are resolved and connections made in the background, and errors there go to the monitor.
 *  Errors as for tn_bind(). */
TN_EXPORT int tn_connect(tn_socket_t *socket, const char *endpoint);

/** PEER: as tn_connect(), and stores the number by which messages name the new peer
 *  (tn_msg_set_routing_id()), which is good at once: what is sent waits for the connection. Once
 *  more for the same endpoint is another connection.
 *  Errors as for tn_bind(); -ENOTSUP: not a pattern whose peers have numbers, or "immediate" is set,
 *  with which there is no peer before it is connected. */
TN_EXPORT int tn_connect_peer(tn_socket_t *socket, const char *endpoint, uint32_t *out_routing_id);
/** PEER: ends the connection to that peer, and with it the connect that made it: what was sent to it
 *  still goes out, within "linger"; what it sent and was not read is dropped.
 *  -EHOSTUNREACH: there is none; -ENOTSUP: not a pattern whose peers have numbers. */
TN_EXPORT int tn_disconnect_peer(tn_socket_t *socket, uint32_t routing_id);
/** ROUTER: TN_POLLOUT when the peer of that routing id would take a message now, otherwise 0.
 *  -EHOSTUNREACH: there is none; -ENOTSUP: not a pattern that sends by routing id. */
TN_EXPORT int tn_peer_events(tn_socket_t *socket, const void *routing_id, size_t size);

/** Undoes tn_bind() or tn_connect(). `endpoint` is the string that was given, or "last_endpoint" as
 *  it was then. Connections that a bind accepted stay; a connection is closed after what was queued
 *  for it is sent, within "linger". -ENOENT: there is none. */
TN_EXPORT int tn_unbind(tn_socket_t *socket, const char *endpoint);
/** Whether tn_bind (`is_bind`) or tn_connect would take the endpoint, as far as that can be told without
 *  the network: scheme, policy, address, options, and what its modules make of them, such as files that
 *  they read. Loads the modules; binds and connects nothing. 0, or the code and the sentence of those
 *  two. */
TN_EXPORT int tn_check_endpoint(tn_socket_t *socket, const char *endpoint, bool is_bind);
TN_EXPORT int tn_disconnect(tn_socket_t *socket, const char *endpoint);

/* ------------------------------------------------------------------ options */

/* Options by name; docs/options.md lists them, `tenon info NAME` those of a module. A name with a dot
 * ("tcp.keepalive") is an option of that transport and applies to later binds and connects.
 * -TN_ENOOPTION: unknown (the sentence has the nearest name); -EINVAL: wrong type or out of range;
 * -EACCES: can only be read, or only be set. */
TN_EXPORT int tn_set_int(tn_socket_t *socket, const char *name, int64_t value);
TN_EXPORT int tn_set_str(tn_socket_t *socket, const char *name, const char *value);
TN_EXPORT int tn_set_blob(tn_socket_t *socket, const char *name, const void *data, size_t size);
TN_EXPORT int tn_get_int(tn_socket_t *socket, const char *name, int64_t *out_value);
/** `*io_size`: the room in `buffer` in bytes, then the size of the value; for text that includes the
 *  NUL. -EMSGSIZE: too small, `*io_size` says what is needed. */
TN_EXPORT int tn_get_str(tn_socket_t *socket, const char *name, char *buffer, size_t *io_size);
TN_EXPORT int tn_get_blob(tn_socket_t *socket, const char *name, void *buffer, size_t *io_size);

/* ------------------------------------------------------------------ authentication */

/** Asks whether the peer in question may in. Runs on a thread of the context that serves questions
 *  alone, without locks; it may take its time, but then others wait. It answers with tn_answer(), at once
 *  or later; it must not end the context. */
typedef void (*tn_ask_fn)(tn_question_t *question, const tn_question_info_t *info, void *arg);

/** Makes `ask` the authenticator of later binds and connects of the socket, in place of the module that
 *  option "authenticator" names; NULL: that one again. It is asked about each peer, except by the client
 *  of a mechanism that has clients and servers. `arg` must be valid until tn_ctx_term() has returned. */
TN_EXPORT int tn_set_authenticator(tn_socket_t *socket, tn_ask_fn ask, void *arg);

/** Answers a question, exactly once, from any thread; afterwards neither `question` nor its info may be
 *  used. `answer->size` is set by the caller. Allowed for a question that nobody waits for any more, and
 *  after the context has ended. -EINVAL: an argument is NULL, or no size. */
TN_EXPORT int tn_answer(tn_question_t *question, const tn_answer_t *answer);

/* ------------------------------------------------------------------ subscriptions and groups */

/** SUB and XPUB in manual mode: asks for messages that begin with `prefix`, or no longer. Counted in
 *  a SUB: two subscriptions need two cancellations. An XPUB asks for the peer whose request it read last,
 *  once however often that was. After a reconnect a SUB asks anew, in the next call of its
 *  program on the socket, tn_recv() and tn_poll() included. -ENOTSUP: not a pattern that subscribes. */
TN_EXPORT int tn_subscribe(tn_socket_t *socket, const void *prefix, size_t size);
TN_EXPORT int tn_unsubscribe(tn_socket_t *socket, const void *prefix, size_t size);

/** DISH: receives messages of the group, an exact name of 0 to TN_GROUP_MAX bytes, or no longer. After
 *  a reconnect it joins anew, as a SUB subscribes. RFC 48.
 *  -EINVAL: NULL, too long, joined already, or not joined; -ENOTSUP: not a pattern that joins;
 *  -ENOMEM. */
TN_EXPORT int tn_join(tn_socket_t *socket, const char *group);
TN_EXPORT int tn_leave(tn_socket_t *socket, const char *group);

/* ------------------------------------------------------------------ messages */

/** Longest name of a group, in bytes. */
#define TN_GROUP_MAX 255

/** Ends a body of the program's. Called without a lock of the library's, on any thread; it must not
 *  close the socket that its own thread is inside a call of. */
typedef void (*tn_free_fn)(void *data, void *hint);

/** An empty message. Cannot fail. */
TN_EXPORT void tn_msg_init(tn_msg_t *msg);
/** A body of `size` bytes, not set. -ENOMEM. */
TN_EXPORT int tn_msg_init_size(tn_msg_t *msg, size_t size);
/** A copy of `data`. -ENOMEM. */
TN_EXPORT int tn_msg_init_copy(tn_msg_t *msg, const void *data, size_t size);
/** Zero copy: the body is `data` itself, which the library takes on success. `free_fn(data, hint)`
 *  is called once, from any thread, when the last user is done; NULL: never. -ENOMEM. */
TN_EXPORT int tn_msg_init_data(tn_msg_t *msg, void *data, size_t size, tn_free_fn free_fn,
                               void *hint);
/** Ends the message; it must be made again before it is used again. */
TN_EXPORT void tn_msg_close(tn_msg_t *msg);
/** `to` is closed and becomes `from`, which becomes empty. */
TN_EXPORT void tn_msg_move(tn_msg_t *to, tn_msg_t *from);
/** `to` is closed and shares the body of `from`. -ENOMEM. */
TN_EXPORT int tn_msg_copy(tn_msg_t *to, tn_msg_t *from);
/** The body, which may be written to unless it is shared. */
TN_EXPORT void *tn_msg_data(tn_msg_t *msg);
TN_EXPORT size_t tn_msg_size(const tn_msg_t *msg);
/** Whether another frame of the same message follows. */
TN_EXPORT bool tn_msg_more(const tn_msg_t *msg);
TN_EXPORT void tn_msg_set_more(tn_msg_t *msg, bool more);
/** The peer that a message came from, or is to go to: a number that a SERVER or PEER socket gave it, in
 *  every message it receives; 0: none. Copies keep it, closing the message ends it. */
TN_EXPORT uint32_t tn_msg_routing_id(const tn_msg_t *msg);
/** -EINVAL: `routing_id` is 0, which no peer has. */
TN_EXPORT int tn_msg_set_routing_id(tn_msg_t *msg, uint32_t routing_id);
/** The group of a message of RADIO or DISH; "" when it has none. Never NULL; valid as long as the
 *  message, until its group is set. */
TN_EXPORT const char *tn_msg_group(const tn_msg_t *msg);
/** Sets the group, copied: what a RADIO sends goes to the DISH sockets that joined exactly this one.
 *  Copies of the message keep it. RFC 48. -EINVAL: above TN_GROUP_MAX bytes, or NULL; -ENOMEM. */
TN_EXPORT int tn_msg_set_group(tn_msg_t *msg, const char *group);
/** A property of the connection it came from: "Socket-Type", "Identity", "Peer-Address",
 *  "Peer-Host", "Local-Address", "User-Id", or one that the peer announced. NULL when there is
 *  none; valid as long as the message. */
TN_EXPORT const char *tn_msg_property(const tn_msg_t *msg, const char *name);
/** The descriptor of the connection it came from, for looking at it only (getpeername(), getsockopt());
 *  the library's, and perhaps closed meanwhile. -1: there is none. */
TN_EXPORT int tn_msg_fd(const tn_msg_t *msg);
/** Number of the connection it came from, as in monitor events; 0: made here. */
TN_EXPORT uint64_t tn_msg_connection(const tn_msg_t *msg);

/* ------------------------------------------------------------------ send and receive */

enum tn_io_flag {
    TN_DONTWAIT = 1, /* -EAGAIN instead of blocking                                        */
    TN_MORE = 2, /* another frame of the same message follows                          */
};

/** Sends one frame, copied from `data`. Success means queued. A message of several frames goes out
 *  whole or not at all, and belongs to the thread that began it until its last frame.
 *  Blocks, up to "sndtimeo", where the pattern blocks (no peer, or all at their high-water mark).
 *  -EAGAIN: would block, or "sndtimeo" is over; -ENOTSUP: the pattern does not send; -TN_EFSM;
 *  -EHOSTUNREACH: ROUTER with "router_mandatory", SERVER, PEER: there is no such peer; -EINVAL: more
 *  frames than one on CLIENT, SERVER, PEER, CHANNEL, SCATTER, which know none; -EINTR: a signal came;
 *  -ENOMEM; -TN_ETERM; -TN_ECLOSED. */
TN_EXPORT int tn_send(tn_socket_t *socket, const void *data, size_t size, int flags);

/** Receives one frame into `buffer` and returns its length, which may be more than `capacity`: then
 *  the rest of it is lost. "rcvmore" tells whether another frame follows; frames of one message come
 *  without waiting. Blocks up to "rcvtimeo". Errors as for tn_send(). */
TN_EXPORT ssize_t tn_recv(tn_socket_t *socket, void *buffer, size_t capacity, int flags);

/** As tn_send(); on success takes the body, and `msg` is empty. TN_MORE, or tn_msg_set_more(). */
TN_EXPORT int tn_msg_send(tn_socket_t *socket, tn_msg_t *msg, int flags);
/** As tn_recv(); `msg` is an initialised message, whose body is replaced on success. Returns its
 *  length. */
TN_EXPORT ssize_t tn_msg_recv(tn_socket_t *socket, tn_msg_t *msg, int flags);

/** Sends one message of `count` frames; takes all of them on success, none on failure. */
TN_EXPORT int tn_send_parts(tn_socket_t *socket, tn_msg_t *parts, size_t count, int flags);
/** Receives one message whole into `parts[0..max)`, initialised by the caller, and returns the number
 *  of frames. -EMSGSIZE: it has more than `max`; the first `max` are delivered, the rest dropped. */
TN_EXPORT int tn_recv_parts(tn_socket_t *socket, tn_msg_t *parts, size_t max, int flags);

/** Sends up to `count` frames of whole messages (tn_msg_set_more() marks all but the last frame of
 *  each) under one lock; blocks for the first message only. Returns the number of frames taken. */
TN_EXPORT int tn_send_batch(tn_socket_t *socket, tn_msg_t *msgs, size_t count, int flags);
/** Receives up to `max` frames that are there, blocking for the first one only, into initialised
 *  `msgs`; returns how many. tn_msg_more() tells where messages end; one that `max` cuts goes on in the
 *  next call. */
TN_EXPORT int tn_recv_batch(tn_socket_t *socket, tn_msg_t *msgs, size_t max, int flags);

/* ------------------------------------------------------------------ waiting */

enum tn_poll_event {
    TN_POLLIN = 1,
    TN_POLLOUT = 2,
    TN_POLLERR = 4, /* of a descriptor; of a socket: it was closed                         */
    TN_POLLPRI = 8, /* of a descriptor                                                     */
};

typedef struct tn_pollitem {
    tn_socket_t *socket; /* or NULL for */
    int fd; /* a descriptor */
    short events;
    short revents;
} tn_pollitem_t;

/** Waits until one of `items` is ready. Returns how many are, 0 after `timeout` ms; without items it
 *  sleeps. The sockets may belong to several contexts.
 *  -EINTR, -TN_ETERM: one of the contexts, -EINVAL, -ENOMEM, -EMFILE. */
TN_EXPORT int tn_poll(tn_pollitem_t *items, size_t count, int timeout);
/** As tn_poll(), with `mask` as the thread's blocked signals while it sleeps, as for ppoll(2): a signal
 *  that is blocked otherwise comes in the call alone, which then returns -EINTR. NULL: as tn_poll(). */
TN_EXPORT int tn_ppoll(tn_pollitem_t *items, size_t count, int timeout, const sigset_t *mask);

/** A descriptor, the library's, for poll, epoll, libuv or asyncio. Closed by tn_close().
 *  `TN_POLLIN` or `TN_POLLOUT`: level triggered, readable while the socket has the event. It may be
 *  readable once when there is nothing: call tn_recv() or tn_send() with TN_DONTWAIT until -EAGAIN.
 *  `TN_POLLIN | TN_POLLOUT`: readable since something may have changed. Reading the option "events",
 *  tn_poll(), or a tn_recv() or tn_send() that returns -EAGAIN takes the change in, and the descriptor
 *  is not readable until the next one: read "events" before sleeping on it, and after each tn_recv() and
 *  tn_send(). Once the context is shut down it stays readable.
 *  -EINVAL: another event; -EMFILE. */
TN_EXPORT int tn_fd(tn_socket_t *socket, int event);

/** Waits until `count` peers have finished their handshake. Returns the number there is, or
 *  -ETIMEDOUT. */
TN_EXPORT int tn_wait_peers(tn_socket_t *socket, size_t count, int timeout);
/** PUB and XPUB: waits until `count` subscriptions have arrived. */
TN_EXPORT int tn_wait_subscribers(tn_socket_t *socket, size_t count, int timeout);
/** Waits until everything sent has been handed to the system. 0 or -ETIMEDOUT. */
TN_EXPORT int tn_drain(tn_socket_t *socket, int timeout);

/* ------------------------------------------------------------------ proxy */

/** Moves messages between two sockets until the context ends or `control` says TERMINATE. `capture`
 *  and `control` may be NULL; `control` accepts the messages PAUSE, RESUME, TERMINATE and STATISTICS,
 *  the last answered with eight frames of a native 64-bit number: messages and bytes received and
 *  sent at `frontend`, then at `backend`. Returns 0 after TERMINATE, -TN_ETERM, -EINTR. */
TN_EXPORT int tn_proxy(tn_socket_t *frontend, tn_socket_t *backend, tn_socket_t *capture,
                       tn_socket_t *control);

/* ------------------------------------------------------------------ monitor */

enum tn_event_kind {
    TN_EVENT_LISTENING = 1,
    TN_EVENT_BIND_FAILED = 2,
    TN_EVENT_ACCEPTED = 4,
    TN_EVENT_ACCEPT_FAILED = 8, /* `error` says why; out of descriptors pauses the listener */
    TN_EVENT_CONNECT_DELAYED = 16, /* the connection is being made                            */
    TN_EVENT_CONNECT_RETRIED = 32, /* `value`: ms until the next attempt; `error`: why         */
    TN_EVENT_CONNECTED = 64, /* the transport is connected                              */
    TN_EVENT_HANDSHAKE_SUCCEEDED = 128,
    TN_EVENT_HANDSHAKE_FAILED = 256, /* `error`, `reason`; `value`: tn_fault, tn_auth_status */
    TN_EVENT_DISCONNECTED = 512, /* `error` and `reason`                                    */
    TN_EVENT_CLOSED = 1024, /* a listener was closed                                   */
    TN_EVENT_CLOSE_FAILED = 2048,
    TN_EVENT_STOPPED = 4096, /* the socket is closed: the last event                    */
    TN_EVENT_OVERFLOW = 8192, /* `value` events were dropped before this one             */
    TN_EVENT_CONNECT_FAILED = 16384, /* an attempt to connect; `error` says why               */
    TN_EVENT_ALL = 0xffff,
};

/** `value` of TN_EVENT_HANDSHAKE_FAILED and TN_EVENT_DISCONNECTED, as far as more is known than `error`
 *  says. 300, 400 and 500 (tn_auth_status) stand for a peer that was refused, or that refused us. */
enum tn_fault {
    TN_FAULT_NONE = 0,
    TN_FAULT_UNEXPECTED = 1, /* a command that is not due                              */
    TN_FAULT_SEQUENCE = 2, /* a nonce that does not rise                             */
    TN_FAULT_KEY_EXCHANGE = 3,
    TN_FAULT_COMMAND = 4, /* a malformed command; so the next seven                 */
    TN_FAULT_MESSAGE = 5,
    TN_FAULT_HELLO = 6,
    TN_FAULT_INITIATE = 7,
    TN_FAULT_ERROR = 8,
    TN_FAULT_READY = 9,
    TN_FAULT_WELCOME = 10,
    TN_FAULT_METADATA = 11,
    TN_FAULT_CRYPTOGRAPHIC = 12, /* a box that does not open                               */
    TN_FAULT_MECHANISM = 13, /* the peer wants another mechanism                       */
    TN_FAULT_ANSWER = 14, /* the authenticator's answer is wrong; so the next five  */
    TN_FAULT_ANSWER_MALFORMED = 15,
    TN_FAULT_ANSWER_ID = 16,
    TN_FAULT_ANSWER_VERSION = 17,
    TN_FAULT_ANSWER_STATUS = 18,
    TN_FAULT_ANSWER_METADATA = 19,
};

typedef struct tn_event {
    uint32_t kind; /* one of tn_event_kind */
    int32_t error; /* negative code, or 0  */
    int64_t value;
    uint64_t connection; /* number of the connection, 0: none */
    uint64_t time_ms; /* CLOCK_MONOTONIC */
    char endpoint[256]; /* as the program wrote it, wildcards filled in */
    char local[128];
    char remote[128];
    char identity[128]; /* user id that the mechanism established */
    uint8_t routing_id[255];
    uint8_t routing_id_size;
    char reason[160];
    int32_t fd; /* of the connection or listener, which may be closed by now; -1: none */
    bool is_accepted; /* the connection came to a bound endpoint */
} tn_event_t;

/** Watches the events of a socket that are in `mask`. Bounded: 1,000 events wait at most, then
 *  TN_EVENT_OVERFLOW tells how many were lost; the connections never wait for a reader. */
TN_EXPORT tn_monitor_t *tn_monitor(tn_socket_t *socket, uint32_t mask);
/** The next event. Drives no connections: a context with 0 I/O threads needs tn_ctx_step() or a call on
 *  a socket meanwhile. -ETIMEDOUT after `timeout` ms; -EINTR; -TN_ECLOSED after TN_EVENT_STOPPED. */
TN_EXPORT int tn_monitor_recv(tn_monitor_t *monitor, tn_event_t *out_event, int timeout);
/** Readable while an event waits; the library's. */
TN_EXPORT int tn_monitor_fd(tn_monitor_t *monitor);
TN_EXPORT void tn_monitor_close(tn_monitor_t *monitor);
/** "connected", "handshake_failed", ... */
TN_EXPORT const char *tn_event_name(uint32_t kind);

/* ------------------------------------------------------------------ statistics */

enum tn_drop_reason {
    TN_DROP_HWM, /* PUB, ROUTER: that peer's queue was full; a datagram: ours was */
    TN_DROP_UNROUTABLE, /* ROUTER, REP: no such peer; a datagram: no way there */
    TN_DROP_PEER_LOST, /* queued for a peer that went away           */
    TN_DROP_LINGER, /* still queued when "linger" ended           */
    TN_DROP_FILTERED, /* SUB: no subscription matched               */
    TN_DROP_MALFORMED, /* REP: without a delimiter, and the like     */
    TN_DROP_STATE, /* REQ: not the reply that is waited for      */
    TN_DROP_UNREAD, /* received, and never read                   */
    TN_DROP_OVERSIZED, /* longer than a datagram, or than "maxmsgsize" of one */
    TN_DROP_REASONS
};

typedef struct tn_stats {
    uint64_t messages_sent, bytes_sent; /* by the program; bytes of bodies          */
    uint64_t messages_received, bytes_received; /* by the program                           */
    uint64_t peers; /* connected now                            */
    uint64_t subscriptions; /* of our peers (PUB) or of ours (SUB)      */
    uint64_t connections_made, connections_lost, handshakes_failed;
    uint64_t dropped[TN_DROP_REASONS];
} tn_stats_t;

typedef struct tn_peer {
    uint64_t connection;
    uint64_t queued_out, queued_in; /* messages */
    uint64_t messages_sent, messages_received;
    uint64_t dropped;
    bool connected;
    char endpoint[256];
    char remote[128];
    uint8_t routing_id[255];
    uint8_t routing_id_size;
} tn_peer_t;

TN_EXPORT int tn_stats(tn_socket_t *socket, tn_stats_t *out_stats);
/** Fills up to `max` peers and returns how many there are. */
TN_EXPORT int tn_peers(tn_socket_t *socket, tn_peer_t *out_peers, size_t max);
/** "hwm", "unroutable", ... */
TN_EXPORT const char *tn_drop_name(int reason);

/* ------------------------------------------------------------------ modules */

typedef struct tn_module_info {
    const char *kind; /* "transport", "pattern", "mechanism", "authenticator"; "manifest": a file
                          * that could not be used, of which nothing more is known */
    const char *name; /* of the feature: "tcp" */
    const char *module; /* that provides it */
    const char *version; /* of the module; "" while it is not loaded */
    int abi_major, abi_minor;
    int priority;
    const char *source; /* "built-in", or the manifest's path */
    const char
        *state; /* "available", "loaded", "shadowed", "excluded", "masked", "denied", "failed" */
    const char *reason; /* why it is in that state, or "" */
    const char *path; /* of the shared object, or "" */
    unsigned line; /* of `module` in the manifest; 0: there is none */
} tn_module_info_t;

/** Calls `visit` for each feature the context knows, sorted by kind and name, until it returns
 *  non-zero, which is then returned. The strings are valid during the call. Loads nothing. -ENOMEM. */
TN_EXPORT int tn_modules(tn_ctx_t *ctx, int (*visit)(const tn_module_info_t *info, void *arg),
                         void *arg);

typedef struct tn_option_info {
    const char *kind, *feature; /* "transport", "tcp" */
    const char *name;
    const char *type; /* "int", "bool", "text", "blob" */
    const char *unit; /* "ms", "bytes", "" */
    const char *range; /* "0 to 100", "at most 255 bytes" */
    const char *help;
    const char *default_value; /* of the module, as text; "" when it is not set */
    const char *value; /* that new sockets begin with: the deployment's, or the default */
    const char *source; /* where `value` comes from: "default", or "file:line" */
} tn_option_info_t;

/** Calls `visit` for each option of the feature `name`, "tcp" or "transport:tcp", until it returns
 *  non-zero, which is then returned. Loads the feature's module. The strings are valid during the
 *  call; what is secret reads "(secret)". -TN_EMODULE: no such feature, or its module does not load;
 *  -ENOMEM. */
TN_EXPORT int tn_feature_options(tn_ctx_t *ctx, const char *name,
                                 int (*visit)(const tn_option_info_t *info, void *arg), void *arg);

typedef struct tn_module_path {
    const char *kind; /* "vendor", "administrator", "environment", "API": manifests, lowest first;
                       * "modules": where the shared objects are; "control": where the manifests
                       * want `tenon stat` to find programs, if they say */
    const char *path;
    const char *note; /* why it is not used, or ""; "control": "file:line" that says so */
} tn_module_path_t;

/** Calls `visit` for each directory that is searched, until it returns non-zero, which is then
 *  returned. The strings are valid during the call. */
TN_EXPORT int tn_module_paths(tn_ctx_t *ctx, int (*visit)(const tn_module_path_t *path, void *arg),
                              void *arg);

typedef struct tn_policy_info {
    const char *kind; /* "alias", "deny", "required" */
    const char *subject; /* "transport:tcp", "layer:tcp"; "required": the module */
    const char *target; /* "alias": the transport that the subject becomes; else "" */
    const char *file; /* the manifest, and the line that says so */
    int line;
} tn_policy_info_t;

/** Calls `visit` for each rule of policy that is in force, until it returns non-zero, which is then
 *  returned. The strings are valid during the call. */
TN_EXPORT int tn_policies(tn_ctx_t *ctx, int (*visit)(const tn_policy_info_t *info, void *arg),
                          void *arg);

/** What the scheme of an endpoint stands for, after alias and deny, from the top: "tls+tcp". Loads the
 *  modules. Writes at most `size` bytes with the NUL. Errors as for tn_bind(); -EMSGSIZE. */
TN_EXPORT int tn_scheme_chain(tn_ctx_t *ctx, const char *scheme, char *buffer, size_t size);

/** Whether the shared object at an absolute path is a module that this library can use: opens it,
 *  checks its description, starts and ends it. That runs its code in the calling process: do it in
 *  a child for a file you do not trust. 0, or -TN_EMODULE with the reason; -ENOMEM. */
TN_EXPORT int tn_module_probe(tn_ctx_t *ctx, const char *path);

#ifdef __cplusplus
}
#endif
#endif
