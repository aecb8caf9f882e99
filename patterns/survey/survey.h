/*
 * survey.h: SURVEYOR and RESPONDENT: a question to everybody, whose answers count until a deadline.
 *
 * As in the survey protocol of nanomsg and nng, over ZMTP. On the wire each message, question or answer,
 * has one frame before those of the program: the number of the survey, four bytes, big endian, with the
 * highest bit set. A RESPONDENT answers with the number of the question. Under the socket's lock, as
 * pattern.h says.
 */
#ifndef TNI_SURVEY_H
#define TNI_SURVEY_H

#include <stdbool.h>
#include <string.h>

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_surveyor_ops;
extern const tn_pattern_ops_t tni_respondent_ops;

/** As in the tables of descriptor.c. */
enum { SURVEYOR_TIME };

enum { SURVEY_ID_SIZE = 4, SURVEY_ID_BIT = 0x80 /* of its first byte */ };

static inline bool tni_survey_is_id(const tn_msg_t *frame)
{
    return (frame->flags & TN_MSG_MORE) && tn_msg_length(frame) == SURVEY_ID_SIZE &&
           (tn_msg_bytes(frame)[0] & SURVEY_ID_BIT);
}

/** A frame with the number, which it borrows. */
static inline void tni_survey_frame(tn_msg_t *out_frame, const uint8_t id[SURVEY_ID_SIZE])
{
    tn_msg_borrow(out_frame, id, SURVEY_ID_SIZE);
    out_frame->flags = TN_MSG_MORE;
}

/** Ends a frame that the fair queue gave. */
static inline void tni_survey_end(const tn_host_t *host, tn_msg_t *frame)
{
    host->msg_close(frame);
    tn_msg_clear(frame);
}

/** Reads what is left of a message whose last frame read is `frame`, ends it all, and counts it. */
static inline void tni_survey_skip(const tn_host_t *host, tn_sock_t *sock, tn_msg_t *frame,
                                   int reason)
{
    bool has_more;

    do {
        has_more = (frame->flags & TN_MSG_MORE) != 0;
        tni_survey_end(host, frame);
    } while (has_more && host->fq_recv(sock, frame, NULL) == 0);
    host->sock_drop(sock, reason, 1);
}

#endif
