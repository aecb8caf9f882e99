/*
 * secure_zap [ENDPOINT [REQUESTS]]: answers requests of those who know the password. Clients prove
 * themselves by PLAIN; a ZAP handler in the same program says who may in.
 *
 * Try it: tenon req --connect ENDPOINT --opt mechanism=plain --opt plain.username=admin \
 *             --opt plain.password=secret --data Hello
 */
#include "example.h"

#include <pthread.h>

enum { FRAMES = 8 }; /* version, id, domain, address, routing id, mechanism, name, password */

static int is(tn_msg_t *frame, const char *text)
{
    return tn_msg_size(frame) == strlen(text) &&
           memcmp(tn_msg_data(frame), text, strlen(text)) == 0;
}

static void answer(tn_socket_t *handler, tn_msg_t *frames, int count)
{
    int may = count == FRAMES && is(&frames[5], "PLAIN") && is(&frames[6], "admin") &&
              is(&frames[7], "secret");

    send_text(handler, "1.0", TN_MORE);
    must(tn_send(handler, tn_msg_data(&frames[1]), tn_msg_size(&frames[1]), TN_MORE));
    send_text(handler, may ? "200" : "400", TN_MORE);
    send_text(handler, may ? "welcome" : "unknown name or password", TN_MORE);
    send_text(handler, may ? "admin" : "", TN_MORE);
    send_text(handler, "", 0);
}

/* Until the context ends. */
static void *handle(void *handler)
{
    for (;;) {
        tn_msg_t frames[FRAMES];
        int count;

        for (int i = 0; i < FRAMES; i++)
            tn_msg_init(&frames[i]);
        count = tn_recv_parts(handler, frames, FRAMES, 0);
        if (count >= 6)
            answer(handler, frames, count);
        for (int i = 0; i < FRAMES; i++)
            tn_msg_close(&frames[i]);
        if (count < 0)
            break;
    }
    tn_close(handler);
    return NULL;
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *handler = must_socket(ctx, "rep");
    tn_socket_t *server = must_socket(ctx, "rep");
    pthread_t thread;

    must(tn_bind(handler, "inproc://zeromq.zap.01"));
    must(-pthread_create(&thread, NULL, handle, handler));

    must(tn_set_str(server, "mechanism", "plain"));
    must(tn_set_int(server, "plain.server", 1));
    must(tn_set_str(server, "zap_domain", "global"));
    must(tn_bind(server, argument(argc, argv, 1, "tcp://127.0.0.1:5555")));
    for (long left = argument_number(argc, argv, 2, 1); left > 0; left--) {
        tn_msg_t request;

        tn_msg_init(&request);
        must(tn_msg_recv(server, &request, 0));
        printf("%s asks: %.*s\n", tn_msg_property(&request, "User-Id"), (int)tn_msg_size(&request),
               (char *)tn_msg_data(&request));
        tn_msg_close(&request);
        send_text(server, "World", 0);
    }
    must(tn_close(server));
    must(tn_ctx_shutdown(ctx));
    pthread_join(thread, NULL);
    return must(tn_ctx_term(ctx, -1)) < 0;
}
