#include "security.h"

#include <stdlib.h>

const char *const security_names[SECURE_KINDS] = {"NULL", "PLAIN", "CURVE"};

/* Made for these tests. */
const char security_server_public[] = "S<8-{021g)&2uInK*pK@7dVY^YGhVa]QzDBEJsW(";
const char security_server_secret[] = "ow*r8y>ptQ}e$O/!wHFC6p0Ng=/:hUs[%qsnWa@H";
const char security_client_public[] = "A{q/R.X/6U1<]7{BY47l!C]vO*Cdb8Ss4Z!v*vcr";
const char security_client_secret[] = "T3WPc&Cm]IbNuL#tk6iu?)!b2I652@I(JX}!12y>";

bool security_has(enum security_kind kind)
{
#ifdef TENON_TESTS_CURVE
    (void)kind;
    return true;
#else
    return kind != SECURE_CURVE;
#endif
}

int security_kinds(void)
{
    return security_has(SECURE_CURVE) ? SECURE_KINDS : SECURE_CURVE;
}

void security_need(enum security_kind kind)
{
    if (security_has(kind))
        return;
    print_message("this build has no %s: its library (libsodium-dev) was missing\n",
                  security_names[kind]);
    skip();
}

static void copy(char *out, size_t capacity, const tn_msg_t *part)
{
    snprintf(out, capacity, "%.*s", (int)tn_msg_size(part),
             (const char *)tn_msg_data((tn_msg_t *)part));
}

static void read_request(struct handler_request *request, tn_msg_t *parts, size_t count)
{
    memset(request, 0, sizeof *request);
    copy(request->domain, sizeof request->domain, &parts[2]);
    copy(request->address, sizeof request->address, &parts[3]);
    copy(request->routing_id, sizeof request->routing_id, &parts[4]);
    copy(request->mechanism, sizeof request->mechanism, &parts[5]);
    request->credential_count = count - 6;
    for (size_t i = 0; i < count - 6 && i < 4; i++) {
        request->credential_sizes[i] = tn_msg_size(&parts[6 + i]);
        copy(request->credentials[i], sizeof request->credentials[i], &parts[6 + i]);
    }
}

static int answer(struct handler *handler, const char *id, size_t id_size)
{
    const struct handler_reply *reply = &handler->reply;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < reply->count; i++) {
        const char *frame = reply->frames[i] ? reply->frames[i] : id;
        size_t size = reply->frames[i] ? strlen(frame) : id_size;

        if (i == 5 && reply->metadata_size)
            size = reply->metadata_size;
        rc = tn_send(handler->socket, frame, size, i + 1 < reply->count ? TN_MORE : 0);
    }
    return rc;
}

/* A REP socket: the delimiter is not seen. */
static void *serve(void *arg)
{
    struct handler *handler = arg;
    int rc = 0;

    while (rc >= 0) {
        tn_msg_t parts[12];
        for (int i = 0; i < 12; i++)
            tn_msg_init(&parts[i]);
        rc = tn_recv_parts(handler->socket, parts, 12, 0);
        if (rc >= 6) {
            read_request(&handler->request, parts, (size_t)rc);
            atomic_fetch_add(&handler->requests, 1);
            if (!handler->is_silent)
                rc = answer(handler, tn_msg_data(&parts[1]), tn_msg_size(&parts[1]));
        }
        for (int i = 0; i < 12; i++)
            tn_msg_close(&parts[i]);
    }
    tn_close(handler->socket);
    return NULL;
}

void handler_start(struct handler *handler, tn_ctx_t *ctx, const char *pattern,
                   const struct handler_reply *reply)
{
    memset(handler, 0, sizeof *handler);
    handler->socket = api_socket(ctx, pattern);
    handler->reply = *reply;
    assert_ok(tn_set_int(handler->socket, "rcvtimeo", -1));
    assert_ok(tn_bind(handler->socket, "inproc://zeromq.zap.01"));
    assert_int_equal(pthread_create(&handler->thread, NULL, serve, handler), 0);
}

void handler_join(struct handler *handler)
{
    pthread_join(handler->thread, NULL);
}

