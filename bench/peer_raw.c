/* The limit: sockets and frames alone, no queue, no pattern, no second thread. Small messages go through
 * one buffer on each side, so that a system call moves many; large ones are written from where they
 * are and read to where they belong. Round trips sleep in epoll_wait before each read, or, as the peer
 * "raw-spin", ask the socket again and again. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    OUT_ROOM = 64 * 1024, /* what small messages are gathered in */
    IN_ROOM = 64 * 1024, /* more leaves the cache */
    LARGE = 16 * 1024, /* from here on a message is not copied */
    HEADER_MAX = 9,
    EVENTS = 256,
};

struct raw_context {
    bool is_spinning;
};

struct raw {
    enum bench_role role;
    bool is_spinning;
    int listener, fd, epoll;
    size_t out_size, in_start, in_end;
    bool is_large; /* the message that was read last; the next one is probably no smaller */
    struct epoll_event events[EVENTS]; /* ROUTER */
    int event_next, event_count;
    uint8_t *out, *in;
};

static int complain(const char *what)
{
    fprintf(stderr, "raw: %s: %s\n", what, strerror(errno));
    return -1;
}

static int load(void)
{
    return 0;
}

static void version(char *out_text, size_t room)
{
    snprintf(out_text, room, "sockets");
}

static void *context_new(void)
{
    return calloc(1, sizeof(struct raw_context));
}

static void *context_new_spinning(void)
{
    struct raw_context *context = calloc(1, sizeof(*context));

    if (context)
        context->is_spinning = true;
    return context;
}

static void context_end(void *context)
{
    free(context);
}

static void raw_close(void *socket)
{
    struct raw *raw = socket;

    if (raw->fd >= 0)
        close(raw->fd);
    if (raw->listener >= 0)
        close(raw->listener);
    if (raw->epoll >= 0)
        close(raw->epoll);
    free(raw->out);
    free(raw->in);
    free(raw);
}

static void *raw_open(void *context, enum bench_role role)
{
    struct raw *raw = calloc(1, sizeof(*raw));

    if (!raw)
        return NULL;
    raw->role = role;
    raw->is_spinning = ((struct raw_context *)context)->is_spinning;
    raw->listener = raw->fd = raw->epoll = -1;
    raw->out = malloc(OUT_ROOM);
    raw->in = malloc(IN_ROOM);
    if (role == BENCH_REQ || role == BENCH_REP || role == BENCH_ROUTER)
        raw->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (raw->out && raw->in)
        return raw;
    raw_close(raw);
    return NULL;
}

static socklen_t address_of(const char *endpoint, struct sockaddr_storage *out_address)
{
    memset(out_address, 0, sizeof(*out_address));
    if (strncmp(endpoint, "tcp://127.0.0.1:", 16) == 0) {
        struct sockaddr_in *in = (struct sockaddr_in *)out_address;
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        in->sin_port = htons((uint16_t)atoi(endpoint + 16));
        return sizeof(*in);
    } else {
        /* An abstract name, which needs no file; without one the system chooses it. */
        struct sockaddr_un *un = (struct sockaddr_un *)out_address;
        const char *name = endpoint + strlen("ipc://");
        size_t length = *name == '*' ? 0 : strlen(name);
        un->sun_family = AF_UNIX;
        if (!length)
            return sizeof(un->sun_family);
        memcpy(un->sun_path + 1, name, length);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    }
}

