/*
 * The glue between OpenSSL's connections and a stream, under whatever the stream below and the core may do,
 * with a stand-in for OpenSSL's connections (ssl_cheap.h). Octets are checked to come out as they went in, in
 * their order, and nobody waits for what nobody will tell him.
 *
 * An input: one octet for the kind of the endpoint, then operations (enum operation) with their arguments.
 */
#include "tls.h"

#include "ssl_cheap.h"
#include "transports/tls/stream.h"

enum { KINDS = 4, QUEUE = 96 * 1024, PIECES = 4, EVERYTHING = 255, PERIOD = 65521, CUTS = 64 };

enum operation {
    PEER_SENDS, /* size, 2 octets: so much data */
    PEER_RECORD, /* kind, size of 1 octet, body */
    PEER_NOISE, /* size of 1 octet, body: no record */
    GIVE, /* so many octets may be read below; 255: all */
    TAKE, /* so many hundred may be written; 255: all */
    PIECE, /* at most so many octets in each of the next CUTS calls below; 255: all */
    END, /* of the stream below, after what is there */
    BREAK, /* the stream below fails, with one of some codes */
    HANDSHAKE,
    READ, /* number of pieces, and their sizes */
    WRITE, /* the same */
    FLUSH,
    NO_MEMORY, /* the n-th allocation from here */
    CLOSE_NOW,
    OPERATIONS,
};

struct tn_stream {
    const uint8_t *data; /* the input */
    size_t left;
    uint8_t queue[QUEUE]; /* from the peer */
    size_t queue_at, queue_end;
    size_t give, take, piece;
    int cuts; /* calls for which `piece` holds */
    bool has_ended;
    int broken;
    bool is_read_told, is_write_told; /* the last call said -EAGAIN: whoever waits will be told */
    bool is_closing; /* the peer has closed in good order */
    bool is_odd; /* the peer has sent something else than data */
    size_t peer_sent, we_read; /* octets of data */
    size_t we_wrote, peer_got;
    uint8_t head[CHEAP_HEAD]; /* of the record that we are sending */
    size_t head_size, body_left, in_record;
    bool is_up;
    bool is_owed; /* a read waits for a write, and is told when it may go on */
    unsigned readies; /* so far, then */
};

static void *endpoints[KINDS];
static uint8_t pattern[PERIOD + QUEUE];
static const struct tls_kind kinds[KINDS] = {
    {.is_server = true, .version = "1.3"},
    {.version = "1.3"},
    {.is_server = true, .verifies = true, .version = "1.2"},
    {.verifies = true, .version = "1.2"},
};

/* Data is such that octets tell their place: for as many as anybody moves in one step, from here. */
static const uint8_t *octets_at(size_t place)
{
    return pattern + place % PERIOD;
}

/* ------------------------------------------------------------------ arguments */

static unsigned octet(tn_stream_t *stream)
{
    if (!stream->left)
        return 0;
    stream->left--;
    return *stream->data++;
}

static size_t amount(unsigned number, size_t unit)
{
    return number == EVERYTHING ? SIZE_MAX : number * unit;
}

/* ------------------------------------------------------------------ the stream below */

static size_t allowed(tn_stream_t *stream, size_t size, size_t limit)
{
    if (size > limit)
        size = limit;
    if (size <= stream->piece || stream->cuts == 0)
        return size;
    stream->cuts--;
    return stream->piece;
}

static void use(size_t *limit, size_t size)
{
    if (*limit != SIZE_MAX)
        *limit -= size;
}

static ssize_t tls_lower_readv(tn_stream_t *stream, const struct iovec *iov, int count)
{
    size_t size = stream->queue_end - stream->queue_at;

    (void)count;
    CHECK(iov[0].iov_len > 0);
    if (stream->broken)
        return stream->broken;
    if (size == 0 && stream->has_ended)
        return 0;
    size = allowed(stream, size < iov[0].iov_len ? size : iov[0].iov_len, stream->give);
    stream->is_read_told = size == 0;
    if (size == 0)
        return -EAGAIN;
    memcpy(iov[0].iov_base, stream->queue + stream->queue_at, size);
    stream->queue_at += size;
    use(&stream->give, size);
    return (ssize_t)size;
}

