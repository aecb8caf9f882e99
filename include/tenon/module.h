/*
 * tenon/module.h: what every module is.
 *
 * A module is one shared object, or the same object linked in. It exports one constant data symbol,
 * <stem>_LTX_tenon_module_v1, made by TN_MODULE(stem), that describes it; no function of a module
 * runs before the description has been found good. A module never links against the library: the
 * host hands it a table of functions.
 *
 * The rule of the ABI: equal major; the module's least minor <= the host's minor. Structures begin
 * with their size and grow at the tail only; fixed widths, no bit fields, no #ifdef.
 */
#ifndef TENON_MODULE_H
#define TENON_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <tenon/message.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TN_MODULE_MAGIC 0x314d4e54u /* "TNM1" */
#define TN_ABI_MAJOR 1
#define TN_ABI_MINOR 1

typedef enum tn_feature_kind {
    TN_TRANSPORT = 1, /* ops: tn_transport_ops_t */
    TN_PATTERN = 2, /* ops: tn_pattern_ops_t   */
    TN_MECHANISM = 3, /* ops: tn_mechanism_ops_t */
    TN_AUTHENTICATOR = 4, /* ops: tn_authenticator_ops_t */
} tn_feature_kind_t;

/* ------------------------------------------------------------------ options of a feature */

typedef enum tn_option_type {
    TN_OPTION_INT = 1, /* min..max                            */
    TN_OPTION_BOOL = 2, /* 0 or 1                              */
    TN_OPTION_STR = 3, /* min..max: length in bytes           */
    TN_OPTION_BLOB = 4, /* likewise; no default from text      */
} tn_option_type_t;

enum tn_option_flag {
    TN_OPTION_NO_SET = 1,
    TN_OPTION_NO_GET = 2,
    TN_OPTION_SECRET = 4, /* never printed or logged           */
};

typedef struct tn_option_desc {
    uint32_t size;
    uint16_t type; /* tn_option_type */
    uint16_t flags; /* tn_option_flag */
    const char *name;
    const char *unit; /* "ms", "bytes", "" */
    const char *help; /* one line */
    int64_t min, max;
    int64_t default_int;
    const char *default_str; /* NULL: unset */
} tn_option_desc_t;

#define TN_OPTION_INT_DESC(name, unit, min, max, def, help)                                        \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_INT, 0, name, unit, help, min, max, def, NULL          \
    }
#define TN_OPTION_BOOL_DESC(name, def, help)                                                       \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_BOOL, 0, name, "", help, 0, 1, def, NULL               \
    }
#define TN_OPTION_STR_DESC(name, max, def, help)                                                   \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_STR, 0, name, "", help, 0, max, 0, def                 \
    }
#define TN_OPTION_BLOB_DESC(name, max, help)                                                       \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_BLOB, 0, name, "", help, 0, max, 0, NULL               \
    }
/** Ends an array of options. */
#define TN_OPTION_END                                                                              \
    {                                                                                              \
        0, 0, 0, NULL, NULL, NULL, 0, 0, 0, NULL                                                   \
    }

/** A value of an option. `data` borrows. */
typedef struct tn_value {
    uint16_t type; /* tn_option_type */
    int64_t number;
    const void *data;
    uint64_t size; /* of data, without a NUL; for TN_OPTION_STR a NUL follows */
} tn_value_t;

/* ------------------------------------------------------------------ the descriptor */

typedef struct tn_feature {
    uint32_t size;
    uint16_t kind; /* tn_feature_kind */
    uint16_t flags;
    const char *name; /* scheme, pattern or mechanism, [a-z0-9_.-]+ */
    const char *summary; /* one line for `tenon info` */
    int32_t priority; /* 0 to 100, 50 unless there is a reason */
    uint32_t reserved;
    const void *ops; /* begins with its size */
    const tn_option_desc_t *options; /* ended by TN_OPTION_END, or NULL */
} tn_feature_t;

/** The module's own state, one per context, made by init. */
typedef struct tn_module_state tn_module_state_t;
struct tn_host;
struct tn_question;
struct tn_answer;
struct tn_socket;
struct tn_pollitem;

