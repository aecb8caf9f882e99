/*
 * zmq_peer: a socket of libzmq that does what the lines of its standard input say.
 *
 *   open TYPE ID           closes the present socket and opens one; ID "-": no routing id
 *   bind ENDPOINT          answers "ok ENDPOINT" with wildcards filled in
 *   connect ENDPOINT
 *   subscribe              to everything
 *   set NUMBER VALUE       an option that is a number
 *   name WORD              the routing id of the peer of the next connect
 *   echo MS                receives a message and sends it back
 *   send FRAME...          FRAME is SEED:SIZE, a generated body, or =TEXT, or %HEX
 *   secure NAME VALUE      an option of security or heartbeats, for later binds and connects
 *   zap STATUS             answers every ZAP request of this process so
 *   poke                   looks at its events, which makes libzmq take note of new peers
 *   recv MS                answers "ok FRAME..." where FRAME is SIZE:HASH, or "error TEXT"
 *
 * Each line is answered by one line, "ok ..." or "error TEXT". See body.h for bodies and hashes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "body.h"

enum { STALL_MS = 20000 };

static void *context, *sock;

static void answer(int code)
{
    if (code < 0)
        printf("error %s\n", zmq_strerror(errno));
    else
        printf("ok\n");
}

static int type_of(const char *name)
{
    static const char *const names[] = {"pair",   "pub",  "sub",  "req",  "rep",  "dealer",
                                        "router", "pull", "push", "xpub", "xsub", "stream"};

    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static void do_open(const char *type, const char *id)
{
    int none = 0, stall = STALL_MS, yes = 1;

    if (sock)
        zmq_close(sock);
    sock = zmq_socket(context, type_of(type));
    if (!sock) {
        answer(-1);
        return;
    }
    zmq_setsockopt(sock, ZMQ_LINGER, &none, sizeof(none));
    zmq_setsockopt(sock, ZMQ_SNDTIMEO, &stall, sizeof(stall));
    if (strcmp(type, "router") == 0)
        zmq_setsockopt(sock, ZMQ_ROUTER_MANDATORY, &yes, sizeof(yes));
    if (strcmp(id, "-") != 0)
        zmq_setsockopt(sock, ZMQ_ROUTING_ID, id, strlen(id));
    answer(0);
}

static void do_bind(const char *endpoint)
{
    char real[256];
    size_t size = sizeof(real);

    if (zmq_bind(sock, endpoint) || zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, real, &size))
        answer(-1);
    else
        printf("ok %s\n", real);
}

static void do_send(char **save)
{
    char *word = strtok_r(NULL, " ", save), *next;
    int code = 0;

    for (; word && code >= 0; word = next) {
        uint8_t *data;
        size_t size;
        next = strtok_r(NULL, " ", save);
        data = body_parse(word, &size);
        code = zmq_send(sock, data, size, next ? ZMQ_SNDMORE : 0);
        free(data);
    }
    answer(code);
}

static void do_recv(int timeout)
{
    zmq_msg_t msg;
    int more, first = 1;

    zmq_setsockopt(sock, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
    zmq_msg_init(&msg);
    do {
        if (zmq_msg_recv(&msg, sock, 0) < 0) {
            answer(-1);
            zmq_msg_close(&msg);
            return;
        }
        more = zmq_msg_more(&msg);
        printf("%s %zu:%016llx", first ? "ok" : "", zmq_msg_size(&msg),
               (unsigned long long)body_hash(zmq_msg_data(&msg), zmq_msg_size(&msg)));
        first = 0;
    } while (more);
    putchar('\n');
    zmq_msg_close(&msg);
}

static void do_echo(int timeout)
{
    zmq_msg_t msg;
    int more, code = 0;

    zmq_setsockopt(sock, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
    zmq_msg_init(&msg);
    do {
        code = zmq_msg_recv(&msg, sock, 0);
        more = zmq_msg_more(&msg);
        if (code >= 0)
            code = zmq_msg_send(&msg, sock, more ? ZMQ_SNDMORE : 0);
    } while (code >= 0 && more);
    zmq_msg_close(&msg);
    answer(code);
}

static void do_set(const char *number, const char *text)
{
    int value = atoi(text);

    answer(zmq_setsockopt(sock, atoi(number), &value, sizeof(value)));
}

static const struct {
    const char *name;
    int option;
    int is_number;
} settings[] = {
    {"plain_server", ZMQ_PLAIN_SERVER, 1},       {"plain_username", ZMQ_PLAIN_USERNAME, 0},
    {"plain_password", ZMQ_PLAIN_PASSWORD, 0},   {"curve_server", ZMQ_CURVE_SERVER, 1},
    {"curve_publickey", ZMQ_CURVE_PUBLICKEY, 0}, {"curve_secretkey", ZMQ_CURVE_SECRETKEY, 0},
    {"curve_serverkey", ZMQ_CURVE_SERVERKEY, 0}, {"zap_domain", ZMQ_ZAP_DOMAIN, 0},
    {"heartbeat_ivl", ZMQ_HEARTBEAT_IVL, 1},     {"heartbeat_timeout", ZMQ_HEARTBEAT_TIMEOUT, 1},
};

static void do_secure(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        int number = atoi(value), is_key = strstr(name, "key") != NULL;

        if (strcmp(settings[i].name, name) != 0)
            continue;
        answer(
            settings[i].is_number
                ? zmq_setsockopt(sock, settings[i].option, &number, sizeof number)
                : zmq_setsockopt(sock, settings[i].option, value, strlen(value) + (size_t)is_key));
        return;
    }
    printf("error unknown option %s\n", name);
}

static char zap_status[8];

/* Ends with the context. */
static void *zap_serve(void *handler)
{
    char frames[16][256];
    int sizes[16], count, rc = 0;

    while (rc >= 0) {
        size_t size = sizeof rc;
        int more = 1;
        for (count = 0; more && count < 16; count++) {
            sizes[count] = zmq_recv(handler, frames[count], sizeof frames[count], 0);
            if (sizes[count] < 0)
                goto done;
            zmq_getsockopt(handler, ZMQ_RCVMORE, &more, &size);
        }
        zmq_send(handler, "1.0", 3, ZMQ_SNDMORE);
        zmq_send(handler, frames[1], (size_t)sizes[1], ZMQ_SNDMORE);
        zmq_send(handler, zap_status, strlen(zap_status), ZMQ_SNDMORE);
        zmq_send(handler, "", 0, ZMQ_SNDMORE);
        zmq_send(handler, "", 0, ZMQ_SNDMORE); /* with a user id its REQ drops replies */
        rc = zmq_send(handler, "", 0, 0);
    }
done:
    zmq_close(handler);
    return NULL;
}

