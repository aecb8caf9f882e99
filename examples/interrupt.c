/*
 * interrupt [ENDPOINT]: a service that Ctrl-C ends in an orderly way. The signals arrive through a
 * descriptor, which is polled together with the socket: there is no moment at which one is missed.
 */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "example.h"

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    /* Before the context: its threads inherit what is blocked. */
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
    int signals = open_signals();
    tn_ctx_t *ctx = must_context();
    tn_socket_t *service = must_socket(ctx, "rep");
    tn_pollitem_t items[] = {{service, -1, TN_POLLIN, 0}, {NULL, signals, TN_POLLIN, 0}};
    char request[64];

    must(tn_bind(service, argument(argc, argv, 1, "tcp://*:5555")));
    printf("serving; end with Ctrl-C\n");
    fflush(stdout);
    for (;;) {
        must(tn_poll(items, 2, -1));
        if (items[1].revents)
            break;
        if (!items[0].revents)
            continue;
        recv_text(service, request, sizeof(request));
        send_text(service, "World", 0);
    }
    printf("interrupted: closing\n");
    close(signals);
    return finish(ctx, service);
}