typedef struct tn_module {
    uint32_t magic;
    uint32_t size;
    uint16_t abi_major, abi_minor;
    uint16_t abi_min_minor; /* the oldest host it can live with */
    uint16_t reserved0;
    const char *name; /* == the stem of its file */
    const char *version;
    const char *license;
    const char *summary;
    const char *const *requires; /* "transport:tcp", ended by NULL; or NULL */
    const tn_feature_t *const *features; /* ended by NULL */
    /** Called once per context, on the application's thread, before any op; may be NULL. Negative
     *  code: the module is not loaded, and host->set_error() said why. May not block. */
    int (*init)(const struct tn_host *host, tn_module_state_t **out_state);
    /** Called once per context after the last use; may be NULL. */
    void (*fini)(const struct tn_host *host, tn_module_state_t *state);
    uint64_t reserved[4];
} tn_module_t;

#if defined(__GNUC__)
#define TN_MODULE_EXPORT __attribute__((visibility("default")))
#else
#define TN_MODULE_EXPORT
#endif

/** The oldest minor version of the ABI that the module can live with: that of these headers, unless the
 *  module's author defines an older one before including them, and asks for what is newer (TN_HOST_HAS). */
#ifndef TN_ABI_MIN_MINOR
#define TN_ABI_MIN_MINOR TN_ABI_MINOR
#endif

/** Defines the one symbol of a module: TN_MODULE(tcp) = { TN_MODULE_HEAD("tcp"), .version = ... }; */
#define TN_MODULE(stem)                                                                            \
    extern TN_MODULE_EXPORT const tn_module_t stem##_LTX_tenon_module_v1;                          \
    const tn_module_t stem##_LTX_tenon_module_v1
#define TN_MODULE_HEAD(stem_name)                                                                  \
    .magic = TN_MODULE_MAGIC, .size = sizeof(tn_module_t), .abi_major = TN_ABI_MAJOR,              \
    .abi_minor = TN_ABI_MINOR, .abi_min_minor = TN_ABI_MIN_MINOR, .name = (stem_name)

/* ------------------------------------------------------------------ the host */

typedef struct tn_stream tn_stream_t; /* one connection's bytes; see transport.h      */
typedef struct tn_listener tn_listener_t; /* one bound address; see transport.h           */
typedef struct tn_setup tn_setup_t; /* the options of one bind or connect; transport.h */
typedef struct tn_handshake tn_handshake_t; /* a connection, as its mechanism sees it */
typedef struct tn_endpoint tn_endpoint_t; /* one bind or connect of a message transport   */
typedef struct tn_sock tn_sock_t; /* a socket, as its pattern sees it; pattern.h   */
typedef struct tn_pipe tn_pipe_t; /* the queue to and from one peer; pattern.h     */

enum tn_log_level { TN_LOG_ERROR = 1, TN_LOG_WARN = 2, TN_LOG_INFO = 3, TN_LOG_DEBUG = 4 };

/** What stream_ready() announces. */
enum tn_ready { TN_READY_RX = 1, TN_READY_TX = 2 };

/**
 * The functions that the core gives to modules: one table per context, valid until fini returns.
 * Unless an entry says otherwise it may be called from any op, does not block and borrows its
 * arguments. The entries for patterns are described in pattern.h, those for transports in
 * transport.h.
 */
typedef struct tn_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    void *context; /* the core's */

    /* ---- for every module ---- */
    /** One line to the log, when the level is asked for. Never a secret. */
    void (*log)(const struct tn_host *host, int level, const char *format, ...)
#if defined(__GNUC__)
        __attribute__((format(printf, 3, 4)))
#endif
        ;
    /** Leaves the sentence that tn_last_error() returns, and returns `code`. */
    int (*set_error)(const struct tn_host *host, int code, const char *format, ...)
#if defined(__GNUC__)
        __attribute__((format(printf, 3, 4)))