void security_server(tn_socket_t *socket, enum security_kind kind)
{
    if (kind == SECURE_PLAIN) {
        assert_ok(tn_set_str(socket, "mechanism", "plain"));
        assert_ok(tn_set_int(socket, "plain.server", 1));
    }
    if (kind == SECURE_CURVE) {
        assert_ok(tn_set_str(socket, "mechanism", "curve"));
        assert_ok(tn_set_int(socket, "curve.server", 1));
        assert_ok(tn_set_str(socket, "curve.secretkey", security_server_secret));
    }
}

void security_client(tn_socket_t *socket, enum security_kind kind)
{
    if (kind == SECURE_PLAIN) {
        assert_ok(tn_set_str(socket, "mechanism", "plain"));
        assert_ok(tn_set_str(socket, "plain.username", "admin"));
        assert_ok(tn_set_str(socket, "plain.password", "secret"));
    }
    if (kind == SECURE_CURVE) {
        assert_ok(tn_set_str(socket, "mechanism", "curve"));
        assert_ok(tn_set_str(socket, "curve.publickey", security_client_public));
        assert_ok(tn_set_str(socket, "curve.secretkey", security_client_secret));
        assert_ok(tn_set_str(socket, "curve.serverkey", security_server_public));
    }
}

void security_set_secret(tn_socket_t *socket, const char *name, const struct hidden *hidden)
{
    char secret[HIDDEN_MAX + 1];

    reveal(hidden, secret);
    assert_ok(tn_set_str(socket, name, secret));
    explicit_bzero(secret, sizeof secret);
}

void security_set_secret_bytes(tn_socket_t *socket, const char *name, const struct hidden *hidden)
{
    char secret[HIDDEN_MAX + 1];

    reveal(hidden, secret);
    assert_ok(tn_set_blob(socket, name, secret, hidden->size));
    explicit_bzero(secret, sizeof secret);
}

const struct security_answer security_answers[] = {
    {{6, {"1.0", NULL, "200", "OK", "anonymous", ""}, 0}, 0, 0},
    {{6, {"1.0", NULL, "200", "", "", "\5Hello\0\0\0\5World"}, 15}, 0, 0},
    {{6, {"1.0", NULL, "300", "later", "", ""}, 0}, 300, 0},
    {{6, {"1.0", NULL, "400", "no", "", ""}, 0}, 400, 400},
    {{6, {"1.0", NULL, "500", "broken", "", ""}, 0}, 500, 500},
    {{6, {"9.9", NULL, "200", "OK", "", ""}, 0}, TN_FAULT_ANSWER_VERSION, 0},
    {{6, {"1.0", "no", "200", "OK", "", ""}, 0}, TN_FAULT_ANSWER_ID, 0},
    {{6, {"1.0", "", "200", "OK", "", ""}, 0}, TN_FAULT_ANSWER_ID, 0},
    {{6, {"1.0", NULL, "100", "OK", "", ""}, 0}, TN_FAULT_ANSWER_STATUS, 0},
    {{6, {"1.0", NULL, "2000", "OK", "", ""}, 0}, TN_FAULT_ANSWER_STATUS, 0},
    {{6, {"1.0", NULL, "20", "OK", "", ""}, 0}, TN_FAULT_ANSWER_STATUS, 0},
    {{6, {"1.0", NULL, "600", "OK", "", ""}, 0}, TN_FAULT_ANSWER_STATUS, 0},
    {{6, {"1.0", NULL, "", "OK", "", ""}, 0}, TN_FAULT_ANSWER_STATUS, 0},
    {{6, {"1.0", NULL, "200", "OK", "", "\5Hel"}, 0}, TN_FAULT_ANSWER_METADATA, 0},
    {{6, {"1.0", NULL, "200", "OK", "", "\5Hello\xff\xff\xff\xff"}, 0},
     TN_FAULT_ANSWER_METADATA,
     0},
    {{5, {"1.0", NULL, "200", "OK", ""}, 0}, TN_FAULT_ANSWER_MALFORMED, 0},
    {{1, {"1.0"}, 0}, TN_FAULT_ANSWER_MALFORMED, 0},
    {{7, {"1.0", NULL, "200", "OK", "", "", ""}, 0}, TN_FAULT_ANSWER_MALFORMED, 0},
    {{9, {"1.0", NULL, "200", "OK", "", "", "", "", ""}, 0}, TN_FAULT_ANSWER_MALFORMED, 0},
};
const size_t security_answer_count = sizeof security_answers / sizeof security_answers[0];
