/*
 * fixture.h: the least that a module can be, for the modules of the tests.
 *
 * A pattern that does nothing, and a module of one pattern. A fixture is good apart from the one
 * thing that its name tells.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <tenon/pattern.h>
#include <tenon/transport.h>

static inline int fixture_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    (void)state;
    (void)sock;
    (void)host;
    return 0;
}

static inline void fixture_close(void *state)
{
    (void)state;
}

static inline int fixture_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
    return 0;
}

static inline void fixture_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
}

static inline unsigned fixture_poll(void *state)
{
    (void)state;
    return 0;
}

static const char *const fixture_peers[] = {"FIXTURE", NULL};

static const tn_pattern_ops_t fixture_ops = {
    .size = sizeof fixture_ops,
    .wire_name = "FIXTURE",
    .peers = fixture_peers,
    .open = fixture_open,
    .close = fixture_close,
    .attach = fixture_attach,
    .detach = fixture_detach,
    .poll = fixture_poll,
};

#define FIXTURE_FEATURE(feature_name)                                                              \
    .size = sizeof(tn_feature_t), .kind = TN_PATTERN, .name = (feature_name),                      \
    .summary = "does nothing", .priority = 50, .ops = &fixture_ops

#define FIXTURE_FEATURES(feature_name)                                                             \
    static const tn_feature_t fixture_feature = {FIXTURE_FEATURE(feature_name)};                   \
    static const tn_feature_t *const fixture_features[] = {&fixture_feature, NULL}

#define FIXTURE_BODY .version = "1.2.3", .license = "MIT", .summary = "a fixture"

#define FIXTURE_MODULE(stem)                                                                       \
    FIXTURE_FEATURES(#stem);                                                                       \
    TN_MODULE(stem) = {TN_MODULE_HEAD(#stem), FIXTURE_BODY, .features = fixture_features}

/* A stream transport that never moves a byte. */
static inline int fixture_check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)host;
    (void)address;
    (void)role;
    return 0;
}

#endif