/* What the peer makes of some octets of ours; returns how many it has dealt with. */
static size_t hear(tn_stream_t *stream, const uint8_t *bytes, size_t size)
{
    if (stream->head_size < CHEAP_HEAD) {
        size = 1;
        stream->head[stream->head_size++] = *bytes;
        stream->body_left = stream->head[1] * 256U + stream->head[2];
    } else {
        size = size < stream->body_left ? size : stream->body_left;
        if (stream->head[0] == CHEAP_DATA)
            CHECK(memcmp(bytes, octets_at(stream->peer_got + stream->in_record), size) == 0);
        stream->in_record += stream->head[0] == CHEAP_DATA ? size : 0;
        stream->body_left -= size;
    }
    /* A record counts when it is whole. */
    if (stream->head_size == CHEAP_HEAD && stream->body_left == 0) {
        stream->peer_got += stream->in_record;
        stream->head_size = stream->in_record = 0;
    }
    return size;
}

static ssize_t tls_lower_writev(tn_stream_t *stream, const struct iovec *iov, int count)
{
    size_t size = allowed(stream, iov[0].iov_len, stream->take);

    (void)count;
    CHECK(iov[0].iov_len > 0);
    if (stream->broken)
        return stream->broken;
    stream->is_write_told = size == 0;
    if (size == 0)
        return -EAGAIN;
    for (size_t at = 0; at < size;)
        at += hear(stream, (const uint8_t *)iov[0].iov_base + at, size - at);
    use(&stream->take, size);
    return (ssize_t)size;
}

/* ------------------------------------------------------------------ the peer */

/* Room for a record's head and `size` more, or NULL. */
static uint8_t *room_for(tn_stream_t *stream, size_t size)
{
    return size + CHEAP_HEAD <= QUEUE - stream->queue_end ? stream->queue + stream->queue_end
                                                          : NULL;
}

static void peer_sends(tn_stream_t *stream)
{
    size_t size = octet(stream) * 256U;
    uint8_t *room;

    size = (size + octet(stream)) % (CHEAP_BODY_MAX + 1);
    room = room_for(stream, size);
    if (!room || stream->is_closing)
        return;
    stream->queue_end += ssl_cheap_record(room, CHEAP_DATA, NULL, 0) + size;
    room[1] = (uint8_t)(size >> 8);
    room[2] = (uint8_t)size;
    memcpy(room + CHEAP_HEAD, octets_at(stream->peer_sent), size);
    stream->peer_sent += size;
}

static void peer_bytes(tn_stream_t *stream, bool is_record)
{
    enum ssl_cheap_kind kind = is_record ? octet(stream) % 9 : 0;
    size_t size = octet(stream);
    uint8_t *room = room_for(stream, size);

    if (size > stream->left)
        size = stream->left;
    /* Data that is not ours to check, and what follows a good end. */
    if (!room || kind == CHEAP_DATA || stream->is_closing)
        return;
    if (is_record) {
        stream->queue_end += ssl_cheap_record(room, kind, stream->data, size);
    } else {
        memcpy(room, stream->data, size);
        stream->queue_end += size;
    }
    stream->is_closing = is_record && kind == CHEAP_CLOSE;
    stream->is_odd = stream->is_odd || !is_record;
    stream->data += size;
    stream->left -= size;
}

/* ------------------------------------------------------------------ the core */

/* Whoever must wait is told when to go on, by the stream below. */
static void check_wait(const struct tni_tls_stream *self, const tn_stream_t *stream)
{
    CHECK(stream->is_read_told || self->tx);
    CHECK(!self->tx || stream->is_write_told);
}

