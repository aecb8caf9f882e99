/*
 * serial: a serial line with one peer at its other end: serial:///dev/ttyS0?baud=115200
 *
 * A line has no connections, so they are made on it by marks (frame.h). Who connects begins; who is bound
 * waits for it, so one side at least connects. What comes before is noise. The line must be sound: bytes
 * that it changes end the connection. Closing a line whose other end takes nothing may take as long as its
 * driver waits (setserial's closing_wait). Locks: transport.h; what an endpoint's streams share: line.h.
 */
#include <stdio.h>

#include "frame.h"
#include "line.h"

enum { CHUNK = 1024, TEXT_SIZE = 300 };

struct listener {
    struct tni_serial_line *line;
    struct tni_serial_reader reader;
};

struct stream {
    tn_sys_stream_t base;
    struct tni_serial_line *line;
    bool is_up, is_ours; /* has a connection; of a listener */
    bool has_ended; /* the peer has begun anew: what came before that is still to be handed out */
    bool is_escaping; /* the line has taken an escape, and not yet what follows it */
    uint8_t name[TNI_SERIAL_NAME];
    uint8_t peer[TNI_SERIAL_NAME]; /* what it has begun with; zeros: it has only answered */
    struct tni_serial_reader reader;
};

static const uint8_t nobody[TNI_SERIAL_NAME] = {0x80, 0x80, 0x80, 0x80};

/* One that finds no room is lost: the other side begins again when its time is up. */
static void send_mark(int fd, int letter, const uint8_t name[TNI_SERIAL_NAME])
{
    uint8_t mark[TNI_SERIAL_MARK];
    int kept = errno;

    tni_serial_mark(letter, name, mark);
    if (write(fd, mark, sizeof mark) < 0)
        errno = kept;
}

static bool names(const struct tni_serial_reader *reader, const uint8_t *name)
{
    return memcmp(tni_serial_name(reader), name, TNI_SERIAL_NAME) == 0;
}

/* ---- listeners ---- */

static int serial_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                         const char *address)
{
    struct listener *self = state;
    struct tni_serial_line *line = self->line = host->listener_endpoint(listener);
    int code = host->listener_set_address(listener, address);

    if (code < 0)
        return code;
    pthread_mutex_lock(&line->all->lock);
    code = tni_serial_listen(line, host, address);
    if (code == 0 && !line->is_busy)
        send_mark(line->fd, TNI_SERIAL_RESET, nobody);
    pthread_mutex_unlock(&line->all->lock);
    return code;
}

static int serial_listener_fd(void *state)
{
    return ((const struct listener *)state)->line->set;
}

static void serial_unlisten(void *state)
{
    struct tni_serial_line *line = ((const struct listener *)state)->line;

    pthread_mutex_lock(&line->all->lock);
    tni_serial_unlisten(line);
    pthread_mutex_unlock(&line->all->lock);
}

/* Whether a peer has begun, which the reader's mark then names. Of a peer that goes on with a connection
 * that nobody has, each batch gets one answer. */
static int hear_beginning(struct listener *self)
{
    int fd = self->line->fd, kept = errno, code;
    bool has_noise = false;
    uint8_t byte, data;
    ssize_t size;

    while ((size = read(fd, &byte, 1)) == 1) {
        int what = tni_serial_take(&self->reader, byte, &data);

        if (what == TNI_SERIAL_BEGIN)
            return 0;
        has_noise = has_noise || what == TNI_SERIAL_DATA;
    }
    /* A line that is gone is asked again after a pause, not at once. */
    code = size < 0 && errno == EAGAIN ? -EAGAIN : -ENOBUFS;
    if (has_noise)
        send_mark(fd, TNI_SERIAL_RESET, nobody);
    errno = kept;
    return code;
}

/* `peer`: what it has begun with; NULL: it has answered. */
static void set_up(struct stream *self, const uint8_t *peer)
{
    char text[TEXT_SIZE];

    if (peer) {
        memcpy(self->peer, peer, TNI_SERIAL_NAME);
        send_mark(self->base.fd, TNI_SERIAL_ANSWER, peer);
    }
    self->is_up = true;
    self->reader = (struct tni_serial_reader){0};
    snprintf(text, sizeof text, "serial://%s", self->base.address);
    self->base.host->stream_set_addresses(self->base.stream, text, text);
}

static int serial_accept(void *state, void *stream_state)
{
    struct listener *self = state;
    struct stream *stream = stream_state;
    int code;

    pthread_mutex_lock(&self->line->all->lock);
    code = self->line->is_busy ? -EAGAIN : hear_beginning(self);
    if (code == 0)
        code = stream->base.fd = tni_serial_begin_use(self->line);
    if (code >= 0) {
        stream->is_ours = true;
        set_up(stream, tni_serial_name(&self->reader));
    }
    pthread_mutex_unlock(&self->line->all->lock);
    return code < 0 ? code : 0;
}

/* ---- streams ---- */

static int serial_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                       const char *address)
{
    struct stream *self = state;
    uint32_t number = host->random();

    self->line = host->stream_endpoint(stream);
    for (int i = 0; i < TNI_SERIAL_NAME; i++)
        self->name[i] = (uint8_t)(0x80 | (number >> (8 * i)));
    return tn_sys_stream_open(&self->base, stream, host, role, address);
}

