/*
 * serial: a serial line with one peer at its other end: serial:///dev/ttyS0?baud=115200
 *
 * A line has no connections, so there is a frame around the bytes. 0x7d stands before a byte of the data
 * that is 0x7e, 0x7d, XON or XOFF, which goes as that byte ^ 0x20. A mark is 0x7e, a letter, and four
 * bytes above 0x7f:
 *   S  a side begins; the four bytes name its connection
 *   A  the other side has heard that one; data follows
 *   R  there is no connection, or no longer: begin again
 * Who connects begins; who is bound waits for it, so one side at least connects. What comes before is
 * noise. The line must be sound: bytes that it changes end the connection. Closing a line whose other
 * end takes nothing may take as long as its driver waits (setserial's closing_wait). Locks: transport.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <tenon/transport.h>

enum { MARK = 0x7e, ESCAPE = 0x7d, FLIP = 0x20, XON = 0x11, XOFF = 0x13 };
enum { MARK_SIZE = 6, NAME_SIZE = 4, CHUNK = 1024, TEXT_SIZE = 300 };

/* ---- the frame ---- */

/* A mark that has come in part, or an escape. */
struct reader {
    uint8_t mark[MARK_SIZE];
    unsigned size;
    bool is_escaped;
};

/* 'S', 'A' or 'R': a mark is whole; 1: `*out` is a byte of the data; 0: neither yet. */
static int take_byte(struct reader *reader, uint8_t byte, uint8_t *out)
{
    if (byte == MARK) {
        *reader = (struct reader){.mark = {MARK}, .size = 1};
        return 0;
    }
    if (reader->size) {
        reader->mark[reader->size++] = byte;
        if (reader->size < MARK_SIZE)
            return 0;
        reader->size = 0;
        return reader->mark[1] == 'S' || reader->mark[1] == 'A' || reader->mark[1] == 'R'
                   ? reader->mark[1]
                   : 0;
    }
    if (byte == ESCAPE) {
        reader->is_escaped = true;
        return 0;
    }
    *out = reader->is_escaped ? byte ^ FLIP : byte;
    reader->is_escaped = false;
    return 1;
}

static bool is_special(uint8_t byte)
{
    return byte == MARK || byte == ESCAPE || byte == XON || byte == XOFF;
}

/* A mark that finds no room is lost: the other side begins again when its time is up. */
static void send_mark(int fd, char letter, const uint8_t name[NAME_SIZE])
{
    uint8_t mark[MARK_SIZE] = {MARK, (uint8_t)letter, name[0], name[1], name[2], name[3]};
    int kept = errno;

    if (write(fd, mark, sizeof mark) < 0)
        errno = kept;
}

static const uint8_t nobody[NAME_SIZE] = {0x80, 0x80, 0x80, 0x80};

/* ---- lines ---- */

/* What the listener and the streams of an endpoint share. `set` is an epoll set that has the listener's
 * descriptor as long as no stream uses the line. */
struct line {
    pthread_mutex_t lock;
    struct termios mode;
    int fd, set; /* -1: not bound */
    bool is_busy;
};

struct listener {
    struct line *line;
    const char *path;
    struct reader reader;
};

struct stream {
    const tn_host_t *host;
    tn_stream_t *stream;
    struct line *line;
    const char *path;
    int fd;
    bool is_up, is_ours; /* has a connection; of a listener */
    bool has_ended; /* the peer has begun anew: what came before that is still to be handed out */
    bool is_escaping; /* the line has taken an ESCAPE, and not yet what follows it */
    uint8_t name[NAME_SIZE];
    uint8_t peer[NAME_SIZE]; /* what it has begun with; zeros: it has only answered */
    struct reader reader;
};

static int fail(const tn_host_t *host, const char *path, int code, const char *what)
{
    return host->set_error(host, code, "serial://%s: %s: %s", path, what, strerror(-code));
}

