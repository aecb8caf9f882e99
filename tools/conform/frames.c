/* Frames after the handshake. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mechanism_cases.h"
#include "parley.h"
#include "parley_host.h"

enum { FORGED = 90, ROOM = (1 << 20) + TN_MECHANISM_OVERHEAD_MAX };

static void begin(struct parley *parley, const struct subject *subject)
{
    parley_begin(parley, subject);
    if (!parley->ops->encode)
        conform_skip("it does not change frames");
}

/* Both ready, and open. */
static void join(struct parley *parley)
{
    CONFORM(parley_open(parley), "it does not open");
    parley_talk(parley);
    CONFORM(parley_is_done(parley), "the handshake does not get done");
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 131 + (i >> 8) * 17 + 7);
}

/* A frame of `from`, into `out`, behind which nothing is. */
static ssize_t seal(struct parley *parley, int from, unsigned flags, size_t size, uint8_t **out)
{
    size_t room = size + parley->ops->overhead;
    uint8_t *body = parley_guarded(0, size);
    ssize_t sealed;

    for (size_t i = 0; i < size; i++)
        body[i] = byte_at(i);
    *out = parley_guarded(1, room);
    sealed = parley->ops->encode(parley->side[from].state, flags, body, size, *out);
    CONFORM(sealed >= 0, "encode refuses a frame of %zu bytes with %zd: %s", size, sealed,
            parley_host_error());
    CONFORM((size_t)sealed <= room, "encode made %zd bytes of %zu; its \"overhead\" is %u", sealed,
            size, parley->ops->overhead);
    return sealed;
}

static int unseal(struct parley *parley, int to, const uint8_t *bytes, size_t size,
                  tn_secret_frame_t *out_frame)
{
    uint8_t *body = parley_guarded(0, size);

    if (size)
        memmove(body, bytes, size);
    *out_frame = (tn_secret_frame_t){.body = body, .size = size};
    return parley->ops->decode(parley->side[to].state, out_frame);
}

static void pass(struct parley *parley, int from, unsigned flags, size_t size)
{
    tn_secret_frame_t frame;
    uint8_t *sealed;
    ssize_t length = seal(parley, from, flags, size, &sealed);
    int rc = unseal(parley, 1 - from, sealed, (size_t)length, &frame);

    CONFORM(rc == 0, "decode refuses what encode made of %zu bytes, with %d: %s", size, rc,
            parley_host_error());
    CONFORM(frame.size == size, "a frame of %zu bytes comes out with %zu", size,
            (size_t)frame.size);
    CONFORM(frame.flags == flags, "a frame with flags %u comes out with %u", flags, frame.flags);
    for (size_t i = 0; i < size; i++)
        CONFORM(frame.body[i] == byte_at(i), "byte %zu of a frame of %zu comes out changed", i,
                size);
}

void conform_run_messages(const struct subject *subject)
{
    static const size_t sizes[] = {0, 1, 2, 31, 32, 255, 256, 4095, 4096, 65536, 1000003, 1 << 20};
    static const unsigned flags[] = {0, TN_FRAME_MORE, TN_FRAME_COMMAND};
    struct parley parley;

    begin(&parley, subject);
    join(&parley);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
                for (int from = 0; from < 2; from++)
                    pass(&parley, from, flags[f], sizes[i]);
    parley_close(&parley);
}

/* ---- frames that nobody made ---- */

/* A fresh conversation, in which one frame of the client is changed. */
static void forge(struct parley *parley, void (*change)(uint8_t *bytes, size_t *size, size_t n),
                  size_t n, const char *how)
{
    uint8_t *sealed, copy[FORGED + TN_MECHANISM_OVERHEAD_MAX + 64];
    tn_secret_frame_t frame;
    size_t size;

    join(parley);
    size = (size_t)seal(parley, 0, 0, FORGED, &sealed);
    memcpy(copy, sealed, size);
    change(copy, &size, n);
    CONFORM(unseal(parley, 1, copy, size, &frame) < 0, "decode takes a frame %s %zu", how, n);
    parley_close(parley);
}

static void cut(uint8_t *bytes, size_t *size, size_t n)
{
    (void)bytes;
    *size = n;
}

static void lengthen(uint8_t *bytes, size_t *size, size_t n)
{
    memset(bytes + *size, 0, n);
    *size += n;
}

static void flip(uint8_t *bytes, size_t *size, size_t n)
{
    (void)size;
    bytes[n / 8] ^= (uint8_t)(1u << n % 8);
}

void conform_run_forged_messages(const struct subject *subject)
{
    struct parley parley;
    uint8_t *sealed;
    size_t size;

    begin(&parley, subject);
    join(&parley);
    size = (size_t)seal(&parley, 0, 0, FORGED, &sealed);
    parley_close(&parley);
    for (size_t n = 0; n < size; n++)
        forge(&parley, cut, n, "that was cut to bytes:");
    for (size_t n = 1; n <= 64; n *= 2)
        forge(&parley, lengthen, n, "that is longer by bytes:");
    for (size_t n = 0; n < 8 * size; n++)
        forge(&parley, flip, n, "with a changed bit, number");
}

void conform_run_replayed_messages(const struct subject *subject)
{
    uint8_t *sealed, first[FORGED + TN_MECHANISM_OVERHEAD_MAX];
    tn_secret_frame_t frame;
    struct parley parley;
    size_t size;

    begin(&parley, subject);
    join(&parley);
    size = (size_t)seal(&parley, 0, 0, FORGED, &sealed);
    memcpy(first, sealed, size);
    CONFORM(unseal(&parley, 1, first, size, &frame) == 0, "decode refuses what encode made");
    CONFORM(unseal(&parley, 1, first, size, &frame) < 0, "decode takes the same frame twice");
    parley_close(&parley);

    join(&parley);
    size = (size_t)seal(&parley, 0, 0, FORGED, &sealed);
    memcpy(first, sealed, size);
    pass(&parley, 0, 0, FORGED);
    CONFORM(unseal(&parley, 1, first, size, &frame) < 0,
            "decode takes a frame after the one that followed it");
    parley_close(&parley);

    join(&parley);
    size = (size_t)seal(&parley, 0, 0, FORGED, &sealed);
    memcpy(first, sealed, size);
    CONFORM(unseal(&parley, 0, first, size, &frame) < 0, "decode takes its own side's frame");
    parley_close(&parley);

    join(&parley);
    CONFORM(unseal(&parley, 1, first, size, &frame) < 0,
            "decode takes a frame of another connection");
    parley_close(&parley);
}
