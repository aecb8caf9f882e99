/*
 * line.h: one serial line, as the options of an endpoint want it.
 *
 * What the listener and the streams of an endpoint share. One at a time uses the line: while a stream does,
 * the listener does not watch it, and if the listener ends first, the next one of this context that binds
 * the line is its heir, and waits for the stream's end. The lock of the module's state guards what changes
 * in all lines of a context; the descriptor of a stream is its own.
 */
#ifndef TNI_SERIAL_LINE_H
#define TNI_SERIAL_LINE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include <tenon/descriptor.h>

struct tn_module_state {
    pthread_mutex_t lock;
    struct tni_serial_line *left; /* lines that a stream uses after their listener has ended */
};

struct tni_serial_line {
    struct tn_module_state *all;
    struct termios mode;
    int fd; /* the listener's; -1: not bound */
    int set; /* an epoll set that has `fd` as long as nobody uses the line; -1 */
    bool is_busy; /* a stream uses it, or it is an heir */
    dev_t device;
    struct tni_serial_line *heir, *next; /* of those that were left */
};

/** What init made; of serial.c, which knows the module. */
struct tn_module_state *tni_serial_state(const tn_host_t *host);

/* The ops check and prepare of transport.h. */
int tni_serial_check(const tn_host_t *host, const char *address, unsigned role);
int tni_serial_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                       unsigned role, const char *address);

/** The device, set up and locked for us alone: a descriptor, or a negative code with a sentence. */
int tni_serial_open_line(const struct tni_serial_line *line, const tn_host_t *host,
                         const char *path);

/* Under the lock: */
/** Binds it; an heir does not touch the device. 0 or a code; tni_serial_unlisten in either case. */
int tni_serial_listen(struct tni_serial_line *line, const tn_host_t *host, const char *path);
void tni_serial_unlisten(struct tni_serial_line *line);
/** A descriptor of one's own of the line that is bound, and the use of it. */
int tni_serial_begin_use(struct tni_serial_line *line);
/** `fd`: that descriptor, which stays the caller's. */
void tni_serial_end_use(struct tni_serial_line *line, int fd);

#endif
