/*
 * security.h: what the tests of mechanisms and authenticators share: sides with credentials, and a ZAP
 * handler that answers by a script. Test threads only.
 */
#ifndef TENON_TESTS_SECURITY_H
#define TENON_TESTS_SECURITY_H

#include <pthread.h>
#include <stdatomic.h>

#include "api.h"
#include "leftovers.h"

enum { HANDLER_FRAMES_MAX = 9 };

/** A reply: `count` frames; NULL stands for the request's id. */
struct handler_reply {
    size_t count;
    const char *frames[HANDLER_FRAMES_MAX];
    size_t metadata_size; /* of frame 6, which may hold NULs; 0: it is text */
};

/** What handlers may answer, right and malformed (RFC 27). */
struct security_answer {
    struct handler_reply reply;
    int value; /* of the server's event; 0: the peer may in */
    int told; /* of the client's; 0: it is told nothing */
};
extern const struct security_answer security_answers[];
extern const size_t security_answer_count;

/** What the last request said. */
struct handler_request {
    char domain[64], address[64], routing_id[64], mechanism[24];
    size_t credential_count;
    char credentials[4][64];
    size_t credential_sizes[4];
};

struct handler {
    pthread_t thread;
    tn_socket_t *socket;
    struct handler_reply reply;
    struct handler_request request;
    atomic_int requests;
    bool is_silent; /* it never answers */
};

/** Binds the handler and starts its thread. */
void handler_start(struct handler *handler, tn_ctx_t *ctx, const char *pattern,
                   const struct handler_reply *reply);
/** After tn_ctx_shutdown. */
void handler_join(struct handler *handler);

/** As security_table's rows name them: sets the options of either side. */
enum security_kind { SECURE_NULL, SECURE_PLAIN, SECURE_CURVE, SECURE_KINDS };
/** Whether this build has the mechanism: CURVE, the last kind, comes with libsodium alone. */
bool security_has(enum security_kind kind);
/** How many kinds it has, the first ones. */
int security_kinds(void);
/** Skips the test that runs, and says why, when it has not. */
void security_need(enum security_kind kind);
/** In Z85. */
extern const char security_server_public[], security_server_secret[];
extern const char security_client_public[], security_client_secret[];
extern const char *const security_names[SECURE_KINDS];
void security_server(tn_socket_t *socket, enum security_kind kind);
void security_client(tn_socket_t *socket, enum security_kind kind);

/** Sets an option to a secret of leftovers.h, as text or as bytes. */
void security_set_secret(tn_socket_t *socket, const char *name, const struct hidden *hidden);
void security_set_secret_bytes(tn_socket_t *socket, const char *name, const struct hidden *hidden);

#endif
