/*
 * relay.h: a connection that goes through the test, which makes each side believe that the other one
 * speaks ZMTP 3.0. A thread of its own from relay_start to relay_end.
 */
#ifndef TENON_TESTS_RELAY_H
#define TENON_TESTS_RELAY_H

#include <pthread.h>

#include "api.h"

struct relay {
    pthread_t thread;
    int listener, fds[2];
    char target[API_ENDPOINT_MAX];
    char endpoint[API_ENDPOINT_MAX]; /* to be connected to, once */
};

/** `target`: "tcp://127.0.0.1:PORT", which is bound already. */
void relay_start(struct relay *relay, const char *target);
/** After one of both sides has closed. */
void relay_end(struct relay *relay);

#endif
