/*
 * handshake.h: what is needed from the first byte to READY, and freed then.
 *
 * One per connection that is being made, under its reactor's lock. handshake.c moves bytes and commands
 * between the wire and the mechanism; admission.c asks whether the peer may in; secret.c keeps a mechanism
 * that encrypts for the time after.
 */
#ifndef TNI_HANDSHAKE_H
#define TNI_HANDSHAKE_H

#include <tenon/mechanism.h>

#include "session/session.h"
#include "zmtp/greeting.h"
#include "zmtp/peer.h"

struct tni_handshake {
    const tn_mechanism_ops_t *mechanism;
    void *state; /* the mechanism's */
    bool is_open;
    bool has_verdict; /* the peer may in */
    struct tni_greeting_reader greeting;
    uint8_t ours[TNI_GREETING_SIZE];
    size_t sent; /* of ours */
    struct tni_peer_facts facts;
    struct tn_peer_info *peer; /* once its properties have come */
    size_t metadata_size;
    uint8_t *metadata; /* ours */
    uint8_t *held; /* the peer's properties, until it may in; NULL: none */
    size_t held_size;
};

/** Sends what the mechanism has to say, and ends the handshake if that was all. A code ends the
 *  connection. */
int tni_handshake_go_on(struct tni_session *session);
/** Sends the commands that there are. */
int tni_handshake_send(struct tni_session *session);

/** The entries of the host table. */
void tni_handshake_complete(tn_host_t *host);

/* ---- admission.c */
/** Whether the peer has shown all it can, and nobody has said yet that it may in. */
bool tni_admission_is_due(const struct tni_session *session);
/** Asks. 1: that was not necessary, it may; 0: the answer will come; or a code. */
int tni_admission_ask(struct tni_session *session);
/** The answer is there: 0 when the peer may in; a code ends the connection. */
int tni_admission_answered(struct tni_session *session);

/* ---- secret.c */
/** From now on the mechanism's state, which is taken, encrypts what the connection sends. -ENOMEM. */
int tni_secret_install(struct tni_session *session, const tn_mechanism_ops_t *mechanism,
                       void *state);

#endif
