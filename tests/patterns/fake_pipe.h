/*
 * fake_pipe.h: a pipe that is two queues, in place of core/pipe.
 *
 * It keeps the promises of pattern.h: a first frame is refused at the high-water mark, the last one
 * commits, a frame that is read lives until the next read or fake_pipe_settle, and what is freed then
 * is caught by AddressSanitizer. One thread.
 */
#ifndef TESTS_FAKE_PIPE_H
#define TESTS_FAKE_PIPE_H

#include <stdbool.h>

#include <tenon/pattern.h>

#include "route/fair_queue.h"
#include "route/fan_out.h"
#include "route/load_balancer.h"

struct fake_frame {
    struct fake_frame *next;
    uint8_t flags;
    size_t size;
    uint8_t body[];
};

struct fake_frames {
    struct fake_frame *first;
    struct fake_frame **last;
    size_t messages; /* last frames among them */
};

struct tn_pipe {
    struct tn_sock *sock;
    struct tni_fair_queue_node fair;
    struct tni_load_balancer_node balance;
    struct tni_fan_out_node fan;
    unsigned dropped, runs;
    struct fake_frames in;
    struct fake_frames out;
    struct fake_frames unfinished;
    struct fake_frame *borrowed; /* the frame that was read last */
    size_t hwm; /* messages, 0: none */
    unsigned fail_write; /* the n-th write from now is -ENOMEM */
    uint8_t id[256], next_id[256];
    size_t id_size, next_id_size;
    uint32_t connections;
    bool is_attached;
    bool is_alive;
    bool is_deaf;
    bool is_outgoing;
    bool takes_runs; /* a connection's */
    bool is_closed; /* the other end has gone */
    bool was_closed; /* by the pattern */
    const char *limit; /* for which it was; or NULL */
    void *state;
};

void fake_pipe_init(struct tn_pipe *pipe, struct tn_sock *sock, size_t state_size);
void fake_pipe_fini(struct tn_pipe *pipe);
/** Ends the life of the frame that was read last. */
void fake_pipe_settle(struct tn_pipe *pipe);

/* What core/pipe/pipe.h declares, whose own tn_pipe is another one. */
int tni_pipe_write(struct tn_pipe *pipe, tn_msg_t *msg);
void tni_pipe_rollback(struct tn_pipe *pipe);
int tni_pipe_read(struct tn_pipe *pipe, tn_msg_t *out_msg);
void tni_pipe_note_drops(struct tn_pipe *pipe, uint64_t messages);
struct tni_pipe_run {
    struct tn_body *body;
    const uint8_t *data;
    size_t size, bytes;
    unsigned messages;
};

int tni_pipe_run_room(struct tn_pipe *pipe, unsigned most);
int tni_pipe_write_run(struct tn_pipe *pipe, const struct tni_pipe_run *run);
int tni_pipe_can_write(struct tn_pipe *pipe);
int tni_pipe_can_read(struct tn_pipe *pipe);
bool tni_pipe_is_drained(struct tn_pipe *pipe);

void fake_frames_put(struct fake_frames *frames, const void *data, size_t size, uint8_t flags);
/** Returns new, to be freed; NULL: empty. */
struct fake_frame *fake_frames_take(struct fake_frames *frames);
void fake_frames_clear(struct fake_frames *frames);

#endif
