/*
 * admission.c: whether a peer that has shown who it is may come in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/log.h"
#include "message/peer_info.h"
#include "message/properties.h"
#include "session/handshake.h"
#include "session/question.h"
#include "zmtp/command.h"

bool tni_admission_is_due(const struct tni_session *session)
{
    const struct tni_handshake *handshake = session->handshake;

    if (handshake->has_verdict || session->question)
        return false;
    if (!handshake->mechanism->credentials)
        return tni_security_asks(&session->config->security);
    return handshake->mechanism->status(handshake->state) == TN_MECHANISM_ASKING;
}

/* ------------------------------------------------------------------ asking */

/* A mechanism that proves nothing stands for what the stream has proved: the subject of a certificate,
 * its other names, its fingerprint. What else the stream tells, the peer may have chosen. */
static int ask_about_stream(struct tni_session *session, const char *mechanism)
{
    static const char *const proofs[] = {"Subject", "SAN", "Fingerprint"};
    enum { PROOFS = sizeof proofs / sizeof proofs[0] };
    tn_credential_t credentials[PROOFS];

    for (int i = 0; i < PROOFS; i++) {
        char name[TNI_PROPERTY_NAME_MAX + 1];
        const char *value;

        snprintf(name, sizeof name, "%s-%s", mechanism, proofs[i]);
        value = tni_properties_get(&session->stack.found, name);
        credentials[i].data = value ? value : "";
        credentials[i].size = value ? strlen(value) : 0;
    }
    return tni_question_ask(session, mechanism, credentials, PROOFS);
}

static int admit(struct tni_session *session)
{
    struct tni_handshake *handshake = session->handshake;

    handshake->has_verdict = true;
    return handshake->mechanism->verdict
               ? handshake->mechanism->verdict(handshake->state, TN_AUTH_OK)
               : 0;
}

int tni_admission_ask(struct tni_session *session)
{
    const tn_mechanism_ops_t *mechanism = session->handshake->mechanism;
    const char *proved = tni_properties_get(&session->stack.found, "Mechanism");
    tn_credential_t credentials[TN_CREDENTIALS_MAX];
    int count, rc;

    if (!tni_security_asks(&session->config->security)) {
        rc = admit(session);
        return rc < 0 ? rc : 1;
    }
    if (!mechanism->credentials)
        return proved ? ask_about_stream(session, proved)
                      : tni_question_ask(session, mechanism->wire_name, NULL, 0);
    count = mechanism->credentials(session->handshake->state, credentials);
    return count < 0 ? count : tni_question_ask(session, mechanism->wire_name, credentials, count);
}

/* ------------------------------------------------------------------ the answer */

static int tell(struct tni_session *session, int status)
{
    struct tni_handshake *handshake = session->handshake;
    const char *text = status == TN_AUTH_DENIED ? "400" : "500";
    uint8_t body[16];
    ssize_t size;
    int rc;

    if (handshake->mechanism->verdict) {
        handshake->has_verdict = true;
        rc = handshake->mechanism->verdict(handshake->state, status);
        return rc < 0 ? rc : tni_handshake_send(session);
    }
    size = tni_command_build_error(body, sizeof body, text);
    return size < 0 ? (int)size : tni_session_command(session, body, (size_t)size);
}

static int refuse(struct tni_session *session, const struct tni_verdict *verdict)
{
    const char *reason = *verdict->reason ? verdict->reason : "no reason was given";

    if (verdict->fault) {
        session->fault = verdict->fault;
        return tni_fail(-EACCES, "the peer is refused: the authenticator's answer is wrong: %s",
                        reason);
    }
    if (verdict->status == TN_AUTH_ABSENT)
        return tni_fail(-EACCES, "the peer is refused: nobody is there to ask about it: %s",
                        reason);
    session->fault = verdict->status;
    if (verdict->status == TN_AUTH_TEMPORARY)
        return tni_fail(-ECONNREFUSED, "the peer is refused for now (300): %s", reason);
    if (tell(session, verdict->status) == 0)
        tni_session_transmit(session);
    return tni_fail(-EACCES, "the peer is refused (%d): %s", verdict->status, reason);
}

/* The answer's properties join what the streams have found out. */
static int take_properties(struct tni_session *session, const struct tni_verdict *verdict)
{
    struct tni_properties *found = &session->stack.found;
    int rc = 0;

    if (verdict->user_id && *verdict->user_id)
        rc = tni_properties_set(found, "User-Id", verdict->user_id);
    return rc < 0 ? rc : tni_peer_properties(found, verdict->metadata, verdict->metadata_size);
}

static int judge(struct tni_session *session, struct tni_verdict *verdict)
{
    int rc;

    if (!verdict->fault && verdict->status == TN_AUTH_ABSENT &&
        tni_security_allows_absence(session->config)) {
        tni_log(TN_LOG_DEBUG, "session", "%s: nobody is there to ask about a peer: it may in",
                session->config->text);
        return admit(session);
    }
    if (verdict->fault || verdict->status != TN_AUTH_OK)
        return refuse(session, verdict);
    rc = take_properties(session, verdict);
    return rc < 0 ? rc : admit(session);
}

int tni_admission_answered(struct tni_session *session)
{
    struct tni_verdict verdict;
    int rc;

    if (!tni_question_take(session, &verdict))
        return 0;
    rc = judge(session, &verdict);
    tni_verdict_clear(&verdict);
    return rc;
}
