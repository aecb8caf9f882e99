/*
 * tenon/mechanism.h: how to add a security mechanism. `tenon new mechanism NAME` writes one that works.
 *
 * A mechanism is a state machine: commands in, commands out, no descriptor. All its ops run under the
 * connection's lock, on whichever thread serves; they must not block. The core allocates `state_size`
 * zeroed bytes per connection and `endpoint_state` per bind or connect, and wipes both before it frees
 * them.
 *
 * The core sees to it that nothing else gets through: a peer that speaks another mechanism, or a
 * protocol that has none (ZMTP 2.0 and 1.0), is refused, and no message is taken or given before the
 * handshake is done.
 */
#ifndef TENON_MECHANISM_H
#define TENON_MECHANISM_H

#include <tenon/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the core gives to a mechanism about its connection. */
typedef struct tn_handshake_info {
    uint32_t size;
    uint32_t role; /* tn_role of transport.h */
    const uint8_t *metadata; /* our properties, encoded as in RFC 37; borrowed until READY */
    uint64_t metadata_size;
    tn_handshake_t *handshake; /* for host->handshake_fault; valid until close */
    void *endpoint_state; /* what prepare filled; NULL without one */
} tn_handshake_info_t;

enum tn_mechanism_status {
    TN_MECHANISM_HANDSHAKING = 0,
    TN_MECHANISM_READY = 1,
    /** The peer's credentials are there: `credentials` gives them, and `verdict` takes the answer of the
     *  authenticator. Until then the core asks for no command, and a command of the peer is an error. */
    TN_MECHANISM_ASKING = 2,
};

enum tn_mechanism_flag {
    /** The credentials prove nothing by themselves: without an authenticator's answer every peer is
     *  refused (PLAIN). */
    TN_MECHANISM_NEEDS_VERDICT = 1,
    /** Whoever reads the wire learns the credentials: each bind and connect of a transport that does not
     *  protect them (TN_TRANSPORT_PROTECTS, TN_TRANSPORT_STAYS) writes a warning to the log. */
    TN_MECHANISM_TELLS = 2,
};

enum { TN_MECHANISM_OVERHEAD_MAX = 64, TN_CREDENTIALS_MAX = 8 };

/** Bytes that the mechanism lends until verdict. */
typedef struct tn_credential {
    const void *data;
    uint64_t size;
} tn_credential_t;

/** A frame after the handshake: of the peer, then what is inside it. */
typedef struct tn_secret_frame {
    uint32_t flags; /* tn_frame_flag */
    uint32_t reserved;
    uint8_t *body; /* writable: it may be opened in place */
    uint64_t size;
} tn_secret_frame_t;

enum tn_frame_flag { TN_FRAME_MORE = 1, TN_FRAME_COMMAND = 4 };

typedef struct tn_mechanism_ops {
    uint32_t size;
    uint32_t state_size;
    const char *wire_name; /* "NULL", at most 20 bytes */

    /** Begins a handshake, once for each connection, before the peer has said anything. 0; 1 when this
     *  side is the server, which the greeting says; or a code, after which close is not called. */
    int (*open)(void *state, const tn_host_t *host, const tn_handshake_info_t *info);
    /** The last op, in any state; the state is wiped afterwards. */
    void (*close)(void *state);
    /** Writes the next command body (name length, name, data) into `buffer`: its size, 0 when there is
     *  none now, -EMSGSIZE, or a code that ends the connection, once what was given before has been
     *  written as far as the system takes it. Called after open, after each command and after the verdict,
     *  until it returns 0. Who has said ERROR either ends the connection so, with -EACCES, or returns 0 and
     *  lets the peer go first, for which "handshake_ivl" is the limit. */
    ssize_t (*next_command)(void *state, uint8_t *buffer, size_t capacity);
    /** Takes a command from the peer, at most 8 KiB. `*out_metadata` borrows the peer's properties when
     *  they have come, until the next op. Negative code ends the connection: -EACCES and -ECONNREFUSED
     *  when the peer has refused us, for good or for now; -EPROTO. */
    int (*command)(void *state, const uint8_t *data, size_t size, const uint8_t **out_metadata,
                   size_t *out_metadata_size);
    /** A tn_mechanism_status; asked after each op. READY for good: no command is asked for or given any
     *  more, and close may follow at once. */
    int (*status)(void *state);

    /** Frames after the handshake; both or none: then they go as they are.
     *  encode: writes the body of the frame on the wire to `out`, where size + `overhead` bytes fit, and
     *  returns its size. decode: opens a frame of the peer. A negative code ends the connection. */
    ssize_t (*encode)(void *state, unsigned flags, const uint8_t *body, size_t size, uint8_t *out);
    int (*decode)(void *state, tn_secret_frame_t *io_frame);

    uint32_t flags; /* tn_mechanism_flag */
    uint32_t overhead; /* at most TN_MECHANISM_OVERHEAD_MAX */
    uint32_t endpoint_state; /* bytes; 0: none, and prepare may be missing */
    uint32_t reserved;
    /** Once for each bind and connect, on the application's thread: reads and checks the options
     *  (host->setup_option). 0; 1 when this side is the server; or a code, with a sentence, that fails the
     *  bind or connect. */
    int (*prepare)(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                   unsigned role);
    /** ASKING: fills up to TN_CREDENTIALS_MAX and returns how many there are. */
    int (*credentials)(void *state, tn_credential_t *out_credentials);
    /** The answer: TN_AUTH_OK of question.h, or a code that the peer is to hear of, in an ERROR command
     *  that next_command gives once. */
    int (*verdict)(void *state, int status);
} tn_mechanism_ops_t;

#ifdef __cplusplus
}
#endif
#endif