static int shake(struct tni_tls_stream *self, tn_stream_t *stream)
{
    int rc;

    if (stream->is_up)
        return 0;
    stream->is_read_told = false;
    rc = tls_ops()->handshake(self);
    CHECK(rc <= 0);
    if (rc == -EINPROGRESS) {
        check_wait(self, stream);
        return 0;
    }
    stream->is_up = rc == 0;
    if (rc == 0 && self->endpoint->settings.verify && !self->endpoint->settings.is_server)
        CHECK(SSL_get0_peer_certificate(self->ssl) &&
              SSL_get_verify_result(self->ssl) == X509_V_OK);
    if (rc == 0 && self->endpoint->settings.client_auth == TLS_CLIENT_AUTH_REQUIRED)
        CHECK(SSL_get0_peer_certificate(self->ssl) &&
              SSL_get_verify_result(self->ssl) == X509_V_OK);
    return rc;
}

/* Up to PIECES pieces of exactly their sizes; returns how many, and what they hold together. */
static int make_pieces(tn_stream_t *stream, struct iovec pieces[PIECES], size_t *out_size)
{
    int count = 1 + (int)(octet(stream) % PIECES);

    *out_size = 0;
    for (int i = 0; i < count; i++) {
        size_t number = octet(stream);
        size_t size = number < 200 ? number : (number - 200) * 512;

        pieces[i] = (struct iovec){.iov_base = malloc(size ? size : 1), .iov_len = size};
        CHECK(pieces[i].iov_base);
        *out_size += size;
    }
    return count;
}

static void free_pieces(struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++)
        free(pieces[i].iov_base);
}

static int read_some(struct tni_tls_stream *self, tn_stream_t *stream)
{
    struct iovec pieces[PIECES];
    size_t room, left;
    int count = make_pieces(stream, pieces, &room);
    ssize_t got = -EAGAIN;

    stream->is_read_told = false;
    if (room)
        got = tls_ops()->readv(self, pieces, count);
    CHECK(got <= (ssize_t)room);
    left = got > 0 ? (size_t)got : 0;
    CHECK(left <= stream->peer_sent - stream->we_read || stream->is_odd);
    for (int i = 0; i < count && left; i++) {
        size_t size = left < pieces[i].iov_len ? left : pieces[i].iov_len;

        CHECK(stream->is_odd || memcmp(pieces[i].iov_base, octets_at(stream->we_read), size) == 0);
        stream->we_read += size;
        left -= size;
    }
    free_pieces(pieces, count);
    if (got == -EAGAIN && room)
        check_wait(self, stream);
    if (room) {
        stream->is_owed = got == -EAGAIN && !stream->is_read_told;
        stream->readies = tls.readies;
    }
    /* The end in good order is one, and comes after everything else. */
    if (got == 0)
        CHECK(stream->is_odd || (stream->is_closing && stream->we_read == stream->peer_sent));
    return got > 0 || got == -EAGAIN ? 0 : -1;
}

static int write_some(struct tni_tls_stream *self, tn_stream_t *stream)
{
    struct iovec pieces[PIECES];
    size_t size, at = stream->we_wrote;
    int count = make_pieces(stream, pieces, &size);
    ssize_t done;

    for (int i = 0; i < count; i++) {
        memcpy(pieces[i].iov_base, octets_at(at), pieces[i].iov_len);
        at += pieces[i].iov_len;
    }
    done = size ? tls_ops()->writev(self, pieces, count) : -EAGAIN;
    free_pieces(pieces, count);
    CHECK(done <= (ssize_t)size && done != 0);
    if (done > 0)
        stream->we_wrote += (size_t)done;
    CHECK(stream->peer_got <= stream->we_wrote);
    if (done == -EAGAIN && size)
        CHECK(self->tx);
    CHECK(!self->tx || stream->is_write_told || stream->broken);
    return done > 0 || done == -EAGAIN ? 0 : -1;
}

