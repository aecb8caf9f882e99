/*
 * codec.h: how frames look on the wire of a connection whose wire form is not that of the chains.
 *
 * Chains hold frames as ZMTP/3 wants them, and a connection of ZMTP 3.1 without encryption has no codec:
 * its bytes are read and written as they are. Others have one: peers older than 3.1, raw streams,
 * mechanisms that encrypt. It is put on when the handshake ends, or before the first byte
 * (tni_coder_install), and lives as long as the connection. A codec sees one frame at a time; what
 * surrounds the frames is the same for all: high-water marks, "maxmsgsize", "max_parts", large bodies,
 * commands between messages only, and on a loss the return to the oldest message that the kernel did
 * not take whole.
 *
 * All of it runs under the reactor's lock. An op that fails has left a sentence (tni_fail), and the
 * connection ends with its code.
 */
#ifndef TNI_CODEC_H
#define TNI_CODEC_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tni_session;
struct tn_body;

/** A frame as it arrives: what its header says, then what is inside. */
struct tni_coded_frame {
    unsigned flags; /* TNI_FRAME_MORE, TNI_FRAME_COMMAND */
    size_t header; /* bytes before the body; may be 0 */
    uint8_t *body; /* writable: a codec may decrypt in place */
    uint64_t size;
};

struct tni_codec {
    const char *name;
    size_t state_size; /* zeroed bytes, each connection's own */
    size_t overhead; /* a frame is at most this longer on the wire than its body */
    bool is_unframed; /* no sizes on the wire: "maxmsgsize" has no meaning */

    /** Ends the state; may be NULL. */
    void (*fini)(void *state);

    /** Writes one frame in wire form to `out`, where size + `overhead` bytes fit, and returns how many
     *  were written; 0: this one has no wire form. `flags`: TNI_FRAME_MORE, TNI_FRAME_COMMAND. It is
     *  called in the order in which the bytes go out. */
    ssize_t (*encode)(void *state, unsigned flags, const uint8_t *body, size_t size, uint8_t *out);

    /** Looks at the header at the front of `bytes` (at least one) and fills `flags`, `header` and `size`:
     *  1; 0 when the header is not whole. May be asked again for the same bytes. NULL: the wire is
     *  ZMTP/3 this way round, and neither op is called. */
    int (*header)(void *state, const uint8_t *bytes, size_t available,
                  struct tni_coded_frame *out_frame);
    /** The whole body has come and the socket has room: turns `io_frame` into what is inside, where
     *  `body` stays within what it was. 1; 0: there is nothing for anybody. Called once a frame. NULL:
     *  it is what the header said. */
    int (*decode)(void *state, struct tni_coded_frame *io_frame);
};

/** The codec of a connection, with what was encoded and not yet taken by the kernel. */
struct tni_coder;

/** The bytes are those of ZMTP/3, but the peer knows no SUBSCRIBE and CANCEL (ZMTP 2.0, 3.0). */
extern const struct tni_codec tni_codec_messages;

/** Gives the session, which has none, a codec. What waits in `commands` was encoded already and goes
 *  first. -ENOMEM with a sentence. */
int tni_coder_install(struct tni_session *session, const struct tni_codec *codec);
void *tni_coder_state(struct tni_session *session);
/** The connection is over. Harmless without a codec. */
void tni_coder_end(struct tni_session *session);

/** Encodes commands and, if it `may_send`, messages, as many as are worth a write. Negative: a code. */
int tni_coder_fill(struct tni_session *session, bool may_send);
/** What is encoded and waits for the kernel. */
const uint8_t *tni_coder_bytes(const struct tni_session *session, size_t *out_size);
/** The kernel took `size` of it. */
void tni_coder_sent(struct tni_session *session, size_t size);

/** Nothing has passed for a while: its memory is given back. Harmless without a codec. */
void tni_coder_shrink(struct tni_session *session);

/** As tni_inbound_messages of inbound.h. */
ssize_t tni_coded_messages(struct tni_session *session, uint8_t *bytes, size_t size);
/** A frame whose body was collected in `body`, which is taken in any case. */
int tni_coded_body(struct tni_session *session, unsigned flags, struct tn_body *body, size_t size);

#endif
