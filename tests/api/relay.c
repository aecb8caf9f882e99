#include "relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MINOR = 11 }; /* where the greeting has it */

static int pass(int from, int to, size_t *io_passed)
{
    uint8_t bytes[4096];
    ssize_t size = recv(from, bytes, sizeof bytes, 0), at = 0;

    if (size <= 0)
        return -1;
    if (*io_passed <= MINOR && *io_passed + (size_t)size > MINOR)
        bytes[MINOR - *io_passed] = 0;
    *io_passed += (size_t)size;
    while (at < size) {
        ssize_t sent = send(to, bytes + at, (size_t)(size - at), MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        at += sent;
    }
    return 0;
}

static void *run(void *arg)
{
    struct relay *relay = arg;
    size_t passed[2] = {0, 0};
    int rc = 0;

    relay->fds[0] = accept(relay->listener, NULL, NULL);
    relay->fds[1] = api_raw_connect(relay->target);
    while (rc == 0) {
        struct pollfd items[2] = {{.fd = relay->fds[0], .events = POLLIN},
                                  {.fd = relay->fds[1], .events = POLLIN}};

        rc = poll(items, 2, -1) < 0 ? -1 : 0;
        for (int i = 0; i < 2 && rc == 0; i++)
            if (items[i].revents)
                rc = pass(relay->fds[i], relay->fds[!i], &passed[i]);
    }
    shutdown(relay->fds[0], SHUT_RDWR);
    shutdown(relay->fds[1], SHUT_RDWR);
    return NULL;
}

void relay_start(struct relay *relay, const char *target)
{
    snprintf(relay->target, sizeof relay->target, "%s", target);
    relay->listener = api_raw_listen(relay->endpoint);
    assert_int_equal(pthread_create(&relay->thread, NULL, run, relay), 0);
}

void relay_end(struct relay *relay)
{
    pthread_join(relay->thread, NULL);
    close(relay->fds[0]);
    close(relay->fds[1]);
    close(relay->listener);
}