#endif
        ;
    void *(*alloc)(size_t size); /* zeroed; NULL when there is none */
    void (*free)(void *memory);
    uint64_t (*clock_ms)(void); /* monotonic */
    /** The state that this module's init made. */
    tn_module_state_t *(*module_state)(const struct tn_host *host, const tn_module_t *module);

    /* ---- messages ---- */
    int (*msg_init_size)(tn_msg_t *msg, size_t size);
    int (*msg_init_copy)(tn_msg_t *msg, const void *data, size_t size);
    void (*msg_close)(tn_msg_t *msg);
    int (*msg_copy)(tn_msg_t *to, tn_msg_t *from);
    void (*msg_move)(tn_msg_t *to, tn_msg_t *from);
    /** Makes a borrowed message own its body. */
    int (*msg_own)(tn_msg_t *msg);

    /* ---- transports: streams and listeners (transport.h) ---- */
    /** Options of the endpoint: the transport's own, then the socket's common ones ("ipv6",
     *  "backlog", "sndbuf", "rcvbuf", "tos", ...). `handle` is a stream or a listener.
     *  -TN_ENOOPTION. The value is valid during the op. */
    int (*stream_option)(tn_stream_t *stream, const char *name, tn_value_t *out_value);
    int (*listener_option)(tn_listener_t *listener, const char *name, tn_value_t *out_value);
    /** For streams without a descriptor: there is something to read, or room to write. May be
     *  called from any thread between open and close, also with a lock of the module's held: it enters
     *  nothing. */
    void (*stream_ready)(tn_stream_t *stream, unsigned ready);
    /** The stream that a layer stands on, and its bytes, as in transport.h. */
    tn_stream_t *(*stream_lower)(tn_stream_t *stream);
    ssize_t (*stream_readv)(tn_stream_t *stream, const struct iovec *iov, int count);
    ssize_t (*stream_writev)(tn_stream_t *stream, const struct iovec *iov, int count);
    /** Looks a name up without blocking: `resolved` of the stream's ops is called later, with the
     *  connection's lock held. `flags`: AI_... of getaddrinfo; `family`: AF_... 0 or a code. */
    int (*stream_resolve)(tn_stream_t *stream, const char *host_name, const char *service,
                          int family, int flags);
    /** The address that is really bound, as an endpoint's address: "127.0.0.1:5555". Called by
     *  listen. */
    int (*listener_set_address)(tn_listener_t *listener, const char *address);
    /** The stream's addresses, for monitors and metadata; called when it is established. */
    void (*stream_set_addresses)(tn_stream_t *stream, const char *local, const char *remote);

    /* ---- transports: inproc and its like (transport.h) ---- */
    /** Joins two endpoints by record pipes; application thread, under the socket's lock of either.
     *  -TN_ENOCOMPAT: the patterns do not go together. */
    int (*endpoint_join)(tn_endpoint_t *connecting, tn_endpoint_t *bound);

    /* ---- patterns (pattern.h) ---- */
    int (*pipe_write)(tn_pipe_t *pipe, tn_msg_t *msg);
    void (*pipe_rollback)(tn_pipe_t *pipe);
    int (*pipe_read)(tn_pipe_t *pipe, tn_msg_t *out_msg);
    int (*pipe_can_write)(tn_pipe_t *pipe);
    int (*pipe_can_read)(tn_pipe_t *pipe);
    void (*pipe_close)(tn_pipe_t *pipe);
    void *(*pipe_state)(tn_pipe_t *pipe);
    const uint8_t *(*pipe_routing_id)(tn_pipe_t *pipe, size_t *out_size);
    uint32_t (*pipe_connections)(tn_pipe_t *pipe);
    int (*pipe_is_alive)(tn_pipe_t *pipe);
    const char *(*pipe_peer_pattern)(tn_pipe_t *pipe);
    void (*pipe_next_routing_id)(tn_pipe_t *pipe, const uint8_t **out_id, size_t *out_size);

    void (*fq_add)(tn_pipe_t *pipe);
    void (*fq_remove)(tn_pipe_t *pipe);
    void (*fq_ready)(tn_pipe_t *pipe);
    int (*fq_recv)(tn_sock_t *sock, tn_msg_t *out_msg, tn_pipe_t **out_pipe);
    int (*fq_can_recv)(tn_sock_t *sock, tn_pipe_t **out_pipe);
    void (*lb_add)(tn_pipe_t *pipe);
    void (*lb_remove)(tn_pipe_t *pipe);
    void (*lb_ready)(tn_pipe_t *pipe);
    int (*lb_send)(tn_sock_t *sock, tn_msg_t *msg, tn_pipe_t **out_pipe);
    int (*lb_can_send)(tn_sock_t *sock);
    void (*fan_add)(tn_pipe_t *pipe);
    void (*fan_remove)(tn_pipe_t *pipe);
    void (*fan_match)(tn_pipe_t *pipe);
    void (*fan_match_all)(tn_sock_t *sock);
    void (*fan_invert)(tn_sock_t *sock);
    int (*fan_can_send)(tn_sock_t *sock);
    int (*fan_send)(tn_sock_t *sock, tn_msg_t *msg);

    struct tn_topics *(*topics_new)(void);
    void (*topics_free)(struct tn_topics *topics);
    int (*topics_add)(struct tn_topics *topics, const void *prefix, size_t size, void *who);
    int (*topics_remove)(struct tn_topics *topics, const void *prefix, size_t size, void *who);
    void (*topics_match)(struct tn_topics *topics, const void *data, size_t size,
                         void (*visit)(void *who, void *arg), void *arg);
    int (*topics_has_match)(struct tn_topics *topics, const void *data, size_t size);
    void (*topics_forget)(struct tn_topics *topics, void *who,
                          void (*removed)(const uint8_t *prefix, size_t size, int is_last,
                                          void *arg),
                          void *arg);
    int (*topics_each)(struct tn_topics *topics,
                       int (*visit)(const uint8_t *prefix, size_t size, uint32_t count, void *arg),
                       void *arg);
    size_t (*topics_count)(struct tn_topics *topics);

    void (*sock_drop)(tn_sock_t *sock, int reason, uint64_t messages);
    int (*sock_option)(tn_sock_t *sock, const char *name, tn_value_t *out_value);
    void (*sock_subscriptions)(tn_sock_t *sock, size_t count);
    uint32_t (*random)(void);

    /* ---- transports: what the streams of an endpoint share, and what they find out (transport.h) ---- */
    /** An option of the endpoint, as stream_option gives it; in prepare. */
    int (*setup_option)(const tn_setup_t *setup, const char *name, tn_value_t *out_value);
    /** The state that `prepare` filled for the stream's endpoint; NULL: the transport has none. */
    void *(*stream_endpoint)(tn_stream_t *stream);
    /** What the stream found out about the peer: a property of the messages that come over the
     *  connection, which no peer can announce itself. Set again it replaces; NULL removes it. To be
     *  called until the stream stands (established, or handshake returned 0). Names begin with the
     *  protocol's, "TLS-Subject"; these have a meaning for all:
     *    "Peer-Host"  where the peer is, when the address does not say it as host and port;
     *    "User-Id"    who the peer is, as far as the stream has proved it;
     *    "Mechanism"  what authenticators are asked about instead of NULL: "TLS".
     *  0, -EINVAL: the name; -EMSGSIZE: above 16 KiB in all; -ENOMEM. */
    int (*stream_set_property)(tn_stream_t *stream, const char *name, const char *value);

    /* ---- patterns: who is at the other end (pattern.h) ---- */
    int (*pipe_is_outgoing)(tn_pipe_t *pipe);
    struct tn_peer_info *(*pipe_peer)(tn_pipe_t *pipe);

    /* ---- patterns: groups (pattern.h) ---- */
    char *(*group_new)(const void *text, size_t size);
    void (*group_free)(char *group);
    void (*msg_set_group)(tn_msg_t *msg, char *group);

    /* ---- patterns: bytes instead of ZMTP (pattern.h) ---- */
    void (*sock_raw)(tn_sock_t *sock, int is_raw);

    /* ---- for every module, more ---- */
    /** The sentence that this thread's last set_error left; valid until the next. Never NULL. */
    const char *(*last_error)(void);

    /* ---- mechanisms (mechanism.h) and authenticators (authenticator.h) ---- */
    /** Why the handshake fails: a tn_fault of tenon.h, or the status with which the peer has refused us,
     *  for the monitor. Before an op returns the code that ends the connection. */
    void (*handshake_fault)(tn_handshake_t *handshake, int fault);
    /** Answers a question; afterwards the caller must not use it. Any thread. */
    void (*question_answer)(struct tn_question *question, const struct tn_answer *answer);
    /** Whether the connection still waits; before the answer. Any thread. */
    int (*question_is_wanted)(struct tn_question *question);

    /* ---- sockets of a module's own, as in tenon.h: not from ops that run under a lock ---- */
    struct tn_socket *(*socket_open)(const struct tn_host *host, const char *pattern);
    int (*socket_close)(struct tn_socket *socket);
    int (*socket_set_int)(struct tn_socket *socket, const char *name, int64_t value);
    int (*socket_connect)(struct tn_socket *socket, const char *endpoint);
    /** How many peers there are now. */
    int (*socket_peers)(struct tn_socket *socket);
    int (*socket_send)(struct tn_socket *socket, const void *data, size_t size, int flags);
    int (*socket_recv)(struct tn_socket *socket, tn_msg_t *parts, size_t max, int flags);
    int (*socket_poll)(struct tn_pollitem *items, size_t count, int timeout);

    /* ---- patterns: datagrams (pattern.h) ---- */
    int (*pipe_is_deaf)(tn_pipe_t *pipe);

    /* ---- transports: listeners, more (transport.h) ---- */
    /** The state that `prepare` filled for the listener's endpoint, which its streams get from
     *  stream_endpoint; NULL: the transport has none. */
    void *(*listener_endpoint)(tn_listener_t *listener);

    /* ---- patterns: one message after the other to the same pipes (pattern.h) ---- */
    int (*topics_again)(struct tn_topics *topics, const void *data, size_t size);
    int (*fan_repeat)(tn_sock_t *sock);

    /* ---- patterns: limits (pattern.h) ---- */
    void (*pipe_limit)(tn_pipe_t *pipe, const char *option, const char *reason);

    /* ---- patterns: time (pattern.h) ---- */
    void (*sock_deadline)(tn_sock_t *sock, uint64_t at_ms);

    /* ---- transports: time (transport.h) ---- */
    /** Goes on with the stream at that time of clock_ms, or soon after it, as though stream_ready had
     *  announced both: readv and writev are tried, or before that established or handshake. One call, one
     *  time; of several the earliest counts, and whoever still has to wait then calls again. From the ops
     *  of the stream, but not from close. */
    void (*stream_wake_at)(tn_stream_t *stream, uint64_t at_ms);

    /* ---- transports: the peer (transport.h) ---- */
    /** Where the peer is, as stream_set_addresses of the lowest layer was told; NULL: it was not told. For
     *  sentences. From the ops of the stream; valid until the op returns. */
    const char *(*stream_remote)(tn_stream_t *stream);

    /* ---- transports: what is not in a hurry (transport.h) ---- */
    /** In readv, before it returns fewer bytes than there was room for: they are not the last, all the same.
     *  Whoever waits for messages gets these first, and readv is called again before anybody sleeps.
     *  Since ABI 1.1. */
    void (*stream_reads_on)(tn_stream_t *stream);
} tn_host_t;

/** Whether the host has an entry of its table: for what came after minor version 0, in a module that also
 *  works without it (TN_ABI_MIN_MINOR). */
#define TN_HOST_HAS(host, entry)                                                                   \
    ((host)->size >= offsetof(tn_host_t, entry) + sizeof(((tn_host_t *)0)->entry))

#ifdef __cplusplus
}
#endif
#endif
