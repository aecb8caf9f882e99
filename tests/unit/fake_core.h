/*
 * fake_core.h: plays the core to one STREAM transport, over real descriptors.
 *
 * It calls the ops in the order and at the moments that transport.h promises, one step at a time: a
 * test listens, dials, accepts, and looks at both ends. One transport per test program; start each
 * test with fake_core_begin. Waiting is poll with a deadline that only a broken test reaches.
 */
#ifndef TESTS_FAKE_CORE_H
#define TESTS_FAKE_CORE_H

#include <sys/resource.h>

#include "fake_host.h"

struct fake_server {
    struct tn_listener handle;
    void *state;
    int port; /* what follows the last colon of the address, or 0 */
};

struct fake_client {
    struct tn_stream handle;
    void *state;
};

/** The transport under test, and its host. */
extern const tn_transport_ops_t *ops;
extern struct fake_host fake;

/** Sets `ops` and a fresh `fake` with the default options of the feature. */
void fake_core_begin(const tn_feature_t *feature);

/** listen; to be ended whatever it returns. */
int fake_listen(struct fake_server *server, const char *address);
void fake_unlisten(struct fake_server *server);

/** open; to be closed. */
void fake_open(struct fake_client *client, unsigned role);
void fake_close(struct fake_client *client);

/** open and dial, until the connection stands or has failed; to be closed whatever it returns. */
int fake_dial(struct fake_client *client, const char *address);
/** As above; `format` gets the port once or twice. */
int fake_dial_port(struct fake_client *client, const char *format, int port);
/** Goes on after dial or resolved returned `code`. */
int fake_finish_dial(struct fake_client *client, int code);

/** open and accept, which must succeed; waits for the connection. */
void fake_accept(struct fake_server *server, struct fake_client *accepted);

/** A listener and the two ends of one connection to it. */
void fake_pair(struct fake_server *server, const char *address, struct fake_client *dialled,
               struct fake_client *accepted);
void fake_pair_end(struct fake_server *server, struct fake_client *dialled,
                   struct fake_client *accepted);

/** Waits for poll's `events`. */
void fake_wait(int fd, short events);
/** The last sentence of the module has these words. */
void fake_says(const char *words);
/** An int option of the client's descriptor. */
int fake_sockopt(const struct fake_client *client, int level, int option);
/** Leaves `count` descriptors to be had. Returns the limit as it was, for setrlimit. */
struct rlimit fake_leave_descriptors(unsigned count);

#endif