static void tune(const struct raw *raw, int fd)
{
    struct timeval stall = {.tv_sec = BENCH_STALL_MS / 1000};
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
    if (raw->epoll >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(raw->epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int raw_bind(void *socket_of, const char *endpoint, char *out_endpoint)
{
    struct raw *raw = socket_of;
    struct sockaddr_storage name;
    socklen_t size = address_of(endpoint, &name);

    raw->listener = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (raw->listener < 0 || bind(raw->listener, (struct sockaddr *)&name, size) ||
        listen(raw->listener, BENCH_BACKLOG))
        return complain("bind");
    size = sizeof(name);
    getsockname(raw->listener, (struct sockaddr *)&name, &size);
    if (name.ss_family == AF_INET)
        snprintf(out_endpoint, BENCH_ENDPOINT_MAX, "tcp://127.0.0.1:%d",
                 ntohs(((struct sockaddr_in *)&name)->sin_port));
    else
        snprintf(out_endpoint, BENCH_ENDPOINT_MAX, "ipc://%.*s",
                 (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
                 ((struct sockaddr_un *)&name)->sun_path + 1);
    if (raw->role == BENCH_ROUTER)
        tune(raw, raw->listener);
    return 0;
}

static int raw_connect(void *socket_of, const char *endpoint)
{
    struct raw *raw = socket_of;
    struct sockaddr_storage name;
    socklen_t size = address_of(endpoint, &name);

    raw->fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (raw->fd < 0 || connect(raw->fd, (struct sockaddr *)&name, size))
        return complain("connect");
    tune(raw, raw->fd);
    return 0;
}

static int join(struct raw *raw)
{
    if (raw->fd >= 0)
        return 0;
    raw->fd = accept4(raw->listener, NULL, NULL, SOCK_CLOEXEC);
    if (raw->fd < 0)
        return complain("accept");
    tune(raw, raw->fd);
    return 0;
}

static int write_all(struct raw *raw, struct iovec *parts, int count)
{
    while (count > 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        ssize_t done = sendmsg(raw->fd, &message, MSG_NOSIGNAL);
        if (done < 0)
            return complain("send");
        for (; count > 0 && (size_t)done >= parts->iov_len; parts++, count--)
            done -= (ssize_t)parts->iov_len;
        if (count > 0) {
            parts->iov_base = (uint8_t *)parts->iov_base + done;
            parts->iov_len -= (size_t)done;
        }
    }
    return 0;
}

static int raw_flush(void *socket)
{
    struct raw *raw = socket;
    struct iovec part = {raw->out, raw->out_size};

    raw->out_size = 0;
    return part.iov_len ? write_all(raw, &part, 1) : 0;
}

/** The frame's header as ZMTP has it; returns its size. */
static size_t put_header(uint8_t *to, size_t size)
{
    to[0] = size > 255 ? 2 : 0;
    if (size <= 255) {
        to[1] = (uint8_t)size;
        return 2;
    }
    for (int i = 0; i < 8; i++)
        to[1 + i] = (uint8_t)(size >> (56 - 8 * i));
    return HEADER_MAX;
}

static int raw_send(void *socket, const void *data, size_t size)
{
    struct raw *raw = socket;

    if (join(raw))
        return -1;
    if (raw->out_size + HEADER_MAX + (size < LARGE ? size : 0) > OUT_ROOM && raw_flush(raw))
        return -1;
    raw->out_size += put_header(raw->out + raw->out_size, size);
    if (size >= LARGE) {
        struct iovec parts[] = {{raw->out, raw->out_size}, {(void *)data, size}};
        raw->out_size = 0;
        return write_all(raw, parts, 2);
    }
    memcpy(raw->out + raw->out_size, data, size);
    raw->out_size += size;
    return raw->role == BENCH_PUSH ? 0 : raw_flush(raw);
}

static int await(struct raw *raw)
{
    struct epoll_event event;

    if (raw->is_spinning || raw->epoll < 0)
        return 0;
    return epoll_wait(raw->epoll, &event, 1, BENCH_STALL_MS) == 1 ? 0 : complain("wait");
}

/** Reads into `body` first, and what follows into the buffer, which is empty: behind a large body no
 *  more than the next header, so that the next body is not copied. Returns what the body got, or -1. */
static ssize_t fill(struct raw *raw, void *body, size_t size)
{
    struct iovec parts[] = {{body, size}, {raw->in, raw->is_large ? HEADER_MAX : IN_ROOM}};
    struct msghdr message = {.msg_iov = size ? parts : parts + 1, .msg_iovlen = size ? 2 : 1};
    ssize_t got;

    if (await(raw))
        return -1;
    do {
        got = recvmsg(raw->fd, &message, raw->is_spinning ? MSG_DONTWAIT : 0);
    } while (got < 0 && errno == EAGAIN && raw->is_spinning);
    if (got <= 0)
        return complain("receive");
    raw->in_start = 0;
    raw->in_end = (size_t)got > size ? (size_t)got - size : 0;
    return (size_t)got > size ? (ssize_t)size : got;
}

/** Reads on behind what is there, until the buffer holds that much. */
static int need(struct raw *raw, size_t size)
{
    size_t held = raw->in_end - raw->in_start;

    if (held >= size)
        return 0;
    if (!held)
        return fill(raw, NULL, 0) < 0 ? -1 : need(raw, size);
    memmove(raw->in, raw->in + raw->in_start, held);
    raw->in_start = 0;
    raw->in_end = held;
    while (raw->in_end < size) {
        ssize_t got = recv(raw->fd, raw->in + raw->in_end, IN_ROOM - raw->in_end, 0);
        if (got <= 0)
            return complain("receive");
        raw->in_end += (size_t)got;
    }
    return 0;
}

static ssize_t take_header(struct raw *raw)
{
    const uint8_t *at;
    size_t size = 0;

    if (need(raw, 2))
        return -1;
    at = raw->in + raw->in_start;
    if (!at[0]) {
        raw->in_start += 2;
        return at[1];
    }
    if (need(raw, HEADER_MAX))
        return -1;
    at = raw->in + raw->in_start;
    for (int i = 1; i <= 8; i++)
        size = size << 8 | at[i];
    raw->in_start += HEADER_MAX;
    return (ssize_t)size;
}

static ssize_t raw_recv(void *socket, void *buffer, size_t room)
{
    struct raw *raw = socket;
    ssize_t size = join(raw) ? -1 : take_header(raw);
    size_t done;

    if (size < 0 || (size_t)size > room)
        return -1;
    raw->is_large = size >= LARGE;
    done = raw->in_end - raw->in_start;
    if (done > (size_t)size)
        done = (size_t)size;
    memcpy(buffer, raw->in + raw->in_start, done);
    raw->in_start += done;
    while (done < (size_t)size) {
        ssize_t got = fill(raw, (uint8_t *)buffer + done, (size_t)size - done);
        if (got < 0)
            return -1;
        done += (size_t)got;
    }
    return size;
}

/* Requests are small and each client has one under way: a read takes a whole one. */
static int raw_echo(void *socket)
{
    struct raw *raw = socket;

    for (;;) {
        int fd;
        ssize_t got;
        if (raw->event_next == raw->event_count) {
            raw->event_next = 0;
            raw->event_count = epoll_wait(raw->epoll, raw->events, EVENTS, BENCH_STALL_MS);
            if (raw->event_count <= 0)
                return complain("wait");
        }
        fd = raw->events[raw->event_next++].data.fd;
        if (fd == raw->listener) {
            fd = accept4(raw->listener, NULL, NULL, SOCK_CLOEXEC);
            if (fd < 0)
                return complain("accept");
            tune(raw, fd);
            continue;
        }
        got = recv(fd, raw->in, IN_ROOM, 0);
        if (got > 0)
            return send(fd, raw->in, (size_t)got, MSG_NOSIGNAL) == got ? 0 : complain("send");
        close(fd);
    }
}

const struct bench_peer bench_raw = {
    .name = "raw",
    .roles = 1 << BENCH_PUSH | 1 << BENCH_PULL | 1 << BENCH_REQ | 1 << BENCH_REP |
             1 << BENCH_ROUTER | 1 << BENCH_DEALER,
    .transports = 1 << BENCH_TCP | 1 << BENCH_IPC,
    .is_single = true,
    .load = load,
    .version = version,
    .context_new = context_new,
    .context_end = context_end,
    .open = raw_open,
    .bind = raw_bind,
    .connect = raw_connect,
    .send = raw_send,
    .recv = raw_recv,
    .flush = raw_flush,
    .close = raw_close,
    .echo = raw_echo,
};

const struct bench_peer bench_raw_spin = {
    .name = "raw-spin",
    .roles = 1 << BENCH_REQ | 1 << BENCH_REP,
    .transports = 1 << BENCH_TCP | 1 << BENCH_IPC,
    .is_single = true,
    .load = load,
    .version = version,
    .context_new = context_new_spinning,
    .context_end = context_end,
    .open = raw_open,
    .bind = raw_bind,
    .connect = raw_connect,
    .send = raw_send,
    .recv = raw_recv,
    .flush = raw_flush,
    .close = raw_close,
};