static int find_speed(int64_t baud, speed_t *out)
{
    static const struct {
        int64_t baud;
        speed_t speed;
    } known[] = {{1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
                 {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
                 {230400, B230400},   {460800, B460800},   {500000, B500000},   {921600, B921600},
                 {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
                 {4000000, B4000000}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *out = known[i].speed;
        if (known[i].baud == baud)
            return 0;
    }
    return -EINVAL;
}

static bool option_is(const tn_setup_t *setup, const tn_host_t *host, const char *name,
                      const char *text)
{
    tn_value_t value;

    return host->setup_option(setup, name, &value) == 0 && value.data &&
           strcmp(value.data, text) == 0;
}

static int serial_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                          unsigned role, const char *address)
{
    struct line *line = endpoint_state;
    bool even = option_is(setup, host, "parity", "even"),
         odd = option_is(setup, host, "parity", "odd");
    bool rts = option_is(setup, host, "flow", "rtscts"),
         xon = option_is(setup, host, "flow", "xonxoff");
    tn_value_t baud;
    speed_t speed;

    (void)role;
    if (host->setup_option(setup, "baud", &baud) < 0 || find_speed(baud.number, &speed) < 0)
        return host->set_error(
            host, -EINVAL,
            "serial://%s: baud=%lld is no speed of a serial line; take 9600, 115200, "
            "or another usual one up to 4000000",
            address, (long long)baud.number);
    if (!even && !odd && !option_is(setup, host, "parity", "none"))
        return host->set_error(host, -EINVAL, "serial://%s: parity is none, even or odd", address);
    if (!rts && !xon && !option_is(setup, host, "flow", "none"))
        return host->set_error(host, -EINVAL, "serial://%s: flow is none, rtscts or xonxoff",
                               address);
    cfmakeraw(&line->mode);
    line->mode.c_cflag |=
        CREAD | CLOCAL | (even || odd ? PARENB : 0u) | (odd ? PARODD : 0u) | (rts ? CRTSCTS : 0u);
    line->mode.c_iflag |= xon ? IXON | IXOFF : 0u;
    line->mode.c_cc[VMIN] = 1;
    line->mode.c_cc[VSTART] = XON;
    line->mode.c_cc[VSTOP] = XOFF;
    cfsetispeed(&line->mode, speed);
    cfsetospeed(&line->mode, speed);
    line->fd = line->set = -1;
    return -pthread_mutex_init(&line->lock, NULL);
}

static void serial_release(void *endpoint_state)
{
    struct line *line = endpoint_state;

    pthread_mutex_destroy(&line->lock);
}

/* A descriptor of its own for whoever calls, or a negative code. `is_first`: nobody else may have it. */
static int open_line(const struct line *line, const tn_host_t *host, const char *path,
                     bool is_first)
{
    int kept = errno;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int code = 0;

    if (fd < 0)
        code = fail(host, path, -errno, "cannot be opened");
    else if (is_first && flock(fd, LOCK_EX | LOCK_NB) < 0)
        code = errno == EWOULDBLOCK ? fail(host, path, -EBUSY, "somebody else has it")
                                    : fail(host, path, -errno, "cannot be locked");
    else if (tcsetattr(fd, TCSANOW, &line->mode) < 0)
        code = fail(host, path, -errno, "is no serial line that can be set up so");
    else if (is_first)
        tcflush(fd, TCIFLUSH);
    if (code < 0 && fd >= 0)
        close(fd);
    errno = kept;
    return code < 0 ? code : fd;
}

static int serial_check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)role;
    if (address[0] == '/' && strlen(address) < TEXT_SIZE - 20)
        return 0;
    return host->set_error(host, -EINVAL,
                           "serial://%s is not serial:///PATH, as serial:///dev/ttyS0", address);
}

/* ---- listeners ---- */

static int watch_line(const struct line *line, int operation)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(line->set, operation, line->fd, &event) < 0 ? -errno : 0;
}

static int serial_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                         const char *address)
{
    struct listener *self = state;
    struct line *line = host->listener_endpoint(listener);
    int kept = errno;
    int code = host->listener_set_address(listener, address);

    self->line = line;
    if (code == 0) {
        line->fd = open_line(line, host, address, true);
        code = line->fd < 0 ? line->fd : 0;
    }
    if (code == 0) {
        line->set = epoll_create1(EPOLL_CLOEXEC);
        code = line->set < 0 ? -errno : watch_line(line, EPOLL_CTL_ADD);
    }
    if (code == 0)
        send_mark(line->fd, 'R', nobody);
    errno = kept;
    return code;
}

static int serial_listener_fd(void *state)
{
    const struct listener *self = state;

    return self->line->set;
}

/* Whether a peer has begun, which the reader's mark then names. Of a peer that goes on with a connection
 * that nobody has, each batch gets one answer. */
