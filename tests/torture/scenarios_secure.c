/* Scripts in which peers must show who they are, and others say who may in. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "module/builtin.h"
#include "scenarios.h"

/* Made for these tests. */
static const char server_public[] = "S<8-{021g)&2uInK*pK@7dVY^YGhVa]QzDBEJsW(";
static const char server_secret[] = "ow*r8y>ptQ}e$O/!wHFC6p0Ng=/:hUs[%qsnWa@H";
static const char client_secret[] = "T3WPc&Cm]IbNuL#tk6iu?)!b2I652@I(JX}!12y>";

/* "secret", as crypt(3) makes it at least cost. */
static const char rules[] =
    "user somebody $5$rounds=1000$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4\n"
    "certificate DNS:client.example\n"
    "address 127.0.0.0/8\n";
static char rules_path[] = "/tmp/tenon-torture-rules-XXXXXX";

static bool has_module(const char *name)
{
    for (size_t i = 0; tni_builtin_modules[i]; i++)
        if (strcmp(tni_builtin_modules[i]->name, name) == 0)
            return true;
    return false;
}

static bool is_form(const struct life *life, const char *scheme)
{
    return strncmp(life->transport, scheme, strlen(scheme)) == 0 &&
           strcmp(life->patterns[0], "router") == 0;
}

static bool talk(struct life *life)
{
    return torture_join(life) && torture_exchange(life);
}

/* ------------------------------------------------------------------ PLAIN */

static bool dress_plain(struct life *life, int i)
{
    tn_socket_t *socket = life->sockets[i];

    TRY(tn_set_str(socket, "mechanism", "plain"));
    if (i == 0) {
        TRY(tn_set_int(socket, "plain.server", 1));
        return true;
    }
    TRY(tn_set_str(socket, "plain.username", "somebody"));
    TRY(tn_set_str(socket, "plain.password", "secret"));
    return true;
}

static void let_in(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    const tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK, .user_id = "somebody"};

    (void)info;
    (void)arg;
    tn_answer(question, &answer);
}

static bool dress_callback(struct life *life, int i)
{
    if (!dress_plain(life, i))
        return false;
    if (i == 0)
        TRY(tn_set_authenticator(life->sockets[0], let_in, NULL));
    return true;
}

static bool secure(struct life *life)
{
    if (strncmp(life->transport, "inproc", 6) == 0)
        return true;
    life->dress = dress_callback;
    return talk(life);
}

/* ------------------------------------------------------------------ CURVE */

static bool dress_curve(struct life *life, int i)
{
    tn_socket_t *socket = life->sockets[i];

    TRY(tn_set_str(socket, "mechanism", "curve"));
    TRY(tn_set_str(socket, "curve.secretkey", i == 0 ? server_secret : client_secret));
    if (i == 0) {
        TRY(tn_set_int(socket, "curve.server", 1));
        return true;
    }
    TRY(tn_set_str(socket, "curve.serverkey", server_public));
    return true;
}

static bool curve(struct life *life)
{
    if (!is_form(life, "tcp") || !has_module("curve"))
        return true;
    life->dress = dress_curve;
    return talk(life);
}

/* ------------------------------------------------------------------ ZAP */

/* The whole answer, or none. */
static int answer(tn_socket_t *handler, tn_msg_t *request)
{
    static const char *const texts[] = {"1.0", NULL, "200", "OK", "somebody", ""};
    enum { FRAMES = sizeof texts / sizeof texts[0] };
    tn_msg_t frames[FRAMES];
    int rc = 0;

    for (int i = 0; i < FRAMES; i++)
        tn_msg_init(&frames[i]);
    for (int i = 0; i < FRAMES && rc == 0; i++)
        rc = texts[i] ? tn_msg_init_copy(&frames[i], texts[i], strlen(texts[i]))
                      : tn_msg_init_copy(&frames[i], tn_msg_data(request), tn_msg_size(request));
    if (rc == 0)
        rc = tn_send_parts(handler, frames, FRAMES, 0);
    for (int i = 0; i < FRAMES; i++)
        tn_msg_close(&frames[i]);
    return rc;
}

