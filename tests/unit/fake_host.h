/*
 * fake_host.h: a host table for tests that call the ops of a module directly.
 *
 * It keeps what the module tells it (sentences, addresses, names to resolve, joins) and gives it what
 * the test has set (options, failures). One per test; the functions for messages, pipes and topics are
 * not filled in, a test of patterns adds those it needs to `table`. The module may call it from any
 * thread; the test reads it when no op runs.
 */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include <stdatomic.h>
#include <stdbool.h>

#include <tenon/transport.h>

enum { FAKE_OPTIONS = 32, FAKE_JOINS = 64, FAKE_TEXT = 512 };

struct fake_option {
    const char *name;
    tn_value_t value;
};

struct fake_join {
    tn_endpoint_t *connecting;
    tn_endpoint_t *bound;
};

struct fake_host {
    tn_host_t table; /* its `context` is this object */

    char error[FAKE_TEXT]; /* the last sentence of set_error, and its code */
    int error_code;
    char log[FAKE_TEXT];
    int log_lines;

    struct fake_option options[FAKE_OPTIONS];
    unsigned option_count;

    char resolve_host[256]; /* the last stream_resolve */
    char resolve_service[32];
    int resolve_family;
    int resolve_flags;
    unsigned resolve_calls;
    int resolve_code; /* what it returns */

    struct fake_join joins[FAKE_JOINS]; /* only those that succeeded */
    atomic_uint join_count;

    int set_address_code; /* what listener_set_address returns */
    tn_module_state_t *module_state;
};

struct tn_stream {
    struct fake_host *host;
    char local[128];
    char remote[128];
    unsigned reports;
    uint64_t wake_at; /* the last one asked for */
    unsigned ready; /* what the module has told of itself */
    unsigned reads_on; /* how often it said so */
};

struct tn_listener {
    struct fake_host *host;
    char address[256];
};

struct tn_endpoint {
    struct fake_host *host;
    int join_code; /* what a join with it as the connecting side returns */
};

void fake_host_init(struct fake_host *fake);

void fake_host_set_int(struct fake_host *fake, const char *name, int64_t number);
/** Borrows `text`; NULL: unset. */
void fake_host_set_text(struct fake_host *fake, const char *name, const char *text);
/** Sets every option to what its description says. */
void fake_host_set_defaults(struct fake_host *fake, const tn_option_desc_t *options);

/** Puts the module's clock forward. */
void fake_clock_advance(uint64_t ms);

/** The n-th allocation of any module from now fails, and only that; 0: none. */
void fake_alloc_fail_at(unsigned nth);
/** Allocations that have not been freed. */
long fake_alloc_balance(void);

#endif