static int hear_beginning(struct listener *self)
{
    bool has_noise = false;
    uint8_t byte, data;
    ssize_t size;

    while ((size = read(self->line->fd, &byte, 1)) == 1) {
        int what = take_byte(&self->reader, byte, &data);

        if (what == 'S')
            return 0;
        has_noise = has_noise || what == 1;
    }
    if (has_noise)
        send_mark(self->line->fd, 'R', nobody);
    /* A line that is gone is asked again after a pause, not at once. */
    return size < 0 && errno == EAGAIN ? -EAGAIN : -ENOBUFS;
}

/* `peer`: what it has begun with; NULL: it has answered. */
static void set_up(struct stream *self, const uint8_t *peer)
{
    char text[TEXT_SIZE];

    if (peer) {
        memcpy(self->peer, peer, NAME_SIZE);
        send_mark(self->fd, 'A', peer);
    }
    self->is_up = true;
    self->reader = (struct reader){0};
    snprintf(text, sizeof text, "serial://%s", self->path);
    self->host->stream_set_addresses(self->stream, text, text);
}

static int take_line(struct listener *self, struct stream *stream)
{
    int code = self->line->is_busy ? -EAGAIN : hear_beginning(self);

    if (code == 0)
        stream->fd = open_line(self->line, stream->host, stream->path, false);
    if (code < 0 || stream->fd < 0)
        return code < 0 ? code : stream->fd;
    watch_line(self->line, EPOLL_CTL_DEL);
    self->line->is_busy = true;
    stream->is_ours = true;
    set_up(stream, self->reader.mark + 2);
    return 0;
}

static int serial_accept(void *state, void *stream_state)
{
    struct listener *self = state;
    int kept = errno, code;

    pthread_mutex_lock(&self->line->lock);
    code = take_line(self, stream_state);
    pthread_mutex_unlock(&self->line->lock);
    errno = kept;
    return code;
}

static void serial_unlisten(void *state)
{
    struct listener *self = state;
    struct line *line = self->line;
    int kept = errno;

    pthread_mutex_lock(&line->lock);
    if (line->fd >= 0)
        close(line->fd);
    if (line->set >= 0)
        close(line->set);
    line->fd = line->set = -1;
    pthread_mutex_unlock(&line->lock);
    errno = kept;
}

/* ---- streams ---- */

static int serial_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                       const char *address)
{
    struct stream *self = state;
    uint32_t number = host->random();

    (void)role;
    *self = (struct stream){.host = host, .stream = stream, .fd = -1, .path = address};
    self->line = host->stream_endpoint(stream);
    for (int i = 0; i < NAME_SIZE; i++)
        self->name[i] = (uint8_t)(0x80 | (number >> (8 * i)));
    return 0;
}

static int serial_dial(void *state, const char *address)
{
    struct stream *self = state;

    self->fd = open_line(self->line, self->host, address, true);
    if (self->fd < 0)
        return self->fd;
    send_mark(self->fd, 'S', self->name);
    return -EINPROGRESS;
}

/* If both sides connect, each hears the other begin, which is as good as an answer. */
static int go_on(struct stream *self)
{
    uint8_t byte, data;
    ssize_t size;

    while ((size = read(self->fd, &byte, 1)) == 1) {
        int what = take_byte(&self->reader, byte, &data);
        bool is_answer = what == 'A' && memcmp(self->reader.mark + 2, self->name, NAME_SIZE) == 0;

        if (what == 'R')
            send_mark(self->fd, 'S', self->name);
        if (what == 'S' || is_answer) {
            set_up(self, what == 'S' ? self->reader.mark + 2 : NULL);
            return 0;
        }
    }
    return size == 0 ? -EPIPE : errno == EAGAIN ? -EINPROGRESS : -errno;
}

static int serial_established(void *state)
{
    struct stream *self = state;
    int kept = errno;
    int code = self->is_up ? 0 : go_on(self);

    errno = kept;
    return code;
}

/* In place, up to the mark by which the connection is over. A beginning may be said twice. */
static size_t decode(struct stream *self, uint8_t *bytes, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        int what = take_byte(&self->reader, bytes[i], &bytes[used]);

        bool is_heard = what == 'S' && memcmp(self->reader.mark + 2, self->peer, NAME_SIZE) == 0;

        if (what == 'R' || (what == 'S' && !is_heard)) {
            self->has_ended = true;
            break;
        }
        used += what == 1;
    }
    return used;
}

