#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "curve.h"

/* ------------------------------------------------------------------ HELLO and WELCOME */

static ssize_t build_hello(struct curve *curve, uint8_t *out, size_t capacity)
{
    static const uint8_t head[8] = "\5HELLO\1";
    static const uint8_t zeros[64];
    uint8_t nonce[CURVE_NONCE];

    if (capacity < CURVE_HELLO_SIZE)
        return -EMSGSIZE;
    memset(out, 0, CURVE_HELLO_SIZE);
    memcpy(out, head, sizeof head);
    memcpy(out + 80, curve->short_public, CURVE_KEY);
    curve_short_nonce(nonce, "CurveZMQHELLO---", ++curve->sent_nonce);
    curve_put_number(out + 112, curve->sent_nonce);
    curve_box(out + 120, zeros, sizeof zeros, nonce, curve->hello_key);
    curve->step = CURVE_AWAIT_WELCOME;
    return CURVE_HELLO_SIZE;
}

static int take_welcome(struct curve *curve, const uint8_t *command, size_t size)
{
    uint8_t nonce[CURVE_NONCE], text[CURVE_KEY + CURVE_COOKIE];

    if (size != CURVE_WELCOME_SIZE)
        return curve_fail(curve, TN_FAULT_WELCOME, "a WELCOME of a wrong size");
    curve_long_nonce(nonce, "WELCOME-", command + 8);
    if (!curve_unbox(text, command + 24, sizeof text + CURVE_MAC, nonce, curve->hello_key))
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC,
                          "a WELCOME that does not open: it is not the server whose key we have");
    memcpy(curve->peer_short, text, CURVE_KEY);
    memcpy(curve->cookie, text + CURVE_KEY, CURVE_COOKIE);
    sodium_memzero(text, sizeof text);
    if (!curve_share(curve->shared, curve->peer_short, curve->short_secret))
        return curve_fail(curve, TN_FAULT_KEY_EXCHANGE, "a WELCOME with a key that is none");
    curve->step = CURVE_SEND_INITIATE;
    return 0;
}

/* ------------------------------------------------------------------ INITIATE and READY */

/* The server learns that we have the secret of our long-term key: a box to its short-term key. */
static int build_vouch(struct curve *curve, uint8_t *out)
{
    uint8_t text[2 * CURVE_KEY], nonce[CURVE_NONCE], key[CURVE_KEY];
    bool is_key = curve_share(key, curve->peer_short, curve->endpoint->secret);

    memcpy(text, curve->short_public, CURVE_KEY);
    memcpy(text + CURVE_KEY, curve->endpoint->server, CURVE_KEY);
    randombytes_buf(out, CURVE_LONG_NONCE);
    curve_long_nonce(nonce, "VOUCH---", out);
    curve_box(out + CURVE_LONG_NONCE, text, sizeof text, nonce, key);
    sodium_memzero(key, sizeof key);
    return is_key ? 0 : -EPROTO;
}

static ssize_t build_initiate(struct curve *curve, uint8_t *out, size_t capacity)
{
    enum { VOUCH = CURVE_LONG_NONCE + 80, FIXED = CURVE_KEY + VOUCH };
    size_t text_size = FIXED + curve->metadata_size;
    uint8_t nonce[CURVE_NONCE];
    uint8_t *text;
    int rc;

    if (capacity < CURVE_INITIATE_LEAST + curve->metadata_size)
        return -EMSGSIZE;
    text = curve->host->alloc(text_size);
    if (!text)
        return curve->host->set_error(curve->host, -ENOMEM, "out of memory for a handshake");
    memcpy(text, curve->endpoint->public, CURVE_KEY);
    rc = build_vouch(curve, text + CURVE_KEY);
    if (curve->metadata_size)
        memcpy(text + FIXED, curve->metadata, curve->metadata_size);
    memcpy(out, "\10INITIATE", 9);
    memcpy(out + 9, curve->cookie, CURVE_COOKIE);
    curve_short_nonce(nonce, "CurveZMQINITIATE", ++curve->sent_nonce);
    curve_put_number(out + 105, curve->sent_nonce);
    curve_box(out + 113, text, text_size, nonce, curve->shared);
    sodium_memzero(text, text_size);
    curve->host->free(text);
    curve->step = CURVE_AWAIT_READY;
    return rc < 0 ? rc : (ssize_t)(113 + CURVE_MAC + text_size);
}

static int take_ready(struct curve *curve, const uint8_t *command, size_t size)
{
    uint8_t nonce[CURVE_NONCE];

    if (size < CURVE_READY_LEAST)
        return curve_fail(curve, TN_FAULT_READY, "a READY that is too short");
    curve->seen_nonce = curve_get_number(command + 6);
    curve_short_nonce(nonce, "CurveZMQREADY---", curve->seen_nonce);
    curve->opened_size = size - CURVE_READY_LEAST;
    curve->opened = curve->host->alloc(curve->opened_size + 1);
    if (!curve->opened)
        return curve->host->set_error(curve->host, -ENOMEM, "out of memory for a handshake");
    if (!curve_unbox(curve->opened, command + 14, size - 14, nonce, curve->shared))
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC, "a READY that does not open");
    curve_begin_messages(curve);
    return 0;
}

/* ------------------------------------------------------------------ ERROR */

/* 300 is for now, everything else for good. */
static int take_error(struct curve *curve, const uint8_t *command, size_t size)
{
    char text[256];
    size_t length = size > 6 ? command[6] : 0;
    int status = 0;

    if (size < 7 || length != size - 7)
        return curve_fail(curve, TN_FAULT_ERROR, "a malformed ERROR");
    for (size_t i = 0; i < length; i++)
        text[i] = command[7 + i] >= ' ' && command[7 + i] <= '~' ? (char)command[7 + i] : '?';
    text[length] = '\0';
    if (strcmp(text, "300") == 0 || strcmp(text, "400") == 0 || strcmp(text, "500") == 0)
        status = (text[0] - '0') * 100;
    if (status)
        curve->host->handshake_fault(curve->handshake, status);
    curve->step = CURVE_FAILED;
    return curve->host->set_error(curve->host, status == 300 ? -ECONNREFUSED : -EACCES,
                                  "CURVE: the server has refused us: %s", text);
}

/* ------------------------------------------------------------------ */

ssize_t curve_client_next(struct curve *curve, uint8_t *out, size_t capacity)
{
    if (curve->step == CURVE_SEND_HELLO)
        return build_hello(curve, out, capacity);
    if (curve->step == CURVE_SEND_INITIATE)
        return build_initiate(curve, out, capacity);
    return 0;
}

int curve_client_take(struct curve *curve, const uint8_t *command, size_t size)
{
    if (curve->step == CURVE_AWAIT_WELCOME && curve_is(command, size, "\7WELCOME"))
        return take_welcome(curve, command, size);
    if (curve->step == CURVE_AWAIT_READY && curve_is(command, size, "\5READY"))
        return take_ready(curve, command, size);
    if ((curve->step == CURVE_AWAIT_WELCOME || curve->step == CURVE_AWAIT_READY) &&
        curve_is(command, size, "\5ERROR"))
        return take_error(curve, command, size);
    return curve_fail(curve, TN_FAULT_UNEXPECTED, "a command that is not due");
}