static void do_zap(const char *status)
{
    void *handler = zmq_socket(context, ZMQ_REP);
    pthread_t thread;

    snprintf(zap_status, sizeof zap_status, "%s", status);
    if (!handler || zmq_bind(handler, "inproc://zeromq.zap.01") ||
        pthread_create(&thread, NULL, zap_serve, handler) || pthread_detach(thread))
        answer(-1);
    else
        answer(0);
}

static void do_poke(void)
{
    int events;
    size_t size = sizeof(events);

    answer(zmq_getsockopt(sock, ZMQ_EVENTS, &events, &size));
}

static void obey(char *line)
{
    char *save = NULL, *verb = strtok_r(line, " \n", &save), *first;

    if (!verb)
        return;
    if (strcmp(verb, "send") == 0) {
        do_send(&save);
        return;
    }
    if (strcmp(verb, "poke") == 0) {
        do_poke();
        return;
    }
    first = strtok_r(NULL, " \n", &save);
    if (strcmp(verb, "open") == 0)
        do_open(first, strtok_r(NULL, " \n", &save));
    else if (strcmp(verb, "bind") == 0)
        do_bind(first);
    else if (strcmp(verb, "connect") == 0)
        answer(zmq_connect(sock, first));
    else if (strcmp(verb, "subscribe") == 0)
        answer(zmq_setsockopt(sock, ZMQ_SUBSCRIBE, "", 0));
    else if (strcmp(verb, "set") == 0)
        do_set(first, strtok_r(NULL, " \n", &save));
    else if (strcmp(verb, "name") == 0)
        answer(zmq_setsockopt(sock, ZMQ_CONNECT_ROUTING_ID, first, strlen(first)));
    else if (strcmp(verb, "echo") == 0)
        do_echo(atoi(first));
    else if (strcmp(verb, "secure") == 0)
        do_secure(first, strtok_r(NULL, " \n", &save));
    else if (strcmp(verb, "zap") == 0)
        do_zap(first);
    else if (strcmp(verb, "recv") == 0)
        do_recv(atoi(first));
    else
        printf("error unknown verb %s\n", verb);
}

int main(void)
{
    char line[1024];

    context = zmq_ctx_new();
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
        fflush(stdout);
    }
    if (sock)
        zmq_close(sock);
    zmq_ctx_term(context);
    return 0;
}
