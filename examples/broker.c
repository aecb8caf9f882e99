/*
 * broker [FRONTEND [BACKEND [REPLIES]]]: clients on one side, workers on the other, both of them
 * connect here. Passes requests to the workers in turn and replies back, frame by frame: the envelope
 * in front of each message says where it came from. Ends after REPLIES replies (0: never).
 */
#include "example.h"

/** Moves one message of any number of frames. */
static void pass(tn_socket_t *from, tn_socket_t *to)
{
    tn_msg_t frame;
    bool more;

    tn_msg_init(&frame);
    do {
        must(tn_msg_recv(from, &frame, 0));
        more = tn_msg_more(&frame);
        must(tn_msg_send(to, &frame, more ? TN_MORE : 0));
    } while (more);
    tn_msg_close(&frame);
}

int main(int argc, char **argv)
{
    long replies = argument_number(argc, argv, 3, 0), count = 0;
    tn_ctx_t *ctx = must_context();
    tn_socket_t *clients = must_socket(ctx, "router"), *workers = must_socket(ctx, "dealer");
    tn_pollitem_t items[] = {{clients, -1, TN_POLLIN, 0}, {workers, -1, TN_POLLIN, 0}};

    must(tn_bind(clients, argument(argc, argv, 1, "tcp://*:5559")));
    must(tn_bind(workers, argument(argc, argv, 2, "tcp://*:5560")));
    while (replies == 0 || count < replies) {
        must(tn_poll(items, 2, -1));
        if (items[0].revents)
            pass(clients, workers);
        if (items[1].revents) {
            pass(workers, clients);
            count++;
        }
    }
    must(tn_close(workers));
    return finish(ctx, clients);
}