static void pause_shortly(void)
{
    const struct timespec time = {.tv_nsec = 1000000};

    nanosleep(&time, NULL);
}

/* Until the context ends. What memory or descriptors are short for it tries again. */
static void *handle(void *arg)
{
    tn_socket_t *handler = arg;
    tn_msg_t frames[12];
    int count;

    do {
        for (int i = 0; i < 12; i++)
            tn_msg_init(&frames[i]);
        count = tn_recv_parts(handler, frames, 12, 0);
        while (count >= 6 && answer(handler, &frames[1]) < 0 && tn_last_code() != -TN_ETERM)
            pause_shortly();
        if (count < 0)
            pause_shortly();
        for (int i = 0; i < 12; i++)
            tn_msg_close(&frames[i]);
    } while (count != -TN_ETERM);
    tn_close(handler);
    return NULL;
}

static bool start_handler(struct life *life)
{
    tn_socket_t *socket;

    TRY_NEW(socket = life->more[0] = tn_socket(life->ctx, "rep"));
    TRY(tn_bind(socket, "inproc://zeromq.zap.01"));
    while (pthread_create(&life->handler, NULL, handle, socket) != 0)
        pause_shortly(); /* it is no thread of the library's: refused once it is asked for again */
    life->has_handler = true;
    life->more[0] = NULL;
    return true;
}

static bool dress_zap(struct life *life, int i)
{
    if (!dress_plain(life, i))
        return false;
    TRY(tn_set_int(life->sockets[i], "handshake_ivl", 300)); /* for one that is never answered */
    TRY(tn_set_str(life->sockets[i], "zap_domain", "torture"));
    return true;
}

static bool zap(struct life *life)
{
    if (!is_form(life, "tcp"))
        return true;
    life->dress = dress_zap;
    return torture_begin(life) && start_handler(life) && torture_open_socket(life, 0) &&
           torture_open_socket(life, 1) && torture_connect(life) && torture_exchange(life);
}

/* ------------------------------------------------------------------ the file */

static bool dress_file(struct life *life, int i)
{
    if (!dress_plain(life, i))
        return false;
    TRY(tn_set_str(life->sockets[i], "authenticator", "file"));
    TRY(tn_set_str(life->sockets[i], "file.path", rules_path));
    return true;
}

static bool file(struct life *life)
{
    if (!is_form(life, "tcp") || !has_module("file"))
        return true;
    life->dress = dress_file;
    return talk(life);
}

/* ------------------------------------------------------------------ TLS */

#ifdef TORTURE_TLS

#include "certs.h"

static bool dress_tls(struct life *life, int i)
{
    tn_socket_t *socket = life->sockets[i];

    TRY(tn_set_str(socket, "tls.cert", certs_path(i == 0 ? "server.pem" : "client.pem")));
    TRY(tn_set_str(socket, "tls.key", certs_path(i == 0 ? "server.key" : "client.key")));
    TRY(tn_set_str(socket, "tls.ca", certs_path("ca.pem")));
    TRY(tn_set_str(socket, "tls.client_auth", "required"));
    return true;
}

static bool tls(struct life *life)
{
    if (!is_form(life, "tcp"))
        return true;
    life->transport = "tls://127.0.0.1:*";
    life->dress = dress_tls;
    return talk(life);
}

#else

static void certs_begin(void)
{
}

static void certs_end(void)
{
}

static bool tls(struct life *life)
{
    (void)life;
    return true;
}

#endif

const struct scenario torture_secure_scenarios[] = {
    {"secure", secure}, {"curve", curve}, {"zap", zap}, {"file", file}, {"tls", tls}, {NULL, NULL},
};

void torture_secure_begin(void)
{
    int fd = mkstemp(rules_path);

    if (fd < 0 || write(fd, rules, sizeof rules - 1) != (ssize_t)(sizeof rules - 1))
        torture_fail(rules_path, __LINE__);
    close(fd);
    certs_begin();
}

void torture_secure_end(void)
{
    certs_end();
    unlink(rules_path);
}
