/*
 * trio.h: a module of one pattern whose ops are those of fixture.h, and some for messages behind a delimiter.
 *
 * Includers say by TRIO (the stem), TRIO_FLAGS, TRIO_IS_WHOLE, TRIO_SIZE and TRIO_MINOR what they are about.
 */
#include <errno.h>
#include <stddef.h>

#include "fixture.h"

#define TRIO_TEXT(name) #name
#define TRIO_NAME(name) TRIO_TEXT(name)
#define TRIO_MODULE(name) TN_MODULE(name)

#ifndef TRIO_SIZE
#define TRIO_SIZE sizeof(tn_pattern_ops_t)
#endif
#ifndef TRIO_MINOR
#define TRIO_MINOR TN_ABI_MINOR
#endif

static int message(void *state, tn_msg_t *msg)
{
    (void)state;
    (void)msg;
    return -EAGAIN;
}

static tn_pipe_t *delimited_to(void *state, tn_pipe_t *next)
{
    (void)state;
    return next;
}

#ifdef TRIO_IS_WHOLE
static int delimited_from(void *state, tn_pipe_t *pipe)
{
    (void)state;
    (void)pipe;
    return 1;
}
#endif

static void delimited_done(void *state, tn_pipe_t *pipe, int is_sent)
{
    (void)state;
    (void)pipe;
    (void)is_sent;
}

static const tn_pattern_ops_t ops = {
    .size = TRIO_SIZE,
    .flags = TRIO_FLAGS,
    .wire_name = "FIXTURE",
    .peers = fixture_peers,
    .open = fixture_open,
    .close = fixture_close,
    .attach = fixture_attach,
    .detach = fixture_detach,
    .send = message,
    .recv = message,
    .poll = fixture_poll,
    .delimited_to = delimited_to,
#ifdef TRIO_IS_WHOLE
    .delimited_from = delimited_from,
#endif
    .delimited_done = delimited_done,
};
static const tn_feature_t feature = {.size = sizeof feature,
                                     .kind = TN_PATTERN,
                                     .name = TRIO_NAME(TRIO),
                                     .summary = "does nothing",
                                     .priority = 50,
                                     .ops = &ops};
static const tn_feature_t *const features[] = {&feature, NULL};

/* Keeps the shared ops in use. */
static const void *const unused = &fixture_ops;

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    (void)out_state;
    return unused ? 0 : -1;
}

TRIO_MODULE(TRIO) = {.magic = TN_MODULE_MAGIC,
                     .size = sizeof(tn_module_t),
                     .abi_major = TN_ABI_MAJOR,
                     .abi_minor = TRIO_MINOR,
                     .abi_min_minor = TRIO_MINOR,
                     .name = TRIO_NAME(TRIO),
                     FIXTURE_BODY,
                     .features = features,
                     .init = init};
