#include "stream.h"

#include <errno.h>
#include <string.h>

int tni_tls_stream_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                        const char *address)
{
    struct tni_tls_stream *self = state;

    (void)role;
    (void)address;
    self->host = host;
    self->stream = stream;
    self->lower = host->stream_lower(stream);
    self->endpoint = host->stream_endpoint(stream);
    return 0;
}

static int exiting(const struct tni_tls_stream *self)
{
    return self->host->set_error(self->host, -ECANCELED, "tls: the process is exiting");
}

/* ------------------------------------------------------------------ the handshake */

static int begin(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    self->ssl = tni_tls_endpoint_connection(self->endpoint, guard);
    if (!self->ssl)
        return -ENOMEM;
    if (SSL_set_app_data(self->ssl, self) &&
        tni_tls_bio_attach(self, tni_tls_module_state(self->host)->bio))
        return 0;
    SSL_free(self->ssl);
    self->ssl = NULL;
    return self->host->set_error(self->host, -ENOMEM, "tls: out of memory for a connection");
}

/* A call of OpenSSL that did not succeed: -EAGAIN, or what ended the connection. */
static int outcome(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    if (!tni_guard_has_error(guard) && self->lower_code == 0) {
        if (SSL_want_read(self->ssl) && !self->is_at_end)
            return -EAGAIN;
        if (SSL_want_write(self->ssl))
            return -EAGAIN;
    }
    return tni_tls_stream_failure(self, guard);
}

/* OpenSSL takes 50 KiB for a handshake: a client that says nothing does not get them. */
static int await_client(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    int rc = tni_tls_bio_await(self);

    if (rc == 0)
        return -EINPROGRESS;
    return rc < 0 ? tni_tls_stream_failure(self, guard) : 0;
}

static int handshake(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    int rc = 0;

    if (!self->ssl && self->endpoint->settings.is_server)
        rc = await_client(self, guard);
    if (rc == 0 && !self->ssl)
        rc = begin(self, guard);
    if (rc < 0)
        return rc;
    rc = tni_tls_bio_flush(self);
    if (rc < 0 && rc != -EAGAIN)
        return tni_tls_stream_failure(self, guard);
    if (SSL_do_handshake(self->ssl) != 1) {
        rc = outcome(self, guard);
        return rc == -EAGAIN ? -EINPROGRESS : rc;
    }
    rc = tni_tls_stream_identify(self, guard);
    self->is_up = rc == 0;
    return rc;
}

int tni_tls_stream_handshake(void *state)
{
    struct tni_tls_stream *self = state;
    struct tni_guard guard;
    int rc;

    if (!tni_guard_enter(&guard))
        return exiting(self);
    rc = handshake(self, &guard);
    tni_guard_leave(&guard);
    return rc;
}

/* ------------------------------------------------------------------ reading */

/* Bytes, 0 at the end, or a code. */
static ssize_t read_piece(struct tni_tls_stream *self, const struct tni_guard *guard, void *out,
                          size_t size)
{
    size_t done = 0;

    if (SSL_read_ex(self->ssl, out, size, &done) == 1)
        return (ssize_t)done;
    /* The peer's close_notify: the end, in good order. */
    if (!tni_guard_has_error(guard) && (SSL_get_shutdown(self->ssl) & SSL_RECEIVED_SHUTDOWN))
        return 0;
    self->is_read_blocked = SSL_want_write(self->ssl);
    return outcome(self, guard);
}

/* The bytes before the failure are the core's; the failure is for its next call. */
static void keep_failure(struct tni_tls_stream *self, int code)
{
    const char *sentence = self->host->last_error();
    size_t size = strlen(sentence) + 1;

    self->failed = code;
    self->sentence = self->host->alloc(size);
    if (self->sentence)
        memcpy(self->sentence, sentence, size);
}

static ssize_t again_failed(const struct tni_tls_stream *self)
{
    return self->host->set_error(self->host, self->failed, "%s",
                                 self->sentence ? self->sentence : "tls: the connection failed");
}

static ssize_t readv_all(struct tni_tls_stream *self, const struct tni_guard *guard,
                         const struct iovec *iov, int count)
{
    size_t total = 0, at = 0;
    int i = 0;

    if (self->failed)
        return again_failed(self);
    while (i < count) {
        unsigned char *base = iov[i].iov_base;
        ssize_t got;

        if (at == iov[i].iov_len) {
            i++;
            at = 0;
            continue;
        }
        got = read_piece(self, guard, base + at, iov[i].iov_len - at);
        if (got <= 0) {
            if (total == 0)
                return got;
            if (got < 0 && got != -EAGAIN)
                keep_failure(self, (int)got);
            break;
        }
        at += (size_t)got;
        total += (size_t)got;
    }
    return (ssize_t)total;
}

