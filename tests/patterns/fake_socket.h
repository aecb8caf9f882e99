/*
 * fake_socket.h: a socket for one pattern, over fake pipes, with the real routing objects.
 *
 * A test makes one, calls the ops of its pattern through `ops` and looks at the pipes. Random numbers
 * count from FAKE_RANDOM, so that routing ids and request ids are known. One thread.
 */
#ifndef TESTS_FAKE_SOCKET_H
#define TESTS_FAKE_SOCKET_H

#include <stdatomic.h>

#include <tenon/pattern.h>
#include <tenon/tenon.h>

#include "fake_pipe.h"

enum { FAKE_PIPES = 8, FAKE_RANDOM = 1000 };

struct tn_sock {
    tn_host_t host;
    const tn_feature_t *feature;
    const tn_pattern_ops_t *ops;
    void *state;
    struct tni_fair_queue fair;
    struct tni_load_balancer balance;
    struct tni_fan_out fan;
    _Atomic(uint64_t) dropped[TN_DROP_REASONS];
    uint64_t drops_seen[TN_DROP_REASONS];
    size_t subscriptions;
    uint64_t deadline; /* that the pattern has asked for */
    char group[256]; /* of messages that are sent, and of the last one received */
    struct tn_pipe pipes[FAKE_PIPES];
};

/** Only the host table and the routing objects: for tests of the latter. */
void fake_socket_init(struct tn_sock *sock, size_t pipe_state_size);
/** As above, and opens the pattern of that name in the module. */
void fake_socket_open(struct tn_sock *sock, const tn_module_t *module, const char *pattern);
/** Detaches what is attached, closes the pattern and frees everything. */
void fake_socket_close(struct tn_sock *sock);
/** Ends the life of everything borrowed from the pipes: the op is over. */
void fake_socket_settle(struct tn_sock *sock);
/** The clock of the patterns, ms. */
extern uint64_t fake_now;
/** Sets an option by name. */
int fake_socket_set(struct tn_sock *sock, const char *name, const void *data, size_t size,
                    int64_t number);

#endif
