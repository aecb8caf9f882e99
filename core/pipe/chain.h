/*
 * chain.h: one direction of a pipe: frames in a chain of byte chunks, between one producer and one
 * consumer.
 *
 * Frames lie in the chunks in canonical ZMTP/3 form (flags, size, body), never across two chunks, so
 * that a connection whose framing is the same writes runs of them as they are. A large body is not in
 * the chunk: an attachment, kept at the chunk's far end, says at which offset it belongs. So are runs of
 * frames that several chains share, and control records, which never reach a wire.
 *
 * The producer writes privately and publishes whole messages by a commit; everything the consumer
 * reads was committed, so neither waits for the other. The functions under "producer" need the
 * producer's lock (a socket's or a reactor's), those under "consumer" the consumer's. No function
 * blocks. A chain knows nothing of sockets and connections: whoever commits or releases also wakes.
 */
#ifndef TNI_CHAIN_H
#define TNI_CHAIN_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <tenon/message.h>

struct tn_body;
struct tni_chunk;

enum tni_attachment_kind {
    TNI_ATTACH_NOTHING, /* its owner took it                                        */
    TNI_ATTACH_BODY, /* object: tn_body, the frame's body                        */
    TNI_ATTACH_RUN, /* object: tn_body, whole messages as they go to the wire   */
    TNI_ATTACH_CONNECTED, /* object: tn_peer_info; a control record                   */
    TNI_ATTACH_DISCONNECTED, /* a control record                                         */
};

struct tni_attachment {
    uint32_t at; /* offset of the byte in the chunk's area before which it belongs */
    uint32_t kind;
    void *object;
    const uint8_t *data;
    uint64_t size;
};

/** A place between two frames, or inside one. */
struct tni_cursor {
    struct tni_chunk *chunk;
    uint64_t position; /* bytes of all chunks before it */
    uint32_t attachment; /* the next one in this chunk    */
    uint64_t attachment_done; /* bytes of that               */
    uint64_t messages; /* whole messages before it      */
};

struct tni_chain {
    /* Written by the producer, read by the consumer. */
    alignas(64) atomic_uint_fast64_t position;
    atomic_uint_fast64_t produced; /* messages; stored after `position`, loaded before it */
    atomic_uint_fast64_t skip_position; /* what lies before it is not to be sent */
    atomic_uint_fast64_t skip_messages;
    atomic_uint epoch; /* the connection for which the queue was last written anew */

    struct {
        struct tni_chunk *chunk; /* that is being filled         */
        struct tni_chunk *committed; /* that holds the last commit   */
        uint64_t position; /* next byte                    */
        uint64_t open_until; /* chain_short.h: where the next message may begin at the latest,
                              * less its size; 0: not the short way */
        uint64_t committed_position;
        uint32_t committed_attachments;
        uint64_t messages;
        uint64_t released_seen;
    } w;

    /* Written by the consumer, read by the producer. */
    alignas(64) atomic_uint_fast64_t released; /* messages */
    atomic_uint blocked; /* set by the producer, cleared by the consumer */

    struct {
        struct tni_cursor sent; /* next byte to hand out                       */
        struct tni_cursor keep; /* oldest message not wholly handed out        */
        uint64_t stop; /* chain_short.h: frames lie side by side up to here, */
        uint32_t known; /* and so many attachments of that chunk are committed */
        int looks_in_step; /* chain_reach.c */
        uint64_t limit; /* the snapshot that `sent` is heading for     */
        uint64_t limit_messages;
        uint64_t published; /* what `released` says */
    } r;

    _Atomic(struct tni_chunk *) spare; /* an empty chunk on its way back to the producer */
    atomic_uint_fast64_t hwm; /* messages, 0: none */

    /* conflate: the newest message, under its own lock; NULL when the chain queues. */
    struct tni_slot *slot;
};

struct tni_slot {
    pthread_mutex_t lock;
    bool is_full;
    tn_msg_t message;
};

int tni_chain_init(struct tni_chain *chain, uint64_t hwm, bool conflate);
/** From now on it holds the newest message only. Before anything was written to it. -ENOMEM. */
int tni_chain_conflate(struct tni_chain *chain);
/** Ends what is left in it. Both ends must be gone. */
void tni_chain_fini(struct tni_chain *chain);

/* ---- producer */

/** Whether a new message is refused. On true `blocked` is set, and the consumer will wake. */
bool tni_chain_is_full(struct tni_chain *chain);
/** Appends one frame; a last frame commits. Copies short bodies, takes a counted one (the message is
 *  then empty). -ENOMEM rolls the message back. The mark is not looked at. */
int tni_chain_write(struct tni_chain *chain, tn_msg_t *msg);
/** Appends `size` bytes that are whole data frames, all in one chunk of which `room` said it fits.
 *  Not committed. */