static int serial_dial(void *state, const char *address)
{
    struct stream *self = state;

    self->base.fd = tni_serial_open_line(self->line, self->base.host, address);
    if (self->base.fd < 0)
        return self->base.fd;
    send_mark(self->base.fd, TNI_SERIAL_BEGIN, self->name);
    return -EINPROGRESS;
}

/* If both sides connect, each hears the other begin, which is as good as an answer. */
static int go_on(struct stream *self)
{
    uint8_t byte, data;
    ssize_t size;

    while ((size = read(self->base.fd, &byte, 1)) == 1) {
        int what = tni_serial_take(&self->reader, byte, &data);

        if (what == TNI_SERIAL_RESET)
            send_mark(self->base.fd, TNI_SERIAL_BEGIN, self->name);
        if (what == TNI_SERIAL_BEGIN ||
            (what == TNI_SERIAL_ANSWER && names(&self->reader, self->name))) {
            set_up(self, what == TNI_SERIAL_BEGIN ? tni_serial_name(&self->reader) : NULL);
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

    for (size_t i = 0; i < size && !self->has_ended; i++) {
        int what = tni_serial_take(&self->reader, bytes[i], &bytes[used]);

        used += what == TNI_SERIAL_DATA;
        self->has_ended = what == TNI_SERIAL_RESET ||
                          (what == TNI_SERIAL_BEGIN && !names(&self->reader, self->peer));
    }
    return used;
}

/* Until the room is full or the line is empty: less than was asked for means that it is. */
static ssize_t fill(struct stream *self, const struct iovec *iov)
{
    struct iovec room = *iov;
    ssize_t size = 0;

    while (room.iov_len > 0 && !self->has_ended) {
        size_t used;

        size = tn_sys_readv(self->base.fd, &room, 1);
        if (size <= 0)
            break;
        used = decode(self, room.iov_base, (size_t)size);
        room.iov_base = (uint8_t *)room.iov_base + used;
        room.iov_len -= used;
    }
    if (room.iov_len < iov->iov_len)
        return (ssize_t)(iov->iov_len - room.iov_len);
    if (self->has_ended)
        return self->base.host->set_error(self->base.host, -ECONNRESET,
                                          "serial://%s: the peer has begun anew",
                                          self->base.address);
    return size;
}

static ssize_t serial_readv(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    ssize_t total = 0, size = 0;

    for (int i = 0; i < count && (size_t)size == (i ? iov[i - 1].iov_len : 0); i++) {
        size = fill(self, &iov[i]);
        total += size > 0 ? size : 0;
    }
    /* Nothing more comes of the line that would announce it. */
    if (self->has_ended && total > 0)
        self->base.host->stream_ready(self->base.stream, TN_READY_RX);
    return total == 0 ? size : total;
}

static ssize_t serial_writev(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    uint8_t out[2 * CHUNK];
    int kept = errno, i = 0;
    size_t size, done;
    ssize_t taken;

    while (i < count - 1 && iov[i].iov_len == 0)
        i++;
    size = iov[i].iov_len < CHUNK ? iov[i].iov_len : CHUNK;
    taken =
        write(self->base.fd, out, tni_serial_escape(self->is_escaping, iov[i].iov_base, size, out));
    if (taken <= 0) {
        taken = taken < 0 && errno != EINTR ? tn_sys_code(errno) : -EAGAIN;
        errno = kept;
        return taken;
    }
    done = tni_serial_taken(out, (size_t)taken, &self->is_escaping);
    return done ? (ssize_t)done : -EAGAIN;
}

static void serial_close(void *state)
{
    struct stream *self = state;

    if (self->is_up)
        send_mark(self->base.fd, TNI_SERIAL_RESET, nobody);
    if (self->is_ours) {
        pthread_mutex_lock(&self->line->all->lock);
        tni_serial_end_use(self->line, self->base.fd);
        pthread_mutex_unlock(&self->line->all->lock);
    }
    tn_sys_close(&self->base.fd);
}

/* ---- the module ---- */

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    tn_module_state_t *state = host->alloc(sizeof *state);

    if (!state)
        return host->set_error(host, -ENOMEM, "serial: out of memory");
    pthread_mutex_init(&state->lock, NULL); /* of the usual kind: it cannot fail */
    *out_state = state;
    return 0;
}

static void fini(const tn_host_t *host, tn_module_state_t *state)
{
    pthread_mutex_destroy(&state->lock);
    host->free(state);
}

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(struct stream),
    .listener_state = sizeof(struct listener),
    .endpoint_state = sizeof(struct tni_serial_line),
    .check = tni_serial_check,
    .prepare = tni_serial_prepare,
    .listen = serial_listen,
    .listener_fd = serial_listener_fd,
    .accept = serial_accept,
    .unlisten = serial_unlisten,
    .open = serial_open,
    .dial = serial_dial,
    .established = serial_established,
    .readv = serial_readv,
    .writev = serial_writev,
    .fd = tn_sys_stream_fd,
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
    TN_MODULE_HEAD("serial"),
    .version = "0.1.0",
    .license = "MIT",
    .summary = "serial:///dev/ttyS0?baud=115200",
    .features = features,
    .init = init,
    .fini = fini,
};

struct tn_module_state *tni_serial_state(const tn_host_t *host)
{
    return host->module_state(host, &serial_LTX_tenon_module_v1);
}