static int flush(struct tni_tls_stream *self, tn_stream_t *stream)
{
    int rc = tls_ops()->flush(self);

    CHECK(rc <= 0);
    if (rc == 0)
        CHECK(!self->tx && stream->peer_got == stream->we_wrote);
    if (rc == 0 && stream->is_owed) {
        CHECK(tls.readies > stream->readies);
        stream->is_owed = false;
    }
    return rc == -EAGAIN ? 0 : rc;
}

/* ------------------------------------------------------------------ one input */

static void below(tn_stream_t *stream, enum operation operation)
{
    static const int codes[] = {-ECONNRESET, -EPIPE, -ETIMEDOUT, -ENOMEM};

    switch (operation) {
    case PEER_SENDS:
        peer_sends(stream);
        break;
    case PEER_RECORD:
    case PEER_NOISE:
        peer_bytes(stream, operation == PEER_RECORD);
        break;
    case GIVE:
        stream->give = amount(octet(stream), 1);
        break;
    case TAKE:
        stream->take = amount(octet(stream), 100);
        break;
    case PIECE:
        stream->piece = 1 + amount(octet(stream), 1) / 2;
        stream->cuts = CUTS;
        break;
    case END:
        stream->has_ended = true;
        break;
    case BREAK:
        stream->broken = codes[octet(stream) % 4];
        break;
    default:
        tls.fail_in = 1 + (int)octet(stream) % 4;
        break;
    }
}

static int operate(struct tni_tls_stream *self, tn_stream_t *stream)
{
    enum operation operation = octet(stream) % OPERATIONS;

    switch (operation) {
    case CLOSE_NOW:
        return -1;
    case HANDSHAKE:
        return shake(self, stream);
    case READ:
        return stream->is_up ? read_some(self, stream) : 0;
    case WRITE:
        return stream->is_up ? write_some(self, stream) : 0;
    case FLUSH:
        return stream->is_up ? flush(self, stream) : 0;
    default:
        below(stream, operation);
        return 0;
    }
}

static void set_up(void)
{
    tls_set_up();
    ssl_cheap_certificate = tls.certificate;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i % PERIOD * 167 + (i % PERIOD >> 8));
    for (int i = 0; i < KINDS; i++)
        endpoints[i] = tls_prepare(&kinds[i]);
}

/* The stream is large, and only its queue is: that needs no zeros. */
static void begin(tn_stream_t *stream, const uint8_t *data, size_t size)
{
    stream->data = data;
    stream->left = size;
    stream->queue_at = stream->queue_end = 0;
    memset(&stream->give, 0, sizeof *stream - offsetof(tn_stream_t, give));
    stream->give = stream->take = stream->piece = SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tn_stream_t stream;
    static struct tni_tls_stream self;
    unsigned kind;
    long before;

    if (!tls.certificate)
        set_up();
    begin(&stream, data, size);
    kind = octet(&stream);
    tls.endpoint = endpoints[kind % KINDS];
    if (kind & 128) /* a peer that shows what it is asked for */
        stream.queue_end += ssl_cheap_record(stream.queue, CHEAP_HELLO, "\1", 1);
    if (kind & 64) /* the program's own error, which is none of ours */
        ERR_raise(ERR_LIB_USER, 5);
    memset(&self, 0, sizeof self);
    before = tls.balance;
    CHECK(tls_ops()->open(&self, &stream, &tls.host, 1, "host.test:1") == 0);
    while (stream.left && operate(&self, &stream) == 0)
        ;
    tls_ops()->close(&self);
    tls.fail_in = 0;
    /* The endpoint keeps one buffer for the next. */
    CHECK(tls.balance <= before + 1);
    CHECK(ERR_GET_REASON(ERR_peek_last_error()) == (kind & 64 ? 5 : 0));
    ERR_clear_error();
    return 0;
}
