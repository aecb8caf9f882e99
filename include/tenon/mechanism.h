/*
 * tenon/mechanism.h: how to add a security mechanism.
 *
 * A mechanism is a pure state machine: commands in, commands out, no descriptor and no clock. All its
 * ops run under the connection's lock, on whichever thread serves; they must not block. The core
 * allocates `state_size` zeroed bytes per connection.
 */
#ifndef TENON_MECHANISM_H
#define TENON_MECHANISM_H

#include <tenon/module.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tn_handshake tn_handshake_t; /* the connection, as its mechanism sees it */

/** What the core gives to a mechanism about its connection. */
typedef struct tn_handshake_info {
    uint32_t size;
    uint32_t role; /* tn_role of transport.h */
    const uint8_t *metadata; /* our properties, encoded as in RFC 37 */
    uint64_t metadata_size;
} tn_handshake_info_t;

enum tn_mechanism_status {
    TN_MECHANISM_HANDSHAKING = 0,
    TN_MECHANISM_READY = 1,
};

typedef struct tn_mechanism_ops {
    uint32_t size;
    uint32_t state_size;
    const char *wire_name; /* "NULL", at most 20 bytes */

    int (*open)(void *state, const tn_host_t *host, const tn_handshake_info_t *info);
    void (*close)(void *state);
    /** Writes the next command body (name length, name, data) into `buffer`: its size, 0 when there is
     *  none now, -EMSGSIZE, or a code that ends the connection. */
    ssize_t (*next_command)(void *state, uint8_t *buffer, size_t capacity);
    /** Takes a command from the peer. `*out_metadata` borrows the peer's properties when they have
     *  come. Negative code ends the connection. */
    int (*command)(void *state, const uint8_t *data, size_t size, const uint8_t **out_metadata,
                   size_t *out_metadata_size);
    int (*status)(void *state);
    /** Frames after the handshake; NULL: they go as they are. Reserved for CURVE. */
    ssize_t (*encode)(void *state, uint8_t flags, const uint8_t *body, size_t size, uint8_t *out,
                      size_t capacity);
    ssize_t (*decode)(void *state, const uint8_t *body, size_t size, uint8_t *out, size_t capacity,
                      uint8_t *out_flags);
} tn_mechanism_ops_t;

#ifdef __cplusplus
}
#endif
#endif
