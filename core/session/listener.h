/*
 * listener.h: one bound address of a network transport.
 *
 * It lies in the arming set of one I/O thread, which accepts; the socket's thread takes it down. Both
 * hold `lock` while they touch the transport, so that the address is free when tn_unbind returns. The
 * memory goes on the I/O thread, which may still have an event for it in hand.
 */
#ifndef TNI_LISTENER_H
#define TNI_LISTENER_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>

#include "reactor/iothread.h"
#include "session/config.h"

struct tn_endpoint;

struct tn_listener {
    struct tni_armed armed; /* first */
    pthread_mutex_t lock;
    struct tni_task task; /* on the thread: resume, free */
    struct tni_timer timer; /* of a pause */
    struct tni_iothread *thread;
    struct tni_config *config;
    char *address; /* that is really bound */
    bool is_open, is_paused;
    int fd;
    int pause; /* ms, of the last try while descriptors or memory are short; 0: they are not */
    alignas(16) unsigned char state[]; /* the transport's */
};

/** Takes the address; the endpoint's text gets the real one. Application thread, under the socket's
 *  lock. */
int tni_listener_open(struct tn_endpoint *endpoint, struct tni_iothread *thread,
                      struct tn_listener **out_listener);
/** Gives the address back. Application thread, under the socket's lock. */
void tni_listener_close(struct tn_listener *listener);

/** The entries of the host table for listeners. */
void tni_listener_complete(tn_host_t *host);

#endif
