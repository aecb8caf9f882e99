/*
 * The glue between OpenSSL and a stream: bytes from a peer into the layer, in both roles, over a lower
 * stream that gives and takes them in any pieces. First octet: bit 0 the role, bit 1 whether a true peer
 * shakes hands first, bit 2 TLS 1.2; second: the size of the pieces. With a true peer each further pair of
 * octets turns a byte of what it sends, and its own messages go through as well.
 */
#include "tls.h"

enum { STEPS = 64, ROOM = 4096 };

struct tn_stream {
    const uint8_t *data; /* what the peer says, where there is no true one */
    size_t left, piece;
    bool is_refusing; /* every other call */
    SSL *peer; /* over two memory BIOs, or NULL */
    BIO *to_peer, *from_peer;
    size_t sent; /* bytes of the peer so far */
    const uint8_t *turns;
    size_t turn_count;
};

static void *endpoints[2][2]; /* by role, by version */
static SSL_CTX *peers[2]; /* by role */

/* ------------------------------------------------------------------ the stream below */

static bool refuses(tn_stream_t *stream)
{
    stream->is_refusing = !stream->is_refusing;
    return stream->is_refusing && stream->piece % 2;
}

static void turn(tn_stream_t *stream, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 1 < stream->turn_count; i += 2) {
        size_t at = (size_t)stream->turns[i] * 8;

        if (at >= stream->sent && at < stream->sent + size)
            bytes[at - stream->sent] ^= stream->turns[i + 1];
    }
    stream->sent += size;
}

static ssize_t tls_lower_readv(tn_stream_t *stream, const struct iovec *iov, int count)
{
    size_t size = iov[0].iov_len < stream->piece ? iov[0].iov_len : stream->piece;
    int got;

    (void)count;
    if (refuses(stream))
        return -EAGAIN;
    if (stream->peer) {
        got = BIO_read(stream->from_peer, iov[0].iov_base, (int)size);
        if (got <= 0)
            return -EAGAIN;
        turn(stream, iov[0].iov_base, (size_t)got);
        return got;
    }
    if (size > stream->left)
        size = stream->left;
    memcpy(iov[0].iov_base, stream->data, size);
    stream->data += size;
    stream->left -= size;
    return (ssize_t)size;
}

static ssize_t tls_lower_writev(tn_stream_t *stream, const struct iovec *iov, int count)
{
    size_t size = iov[0].iov_len < stream->piece ? iov[0].iov_len : stream->piece;

    (void)count;
    if (refuses(stream))
        return -EAGAIN;
    if (stream->peer)
        BIO_write(stream->to_peer, iov[0].iov_base, (int)size);
    return (ssize_t)size;
}

/* ------------------------------------------------------------------ set up once */

static void set_up(void)
{
    tls_set_up();
    for (int role = 0; role < 2; role++) {
        peers[role] = SSL_CTX_new(role ? TLS_client_method() : TLS_server_method());
        SSL_CTX_use_certificate(peers[role], tls.certificate);
        SSL_CTX_use_PrivateKey(peers[role], tls.key);
        for (int old = 0; old < 2; old++) {
            struct tls_kind kind = {.is_server = role, .version = old ? "1.2" : "1.3"};

            endpoints[role][old] = tls_prepare(&kind);
        }
    }
}

/* ------------------------------------------------------------------ one input */

static void begin_peer(struct tn_stream *stream, bool is_server)
{
    stream->peer = SSL_new(peers[is_server]);
    stream->to_peer = BIO_new(BIO_s_mem());
    stream->from_peer = BIO_new(BIO_s_mem());
    SSL_set_bio(stream->peer, stream->to_peer, stream->from_peer);
    if (is_server)
        SSL_set_connect_state(stream->peer);
    else
        SSL_set_accept_state(stream->peer);
}

static void peer_turn(struct tn_stream *stream)
{
    char buffer[256];

    if (!stream->peer)
        return;
    if (SSL_do_handshake(stream->peer) == 1) {
        SSL_write(stream->peer, "\0\5hello", 7);
        while (SSL_read(stream->peer, buffer, sizeof buffer) > 0)
            ;
    }
    ERR_clear_error();
}

/* As the core would: handshake until it is done, then read and write. */
static void drive(void *state, struct tn_stream *stream)
{
    static uint8_t room[ROOM];
    struct iovec in[2] = {{room, 100}, {room + 100, ROOM - 100}};
    struct iovec out[3] = {{room, 10}, {room, 0}, {room, 3000}};
    int rc = -EINPROGRESS;
    ssize_t got;

    for (int i = 0; i < STEPS && rc == -EINPROGRESS; i++) {
        peer_turn(stream);
        rc = tls_ops()->handshake(state);
        CHECK(rc <= 0);
    }
    for (int i = 0; i < STEPS && rc == 0; i++) {
        peer_turn(stream);
        got = tls_ops()->readv(state, in, 2);
        CHECK(got <= ROOM);
        if (got == 0 || (got < 0 && got != -EAGAIN))
            break;
        got = tls_ops()->writev(state, out, 3);
        CHECK(got <= 3010);
        if (got < 0 && got != -EAGAIN)
            break;
        got = tls_ops()->flush(state);
        if (got < 0 && got != -EAGAIN)
            break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_stream stream = {0};
    void *state;
    long before;

    if (!tls.certificate)
        set_up();
    if (size < 2)
        return 0;
    tls.endpoint = endpoints[data[0] & 1][data[0] >> 2 & 1];
    stream.piece = data[1] ? (size_t)data[1] * (data[0] & 8 ? 1 : 64) : 1;
    stream.data = stream.turns = data + 2;
    stream.left = stream.turn_count = size - 2;
    if (data[0] & 2)
        begin_peer(&stream, data[0] & 1);
    state = calloc(1, tls_ops()->stream_state);
    before = tls.balance;
    CHECK(tls_ops()->open(state, &stream, &tls.host, 1, "host.test:1") == 0);
    drive(state, &stream);
    tls_ops()->close(state);
    /* The endpoint keeps one buffer for the next. */
    CHECK(tls.balance <= before + 1);
    CHECK(ERR_peek_error() == 0);
    free(state);
    SSL_free(stream.peer);
    return 0;
}