/* Until the room is full or the line is empty: less than was asked for means that it is. */
static ssize_t fill(struct stream *self, const struct iovec *iov)
{
    uint8_t *at = iov->iov_base;
    size_t left = iov->iov_len;
    ssize_t size = 0;
    size_t used;

    while (left > 0 && !self->has_ended) {
        size = read(self->fd, at, left);
        if (size <= 0)
            break;
        used = decode(self, at, (size_t)size);
        at += used;
        left -= used;
    }
    if (left < iov->iov_len)
        return (ssize_t)(iov->iov_len - left);
    if (self->has_ended)
        return self->host->set_error(self->host, -ECONNRESET,
                                     "serial://%s: the peer has begun anew", self->path);
    return size < 0 ? -errno : size;
}

static ssize_t serial_readv(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    ssize_t total = 0, size = 0;
    int kept = errno;

    for (int i = 0; i < count && (size_t)size == (i ? iov[i - 1].iov_len : 0); i++) {
        size = fill(self, &iov[i]);
        total += size > 0 ? size : 0;
    }
    /* Nothing more comes of the line that would announce it. */
    if (self->has_ended && total > 0)
        self->host->stream_ready(self->stream, TN_READY_RX);
    errno = kept;
    return total == 0 ? size : total;
}

/* The data's bytes that the line has taken whole; the ESCAPE of one that it has not is not repeated. */
static ssize_t put(struct stream *self, const uint8_t *bytes, size_t size)
{
    uint8_t out[2 * CHUNK];
    size_t used = 0, given, done = 0;
    ssize_t taken;

    for (given = 0; given < size && given < CHUNK; given++) {
        bool is_escaped = (given == 0 && self->is_escaping) || is_special(bytes[given]);

        if (is_escaped && !(given == 0 && self->is_escaping))
            out[used++] = ESCAPE;
        out[used++] = is_escaped ? bytes[given] ^ FLIP : bytes[given];
    }
    taken = write(self->fd, out, used);
    if (taken <= 0)
        return taken < 0 && errno != EINTR ? -errno : -EAGAIN;
    self->is_escaping = false;
    for (ssize_t i = 0; i < taken; i++) {
        self->is_escaping = out[i] == ESCAPE;
        done += !self->is_escaping;
    }
    return done ? (ssize_t)done : -EAGAIN;
}

static ssize_t serial_writev(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    int kept = errno, i = 0;
    ssize_t size;

    while (i < count - 1 && iov[i].iov_len == 0)
        i++;
    size = put(self, iov[i].iov_base, iov[i].iov_len);
    errno = kept;
    return size;
}

static int serial_fd(void *state)
{
    const struct stream *self = state;

    return self->fd;
}

static void serial_close(void *state)
{
    struct stream *self = state;
    int kept = errno;

    if (self->is_up)
        send_mark(self->fd, 'R', nobody);
    if (self->fd >= 0)
        close(self->fd);
    pthread_mutex_lock(&self->line->lock);
    if (self->is_ours)
        self->line->is_busy = false;
    if (self->is_ours && self->line->set >= 0)
        watch_line(self->line, EPOLL_CTL_ADD);
    pthread_mutex_unlock(&self->line->lock);
    errno = kept;
}

/* ---- the module ---- */

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(struct stream),
    .listener_state = sizeof(struct listener),
    .endpoint_state = sizeof(struct line),
    .check = serial_check,
    .prepare = serial_prepare,
    .release = serial_release,
    .listen = serial_listen,
    .listener_fd = serial_listener_fd,
    .accept = serial_accept,
    .unlisten = serial_unlisten,
    .open = serial_open,
    .dial = serial_dial,
    .established = serial_established,
    .readv = serial_readv,
    .writev = serial_writev,
    .fd = serial_fd,
    .close = serial_close,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("baud", "bit/s", 1200, 4000000, 115200, "speed, the same at both ends"),
    TN_OPTION_STR_DESC("parity", 4, "none", "none, even or odd"),
    TN_OPTION_STR_DESC("flow", 7, "none", "flow control: none, rtscts (wires) or xonxoff"),
    TN_OPTION_END,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "serial",
    .summary = "a serial line, one peer at its other end",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(serial) = {
    TN_MODULE_HEAD("serial"), .version = "0.1.0",
    .license = "MIT",         .summary = "serial:///dev/ttyS0?baud=115200",
    .features = features,
};