void tni_chain_append(struct tni_chain *chain, const uint8_t *frames, size_t size);
/** Makes room for a run of frames: at least `need` bytes. Returns how many, or 0 without memory. */
size_t tni_chain_room(struct tni_chain *chain, size_t need);
/** Where the next frame would be appended: with the room that tni_chain_room gave, bytes may be put there before
 *  it is known what they are. */
uint8_t *tni_chain_place(const struct tni_chain *chain);
/** The `size` bytes there are whole data frames: as tni_chain_append, without a copy. */
void tni_chain_append_placed(struct tni_chain *chain, size_t size);
/** Appends a data frame whose body is `body`, which is taken. -ENOMEM: not taken. */
int tni_chain_append_body(struct tni_chain *chain, bool more, struct tn_body *body,
                          const uint8_t *data, uint64_t size);
/** Appends whole messages, encoded: `size` bytes that `body` holds, of which it takes a reference that
 *  the caller has counted. Not committed. -ENOMEM: not taken. */
int tni_chain_append_run(struct tni_chain *chain, struct tn_body *body, const uint8_t *data,
                         uint64_t size);
/** A control record, committed at once; takes `object` on success. */
int tni_chain_control(struct tni_chain *chain, enum tni_attachment_kind kind, void *object);
/** Publishes everything appended so far as `messages` more messages. */
void tni_chain_commit(struct tni_chain *chain, uint64_t messages);
/** Takes back what was appended since the last commit. */
void tni_chain_rollback(struct tni_chain *chain);
/** How many more messages the mark admits, at most `most`. */
uint64_t tni_chain_credit(struct tni_chain *chain, uint64_t most);
/** Whether so many messages are not released yet. */
bool tni_chain_has_backlog(struct tni_chain *chain, uint64_t messages);
/** Everything committed so far must not be sent any more (see `epoch`). */
void tni_chain_skip(struct tni_chain *chain);

/* ---- consumer: bytes */

/** Fills `iov` with what comes next, at most `most` bytes, and returns how many entries. */
int tni_chain_gather(struct tni_chain *chain, struct iovec *iov, int max, size_t most);
/** `bytes` of that have been handed out. Returns the number of messages that are now done. */
uint64_t tni_chain_sent(struct tni_chain *chain, size_t bytes);
/** Starts again at the oldest message that is not done. */
void tni_chain_rewind(struct tni_chain *chain);
/** Whether the next byte begins a message. */
bool tni_chain_at_boundary(struct tni_chain *chain);
/** Drops everything before the producer's skip. Returns how many messages. */
uint64_t tni_chain_discard(struct tni_chain *chain);

/* ---- consumer: frames */

struct tni_frame_view {
    bool is_control;
    uint8_t flags; /* of frame.h */
    uint8_t header; /* bytes */
    const uint8_t *body;
    uint64_t size;
    struct tni_attachment *attachment; /* the control record, or what holds the body; or NULL */
    struct tni_attachment *run; /* that the frame is part of, or NULL */
};

/** Looks at the next frame without moving. False: there is none. */
bool tni_chain_peek(struct tni_chain *chain, struct tni_frame_view *out_view);
/** Moves past the frame that peek showed; its bytes stay valid until the next peek. */
void tni_chain_next(struct tni_chain *chain, const struct tni_frame_view *view);
/** The bytes of the frame that was moved past are not needed any more: its body, if it was counted,
 *  is freed now and not at the next peek, which may be long in coming. */
void tni_chain_let_go(struct tni_chain *chain);

/* ---- consumer: frames that go to a wire in another form (session/codec.h) */

/** As tni_chain_peek, but nothing is let go of: what was moved past can be had again by a rewind, until
 *  tni_chain_handed. */
bool tni_chain_look(struct tni_chain *chain, struct tni_frame_view *out_view);
/** The next `messages` of those that were moved past are done. */
void tni_chain_handed(struct tni_chain *chain, uint64_t messages);

/* ---- both ends at once */

/** Gives memory back that traffic has left behind: a queue that is empty keeps its smallest chunk, and
 *  no spare one. Needs the producer's lock and the consumer's. */
void tni_chain_shrink(struct tni_chain *chain);

/* ---- consumer: all */

bool tni_chain_is_empty(struct tni_chain *chain);
/** Messages that were committed and are not done. Any thread; a snapshot. */
uint64_t tni_chain_length(struct tni_chain *chain);
/** Tells the producer how far the consumer is: at once, or when half of the mark is free. True: the
 *  producer was refused, has room again, and must be woken. */
bool tni_chain_release(struct tni_chain *chain, bool now);
/** The same, at once, by a consumer for whom a message that was moved past is not yet done. */
bool tni_chain_release_kept(struct tni_chain *chain);

#endif