ssize_t tni_tls_stream_readv(void *state, const struct iovec *iov, int count)
{
    struct tni_tls_stream *self = state;
    struct tni_guard guard;
    ssize_t got;

    if (!tni_guard_enter(&guard))
        return exiting(self);
    got = readv_all(self, &guard, iov, count);
    tni_guard_leave(&guard);
    return got;
}

/* ------------------------------------------------------------------ writing */

/* Where in the caller's pieces we are. */
struct cursor {
    const struct iovec *iov;
    int left; /* pieces, this one included */
    size_t at;
};

static void forward(struct cursor *cursor, size_t size)
{
    while (cursor->left > 0) {
        size_t rest = cursor->iov->iov_len - cursor->at;

        if (size < rest) {
            cursor->at += size;
            return;
        }
        size -= rest;
        cursor->iov++;
        cursor->left--;
        cursor->at = 0;
    }
}

/* The next record's bytes: of one piece where they lie, of several small ones put together. */
static const void *gather(const struct cursor *cursor, unsigned char *together, size_t *out_size)
{
    const unsigned char *first = (const unsigned char *)cursor->iov->iov_base + cursor->at;
    size_t rest = cursor->iov->iov_len - cursor->at;
    size_t size = 0;

    if (rest >= TLS_RECORD || cursor->left == 1) {
        *out_size = rest < TLS_RECORD ? rest : TLS_RECORD;
        return first;
    }
    for (int i = 0; i < cursor->left && size < TLS_RECORD; i++) {
        const unsigned char *from = (const unsigned char *)cursor->iov[i].iov_base;
        size_t step = cursor->iov[i].iov_len;

        if (i == 0) {
            from += cursor->at;
            step = rest;
        }
        if (step > TLS_RECORD - size)
            step = TLS_RECORD - size;
        memcpy(together + size, from, step);
        size += step;
    }
    *out_size = size;
    return together;
}

static ssize_t writev_all(struct tni_tls_stream *self, const struct tni_guard *guard,
                          const struct iovec *iov, int count)
{
    unsigned char together[TLS_RECORD];
    struct cursor cursor = {.iov = iov, .left = count};
    size_t total = 0;
    int rc = tni_tls_bio_flush(self);

    forward(&cursor, 0); /* past empty pieces */
    while (rc == 0 && cursor.left > 0) {
        size_t size = 0, done = 0;
        const void *bytes = gather(&cursor, together, &size);

        if (SSL_write_ex(self->ssl, bytes, size, &done) != 1) {
            rc = outcome(self, guard);
            break;
        }
        total += done;
        forward(&cursor, done);
        if (self->tx)
            break;
    }
    if (total > 0)
        return (ssize_t)total;
    return rc;
}

ssize_t tni_tls_stream_writev(void *state, const struct iovec *iov, int count)
{
    struct tni_tls_stream *self = state;
    struct tni_guard guard;
    ssize_t done;

    if (!tni_guard_enter(&guard))
        return exiting(self);
    done = writev_all(self, &guard, iov, count);
    tni_guard_leave(&guard);
    return done;
}

int tni_tls_stream_flush(void *state)
{
    struct tni_tls_stream *self = state;
    int rc = tni_tls_bio_flush(self);

    if (rc == 0 && self->is_read_blocked) {
        self->is_read_blocked = false;
        self->host->stream_ready(self->stream, TN_READY_RX);
    }
    return rc;
}

/* ------------------------------------------------------------------ the end */

/* The peer learns that nothing was cut off, unless it is gone or cannot take a word now. */
static void say_goodbye(struct tni_tls_stream *self, const struct tni_guard *guard)
{
    if (!self->is_up || self->lower_code < 0 || self->failed)
        return;
    if (tni_tls_bio_flush(self) < 0)
        return;
    SSL_shutdown(self->ssl);
    tni_guard_clear(guard);
    tni_tls_bio_flush(self);
}

void tni_tls_stream_close(void *state)
{
    struct tni_tls_stream *self = state;
    struct tni_guard guard;

    if (!tni_guard_enter(&guard))
        return;
    if (self->ssl) {
        say_goodbye(self, &guard);
        SSL_free(self->ssl);
    }
    self->ssl = NULL;
    if (self->rx)
        tni_tls_endpoint_give_buffer(self->endpoint, self->rx);
    self->host->free(self->tx);
    self->host->free(self->sentence);
    self->host->free(self->refused);
    self->rx = self->tx = NULL;
    self->sentence = self->refused = NULL;
    tni_guard_leave(&guard);
}
