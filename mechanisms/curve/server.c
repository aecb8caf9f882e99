#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "curve.h"

/* ------------------------------------------------------------------ HELLO and WELCOME */

static int take_hello(struct curve *curve, const uint8_t *command, size_t size)
{
    static const uint8_t zeros[64];
    uint8_t nonce[CURVE_NONCE], text[64];

    if (size != CURVE_HELLO_SIZE)
        return curve_fail(curve, TN_FAULT_HELLO, "a HELLO of a wrong size");
    if (command[6] != 1 || command[7] != 0)
        return curve_fail(curve, TN_FAULT_HELLO, "a HELLO of an unknown version");
    if (!sodium_is_zero(command + 8, 72))
        return curve_fail(curve, TN_FAULT_HELLO, "a HELLO whose padding is not zero");
    memcpy(curve->peer_short, command + 80, CURVE_KEY);
    curve->seen_nonce = curve_get_number(command + 112);
    curve_short_nonce(nonce, "CurveZMQHELLO---", curve->seen_nonce);
    if (!curve_share(curve->hello_key, curve->peer_short, curve->endpoint->secret))
        return curve_fail(curve, TN_FAULT_KEY_EXCHANGE, "a HELLO with a key that is none");
    if (!curve_unbox(text, command + 120, 80, nonce, curve->hello_key) ||
        sodium_memcmp(text, zeros, sizeof text) != 0)
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC,
                          "a HELLO that does not open: it does not have our public key");
    curve->step = CURVE_SEND_WELCOME;
    return 0;
}

/* The peer gives it back with its INITIATE: C' and s', which nobody but us can have put together. */
static void build_cookie(struct curve *curve, uint8_t out[CURVE_COOKIE])
{
    uint8_t text[2 * CURVE_KEY], nonce[CURVE_NONCE];

    memcpy(text, curve->peer_short, CURVE_KEY);
    memcpy(text + CURVE_KEY, curve->short_secret, CURVE_KEY);
    randombytes_buf(curve->cookie_key, CURVE_KEY);
    randombytes_buf(out, CURVE_LONG_NONCE);
    curve_long_nonce(nonce, "COOKIE--", out);
    crypto_secretbox_easy(out + CURVE_LONG_NONCE, text, sizeof text, nonce, curve->cookie_key);
    sodium_memzero(text, sizeof text);
}

static ssize_t build_welcome(struct curve *curve, uint8_t *out, size_t capacity)
{
    uint8_t text[CURVE_KEY + CURVE_COOKIE], nonce[CURVE_NONCE];

    if (capacity < CURVE_WELCOME_SIZE)
        return -EMSGSIZE;
    memcpy(text, curve->short_public, CURVE_KEY);
    build_cookie(curve, text + CURVE_KEY);
    memcpy(out, "\7WELCOME", 8);
    randombytes_buf(out + 8, CURVE_LONG_NONCE);
    curve_long_nonce(nonce, "WELCOME-", out + 8);
    curve_box(out + 24, text, sizeof text, nonce, curve->hello_key);
    curve->welcomed_ms = curve->host->clock_ms();
    curve->step = CURVE_AWAIT_INITIATE;
    return CURVE_WELCOME_SIZE;
}

/* ------------------------------------------------------------------ INITIATE and READY */

static bool is_our_cookie(struct curve *curve, const uint8_t *cookie)
{
    uint8_t text[2 * CURVE_KEY], nonce[CURVE_NONCE];
    bool is_ours;

    curve_long_nonce(nonce, "COOKIE--", cookie);
    is_ours =
        crypto_secretbox_open_easy(text, cookie + CURVE_LONG_NONCE, CURVE_COOKIE - CURVE_LONG_NONCE,
                                   nonce, curve->cookie_key) == 0 &&
        sodium_memcmp(text, curve->peer_short, CURVE_KEY) == 0 &&
        sodium_memcmp(text + CURVE_KEY, curve->short_secret, CURVE_KEY) == 0 &&
        curve->host->clock_ms() - curve->welcomed_ms <= CURVE_COOKIE_MS;
    sodium_memzero(curve->cookie_key, CURVE_KEY);
    sodium_memzero(text, sizeof text);
    return is_ours;
}

