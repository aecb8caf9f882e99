/*
 * reply.h: what a ZAP handler answers (RFC 27).
 *
 * Pure: a reply is judged frame by frame, and what it says borrows the frames.
 */
#ifndef ZAP_REPLY_H
#define ZAP_REPLY_H

#include <stddef.h>
#include <stdint.h>

enum { ZAP_REPLY_FRAMES = 7, ZAP_USER_MAX = 255 };

#define ZAP_VERSION "1.0"
#define ZAP_REQUEST_ID "1"

struct zap_frame {
    const uint8_t *data;
    size_t size;
};

struct zap_reply {
    int status; /* 200, 300, 400 or 500 */
    struct zap_frame text, user_id, metadata;
};

/** 0, or the tn_fault that says what is wrong with it. */
int zap_reply_parse(const struct zap_frame *frames, size_t count, struct zap_reply *out_reply);

/** What the fault is, for people. */
const char *zap_fault_text(int fault);

#endif
