/*
 * router.h: the state of ROUTER and STREAM, and their peers (router_peers.c).
 *
 * STREAM is a ROUTER that is raw from the start: its peers speak no ZMTP, so they have an id before
 * they say anything, and an empty frame stands for their coming and going. Sending and receiving are in
 * router.c. Under the socket's lock.
 */
#ifndef TNI_ROUTER_H
#define TNI_ROUTER_H

#include <stdbool.h>

#include <tenon/pattern.h>

#include "occasions.h"
#include "peer_map.h"

enum { TNI_NOTIFY_CONNECT = 1, TNI_NOTIFY_DISCONNECT = 2 };

struct router {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tni_peer_map peers;
    uint32_t next_id;
    bool is_receiving; /* a routing id was given to the program, its message is to follow */
    bool is_sending; /* a routing id was taken from the program, likewise               */
    struct tni_peer *target; /* of the message being sent; NULL: it is being dropped      */
    bool has_probe;
    bool is_mandatory;
    bool has_handover;
    bool is_raw;
    unsigned notifies; /* of what: TNI_NOTIFY_ bits */
    unsigned notifies_raw; /* the same while it is raw  */
    uint8_t last_id_size;
    uint8_t last_id[TNI_PEER_ID_MAX]; /* STREAM: of the last connect */
    struct tni_occasions occasions;
};

/* Ops of the patterns. */
int tni_router_attach(void *state, tn_pipe_t *pipe, void *pipe_state);
void tni_router_detach(void *state, tn_pipe_t *pipe, void *pipe_state);
int tni_router_connected(void *state, tn_pipe_t *pipe, void *pipe_state);
void tni_router_disconnected(void *state, tn_pipe_t *pipe, void *pipe_state);
void tni_router_readable(void *state, tn_pipe_t *pipe, void *pipe_state);

/** Ends the connection to a peer, after what was sent to it. */
void tni_router_dismiss(struct router *router, struct tni_peer *peer);

#endif