/* Whoever made it has the secret of the long-term key, and meant us. */
static bool is_vouched(struct curve *curve, const uint8_t *vouch)
{
    uint8_t text[2 * CURVE_KEY], nonce[CURVE_NONCE], key[CURVE_KEY];
    bool is_good = curve_share(key, curve->peer_long, curve->short_secret);

    curve_long_nonce(nonce, "VOUCH---", vouch);
    is_good = is_good && curve_unbox(text, vouch + CURVE_LONG_NONCE, 80, nonce, key) &&
              sodium_memcmp(text, curve->peer_short, CURVE_KEY) == 0 &&
              sodium_memcmp(text + CURVE_KEY, curve->endpoint->public, CURVE_KEY) == 0;
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return is_good;
}

static int take_initiate(struct curve *curve, const uint8_t *command, size_t size)
{
    enum { HEAD = 113, FIXED = CURVE_KEY + CURVE_LONG_NONCE + 80 };
    uint8_t nonce[CURVE_NONCE];
    uint64_t number;
    size_t text_size;

    if (size < CURVE_INITIATE_LEAST || size > CURVE_INITIATE_LEAST + CURVE_METADATA_MAX)
        return curve_fail(curve, TN_FAULT_INITIATE, "an INITIATE of a wrong size");
    if (!is_our_cookie(curve, command + 9))
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC, "an INITIATE whose cookie is not ours");
    number = curve_get_number(command + 105);
    if (number <= curve->seen_nonce)
        return curve_fail(curve, TN_FAULT_SEQUENCE, "an INITIATE whose nonce does not rise");
    curve->seen_nonce = number;
    if (!curve_share(curve->shared, curve->peer_short, curve->short_secret))
        return curve_fail(curve, TN_FAULT_KEY_EXCHANGE, "a key that is none");
    text_size = size - HEAD - CURVE_MAC;
    curve->opened = curve->host->alloc(text_size);
    if (!curve->opened)
        return curve->host->set_error(curve->host, -ENOMEM, "out of memory for a handshake");
    curve->opened_size = text_size - FIXED;
    curve_short_nonce(nonce, "CurveZMQINITIATE", number);
    if (!curve_unbox(curve->opened, command + HEAD, size - HEAD, nonce, curve->shared))
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC, "an INITIATE that does not open");
    memcpy(curve->peer_long, curve->opened, CURVE_KEY);
    if (!is_vouched(curve, curve->opened + CURVE_KEY))
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC,
                          "an INITIATE that does not prove its long-term key");
    memmove(curve->opened, curve->opened + FIXED, curve->opened_size);
    curve->step = CURVE_ASKING;
    return 0;
}

static ssize_t build_ready(struct curve *curve, uint8_t *out, size_t capacity)
{
    uint8_t nonce[CURVE_NONCE];

    if (capacity < CURVE_READY_LEAST + curve->metadata_size)
        return -EMSGSIZE;
    memcpy(out, "\5READY", 6);
    curve_short_nonce(nonce, "CurveZMQREADY---", ++curve->sent_nonce);
    curve_put_number(out + 6, curve->sent_nonce);
    curve_box(out + 14, curve->metadata, curve->metadata_size, nonce, curve->shared);
    curve_begin_messages(curve);
    return (ssize_t)(CURVE_READY_LEAST + curve->metadata_size);
}

static ssize_t build_error(struct curve *curve, uint8_t *out, size_t capacity)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d", curve->status);

    if (length < 0 || capacity < 7 + (size_t)length)
        return -EMSGSIZE;
    memcpy(out, "\5ERROR", 6);
    out[6] = (uint8_t)length;
    memcpy(out + 7, text, (size_t)length);
    curve->step = CURVE_FAILED;
    return 7 + length;
}

/* ------------------------------------------------------------------ */

ssize_t curve_server_next(struct curve *curve, uint8_t *out, size_t capacity)
{
    switch (curve->step) {
    case CURVE_SEND_WELCOME:
        return build_welcome(curve, out, capacity);
    case CURVE_SEND_READY:
        return build_ready(curve, out, capacity);
    case CURVE_SEND_ERROR:
        return build_error(curve, out, capacity);
    default:
        return 0;
    }
}

int curve_server_take(struct curve *curve, const uint8_t *command, size_t size)
{
    if (curve->step == CURVE_AWAIT_HELLO && curve_is(command, size, "\5HELLO"))
        return take_hello(curve, command, size);
    if (curve->step == CURVE_AWAIT_INITIATE && curve_is(command, size, "\10INITIATE"))
        return take_initiate(curve, command, size);
    return curve_fail(curve, TN_FAULT_UNEXPECTED, "a command that is not due");
}
