/*
 * line.h: one serial line, as the options of an endpoint want it.
 *
 * What the listener and the streams of an endpoint share. One at a time uses the line: while a stream does,
 * the listener does not watch it. `lock` guards what changes: descriptors and `is_busy`; the descriptor of
 * a stream is its own.
 */
#ifndef TNI_SERIAL_LINE_H
#define TNI_SERIAL_LINE_H

#include <pthread.h>
#include <stdbool.h>
#include <termios.h>

#include <tenon/descriptor.h>

struct tni_serial_line {
    pthread_mutex_t lock;
    struct termios mode;
    int fd; /* the listener's; -1: not bound */
    int set; /* an epoll set that has `fd` as long as nobody uses the line; -1 */
    bool is_busy;
};

/* The ops check, prepare and release of transport.h. */
int tni_serial_check(const tn_host_t *host, const char *address, unsigned role);
int tni_serial_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                       unsigned role, const char *address);
void tni_serial_release(void *endpoint_state);

/** The device, set up and locked for us alone: a descriptor, or a negative code with a sentence. */
int tni_serial_open_line(const struct tni_serial_line *line, const tn_host_t *host,
                         const char *path);
/** Binds it. 0 or a code; tni_serial_unlisten in either case. */
int tni_serial_listen(struct tni_serial_line *line, const tn_host_t *host, const char *path);
void tni_serial_unlisten(struct tni_serial_line *line);

/* Under the lock: */
/** A descriptor of one's own of the line that is bound, and the use of it. */
int tni_serial_begin_use(struct tni_serial_line *line);
void tni_serial_end_use(struct tni_serial_line *line);

#endif
