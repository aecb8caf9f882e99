#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "stream.h"

/* ------------------------------------------------------------------ down: records to the stream below */

/* What `code` means for the connection below. */
static int lower_failed(struct tni_tls_stream *self, int code)
{
    self->lower_code = code;
    return code;
}

static void give_tx(struct tni_tls_stream *self)
{
    self->host->free(self->tx);
    self->tx = NULL;
    self->tx_at = self->tx_end = 0;
}

int tni_tls_bio_flush(struct tni_tls_stream *self)
{
    while (self->tx) {
        struct iovec piece = {.iov_base = self->tx + self->tx_at,
                              .iov_len = self->tx_end - self->tx_at};
        ssize_t done;

        if (self->lower_code < 0)
            return self->lower_code;
        done = self->host->stream_writev(self->lower, &piece, 1);
        if (done == -EAGAIN)
            return -EAGAIN;
        if (done < 0)
            return lower_failed(self, (int)done);
        self->tx_at += (size_t)done;
        if (self->tx_at == self->tx_end)
            give_tx(self);
    }
    return 0;
}

static bool hold(struct tni_tls_stream *self, const char *bytes, size_t size)
{
    if (!self->tx)
        self->tx = self->host->alloc(TLS_TX_ROOM);
    if (!self->tx) {
        lower_failed(self, self->host->set_error(self->host, -ENOMEM,
                                                 "tls: out of memory for what the peer cannot take "
                                                 "yet"));
        return false;
    }
    memcpy(self->tx + self->tx_end, bytes, size);
    self->tx_end += size;
    return true;
}

/* Until the stream below has taken all, or has said that it will tell when it takes more. */
static ssize_t put_direct(struct tni_tls_stream *self, const char *bytes, size_t size)
{
    size_t total = 0;

    while (total < size) {
        struct iovec piece = {.iov_base = (void *)(uintptr_t)(bytes + total),
                              .iov_len = size - total};
        ssize_t done = self->host->stream_writev(self->lower, &piece, 1);

        if (done == -EAGAIN)
            break;
        if (done < 0)
            return lower_failed(self, (int)done);
        total += (size_t)done;
    }
    return (ssize_t)total;
}

/* As much as can be had: what the stream below refuses is held, as far as there is room. */
static ssize_t put(struct tni_tls_stream *self, const char *bytes, size_t size)
{
    size_t room = TLS_TX_ROOM - self->tx_end;
    ssize_t direct = 0;

    if (self->lower_code < 0)
        return -1;
    if (!self->tx)
        direct = put_direct(self, bytes, size);
    if (direct < 0)
        return -1;
    if (size - (size_t)direct < room)
        room = size - (size_t)direct;
    if (room > 0 && !hold(self, bytes + direct, room))
        return -1;
    return direct + (ssize_t)room;
}

static int bio_write(BIO *bio, const char *bytes, size_t size, size_t *out_done)
{
    struct tni_tls_stream *self = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    done = put(self, bytes, size);
    if (done == 0)
        BIO_set_retry_write(bio);
    *out_done = done > 0 ? (size_t)done : 0;
    return done > 0;
}

/* ------------------------------------------------------------------ up: records from the stream below */

static void give_rx(struct tni_tls_stream *self)
{
    tni_tls_endpoint_give_buffer(self->endpoint, self->rx);
    self->rx = NULL;
    self->rx_at = self->rx_end = 0;
}

/* 1: there are bytes; 0: not now; -1: the end, or a failure. */
static int fill(struct tni_tls_stream *self)
{
    struct iovec room;
    ssize_t got;

    if (self->lower_code < 0 || self->is_at_end)
        return -1;
    if (!self->rx)
        self->rx = tni_tls_endpoint_take_buffer(self->endpoint);
    if (!self->rx) {
        lower_failed(self, self->host->set_error(self->host, -ENOMEM,
                                                 "tls: out of memory for what the peer sends"));
        return -1;
    }
    room = (struct iovec){.iov_base = self->rx, .iov_len = TLS_RX_ROOM};
    got = self->host->stream_readv(self->lower, &room, 1);
    if (got > 0) {
        self->rx_at = 0;
        self->rx_end = (size_t)got;
        return 1;
    }
    give_rx(self);
    if (got == -EAGAIN)
        return 0;
    if (got == 0)
        self->is_at_end = true;
    else
        lower_failed(self, (int)got);
    return -1;
}

int tni_tls_bio_await(struct tni_tls_stream *self)
{
    return self->rx_at == self->rx_end ? fill(self) : 1;
}

static int bio_read(BIO *bio, char *out, size_t size, size_t *out_done)
{
    struct tni_tls_stream *self = BIO_get_data(bio);
    int rc;

    BIO_clear_retry_flags(bio);
    *out_done = 0;
    rc = tni_tls_bio_await(self);
    if (rc <= 0) {
        if (rc == 0)
            BIO_set_retry_read(bio);
        return 0;
    }
    if (size > self->rx_end - self->rx_at)
        size = self->rx_end - self->rx_at;
    memcpy(out, self->rx + self->rx_at, size);
    self->rx_at += size;
    if (self->rx_at == self->rx_end)
        give_rx(self);
    *out_done = size;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const struct tni_tls_stream *self = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    case BIO_CTRL_EOF:
        return self->is_at_end;
    case BIO_CTRL_PENDING:
        return (long)(self->rx_end - self->rx_at);
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ the method */

BIO_METHOD *tni_tls_bio_method_new(void)
{
    int type = BIO_get_new_index();
    BIO_METHOD *method =
        type < 0 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "stream of Tenon");

    if (method && BIO_meth_set_write_ex(method, bio_write) &&
        BIO_meth_set_read_ex(method, bio_read) && BIO_meth_set_ctrl(method, bio_ctrl))
        return method;
    BIO_meth_free(method);
    return NULL;
}

bool tni_tls_bio_attach(struct tni_tls_stream *self, const BIO_METHOD *method)
{
    BIO *bio = BIO_new(method);

    if (!bio)
        return false;
    BIO_set_data(bio, self);
    BIO_set_init(bio, 1);
    SSL_set_bio(self->ssl, bio, bio);
    return true;
}
