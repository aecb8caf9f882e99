/* attack.c: the floods, byte by byte, with sockets of the system alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flood.h"

enum {
    COMMAND = 4,
    MORE = 1,
    PER_ADDRESS = 50,
    HOLD_MS = 500,
    STANDSTILL_MS = 2000,
    PATIENCE_S = 60
};

static void give_up(const char *what)
{
    fprintf(stderr, "attacker: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void bind_to(int fd, int address)
{
    struct sockaddr_in from = {.sin_family = AF_INET};

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)address);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
        give_up("bind");
}

/* A connection from 127.0.0.(1 + address). */
static int dial(const char *port, int address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    struct timeval limit = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        give_up("socket");
    bind_to(fd, address);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        give_up("connect");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

/* A process that was stopped and goes on finds its calls interrupted, as they have a time limit. */
static bool is_interrupted(ssize_t size)
{
    return size < 0 && errno == EINTR;
}

/* False: the server has closed. */
static bool put(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (is_interrupted(sent))
            continue;
        if (sent <= 0 && errno == EAGAIN)
            give_up("the server does not close");
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static void await_close(int fd)
{
    char bytes[4096];
    ssize_t size;

    do
        size = recv(fd, bytes, sizeof bytes, 0);
    while (size > 0 || is_interrupted(size));
    if (size < 0 && errno == EAGAIN)
        give_up("the server does not close");
    close(fd);
}

/* A peer that was let in, of that socket type; what the server says is not read. */
static int enter(const char *port, int address, const char *type)
{
    uint8_t bytes[64 + 64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    static const char head[] = "\5READY\13Socket-Type\0\0\0";
    uint8_t *ready = bytes + 64;
    size_t name = sizeof head - 1, size = strlen(type);
    int fd = dial(port, address);

    ready[0] = COMMAND;
    ready[1] = (uint8_t)(name + 1 + size);
    memcpy(ready + 2, head, name);
    ready[2 + name] = (uint8_t)size;
    memcpy(ready + 3 + name, type, size);
    put(fd, bytes, 64 + 3 + name + size);
    return fd;
}

/* ------------------------------------------------------------------ before they are let in */

static void half_open(const char *port, int size)
{
    /* The first of them come from one address, the rest from many. Those in line are closed in the end. */
    for (int i = 0; i < size; i++)
        dial(port, i < 2 * PER_ADDRESS ? 1 : 1 + i / PER_ADDRESS);
    usleep(STANDSTILL_MS * 1000);
}

/* Each says its greeting so slowly that it never ends. */
static void slow_loris(const char *port, int size)
{
    static const uint8_t greeting[64] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                         1,    0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    struct pollfd *peers = calloc((size_t)size, sizeof *peers);
    int left = size;

    for (int i = 0; peers && i < size; i++)
        peers[i] = (struct pollfd){.fd = dial(port, 1 + i / PER_ADDRESS), .events = POLLIN};
    for (int turn = 0; peers && left > 0; turn++) {
        for (int i = 0; i < size; i++) {
            if (peers[i].fd < 0 || put(peers[i].fd, greeting + turn % 64, 1))
                continue;
            close(peers[i].fd);
            peers[i].fd = -1;
            left--;
        }
        usleep(200 * 1000);
    }
    free(peers);
}

/* ------------------------------------------------------------------ afterwards */

static void frame_bombs(const char *port, int size)
{
    static const uint8_t allowed[] = {2, 0, 0, 0, 0,
                                      4, 0, 0, 0}; /* 64 MiB: just as much as may be */
    static const uint8_t bomb[] = {2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    for (int i = 0; i < size; i++) {
        int fd = enter(port, 1 + i / PER_ADDRESS, "DEALER");
        put(fd, allowed, sizeof allowed);
        fd = enter(port, 1 + i / PER_ADDRESS, "DEALER");
        put(fd, bomb, sizeof bomb);
        await_close(fd);
    }
    usleep(HOLD_MS * 1000);
}

static void endless(const char *port, size_t body)
{
    static uint8_t frame[9 + 65535];
    int fd = enter(port, 1, "DEALER");

    frame[0] = MORE | 2;
    frame[7] = (uint8_t)(body >> 8);
    frame[8] = (uint8_t)body;
    while (put(fd, frame, 9 + body))
        continue;
    close(fd);
}

/* Empty frames without end, and large ones. */
static void endless_multipart(const char *port, int size)
{
    for (int i = 0; i < size; i++) {
        endless(port, 0);
        endless(port, 65535);
    }
}

static void subscriptions(const char *port, int size)
{
    int fd = enter(port, 1, "SUB");
    bool is_open = true;

    for (int i = 0; is_open && i < size; i++) {
        char frame[64] = "\4\0\11SUBSCRIBE";
        int topic = snprintf(frame + 12, sizeof frame - 12, "topic/%09d", i);
        frame[1] = (char)(10 + topic);
        is_open = put(fd, frame, 12 + (size_t)topic);
    }
    await_close(fd);
}

/* Questions without end, whose answers are not read. */
static void pings(const char *port, int size)
{
    static uint8_t ping[] = {COMMAND, 7 + 16, 4, 'P', 'I', 'N', 'G', 0,  0,  0,  1,  2, 3,
                             4,       5,      6, 7,   8,   9,   10,  11, 12, 13, 14, 15};
    static uint8_t many[sizeof ping * 1000];

    for (int i = 0; i < 1000; i++)
        memcpy(many + (size_t)i * sizeof ping, ping, sizeof ping);
    for (int i = 0; i < size; i++) {
        int fd = enter(port, 1, "DEALER");
        while (put(fd, many, sizeof many))
            continue;
        close(fd);
    }
}

/* ------------------------------------------------------------------ all of them */

#define ONE_BY_ONE "router", "req"

const struct flood flood_list[] = {
    {"half-open",
     ONE_BY_ONE,
     {"max_half_open_per_address", "max_half_open"},
     {400, 5000},
     64,
     half_open,
     {{"max_half_open", {200, 1024}}, {"backlog", {4096, 4096}}}},
    {"slow-loris",
     ONE_BY_ONE,
     {"handshake_ivl"},
     {60, 500},
     64,
     slow_loris,
     {{"handshake_ivl", {1000, 5000}}}},
    {"frame-bombs", ONE_BY_ONE, {"maxmsgsize"}, {50, 1000}, 128, frame_bombs, {{NULL, {0}}}},
    {"endless-multipart",
     ONE_BY_ONE,
     {"max_parts", "max_message_bytes"},
     {1, 20},
     128,
     endless_multipart,
     {{"maxmsgsize", {1 << 20, 1 << 20}}}},
    {"subscriptions",
     "xpub",
     "xsub",
     {"max_subscriptions"},
     {1000 * 1000, 1000 * 1000},
     128,
     subscriptions,
     {{NULL, {0}}}},
    {"pings", ONE_BY_ONE, {"max_pings"}, {2, 100}, 64, pings, {{NULL, {0}}}},
    {.name = NULL},
};
