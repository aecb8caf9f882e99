/*
 * tenon/question.h: the question "may this peer in?" and its answer.
 *
 * Put by the core after a handshake has shown who the peer is and before it is let in; answered, now or
 * later and from any thread, by an authenticator: a module (authenticator.h), or a function of the
 * program (tn_set_authenticator of tenon.h). Until then the peer waits, as long as "handshake_ivl"
 * allows.
 */
#ifndef TENON_QUESTION_H
#define TENON_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tn_question tn_question_t;
typedef struct tn_answer tn_answer_t;

typedef struct tn_question_credential {
    const void *data; /* a NUL follows */
    uint64_t size;
} tn_question_credential_t;

/** What is asked. Valid until the question has been answered. */
typedef struct tn_question_info {
    uint32_t size;
    uint32_t credential_count;
    const char *mechanism; /* "NULL", "PLAIN", "CURVE", "TLS", ... */
    const char *domain; /* option "zap_domain"; "" when unset */
    const char *address; /* of the peer: an IP address without a port, or "" */
    const void *routing_id; /* option "routing_id" of the socket that asks */
    uint64_t routing_id_size;
    /** PLAIN: user name, password. CURVE: the peer's long-term key, 32 bytes. TLS: subject,
     *  names ("DNS:a, IP:b") and fingerprint of the certificate, "" for none. NULL: none. */
    const tn_question_credential_t *credentials;
    const char *endpoint; /* the bind or connect, as the program wrote it */
} tn_question_info_t;

enum tn_auth_status {
    TN_AUTH_ABSENT = 0, /* nobody is there to ask: the core decides by its rules */
    TN_AUTH_OK = 200,
    TN_AUTH_TEMPORARY = 300, /* the peer is closed without a word, and may try again */
    TN_AUTH_DENIED = 400, /* the peer is told */
    TN_AUTH_ERROR = 500, /* likewise */
};

/** An answer; borrowed during the call. */
struct tn_answer {
    uint32_t size;
    int32_t status; /* tn_auth_status */
    /** A tn_fault of tenon.h when the one who was asked gave an answer that makes no sense: the peer is
     *  refused whatever `status` says. */
    int32_t fault;
    uint32_t reserved;
    const char *user_id; /* property "User-Id" of the peer's messages; NULL: none */
    /** More properties of the peer's messages, encoded as in RFC 37; NULL: none. */
    const void *metadata;
    uint64_t metadata_size;
    const char *reason; /* for the log and the monitor; NULL: none */
};

#ifdef __cplusplus
}
#endif
#endif
