/* What every transport must do, and why. */
#include <stdio.h>

#include <tenon/transport.h>

#include "cases.h"
#include "rules.h"

static const struct conform_case cases[] = {
    {"endpoint_parsing",
     "addresses that make no sense are refused with a sentence, or taken, and never more",
     "addresses come from configuration", 60, conform_run_endpoint_parsing},
    {"empty_endpoint", "`check` refuses an address that is empty",
     "a typing error must be told at once, not retried for ever", 60, conform_run_empty_endpoint},
    {"long_endpoint", "an address of 3,000 bytes is refused",
     "addresses come from configuration; a buffer that is too small is a hole", 60,
     conform_run_long_endpoint},
    {"last_endpoint",
     "`listen` calls listener_set_address with an address that others can connect to",
     "programs bind to a wildcard and pass the real address on", 60, conform_run_last_endpoint},
    {"duplicate_bind", "a second bind to an address in use returns -EADDRINUSE",
     "otherwise two programs share an address, and messages go astray", 60,
     conform_run_duplicate_bind},
    {"bind_again", "`unlisten` gives the address back",
     "a service that is restarted must get its address", 60, conform_run_bind_again},
    {"options", "options have a help text, take their own values, and unknown ones are refused",
     "an option that is accepted and ignored is a promise that is not kept", 60,
     conform_run_options},
    {"dial", "a connect stands, monitors are told, and the handshake follows",
     "a program that is told nothing cannot say what is wrong", 60, conform_run_dial},
    {"accept", "20 connections that come at a time are accepted, once each",
     "clients come together when a server was away", 60, conform_run_accept},
    {"exchange", "messages of 0 bytes to 1 MiB arrive as they were sent, both ways",
     "this is what a transport is for", 90, conform_run_exchange},
    {"order", "20,000 messages arrive once each and in order",
     "ZMTP has no numbers: bytes that are lost or swapped end the connection, or worse", 60,
     conform_run_order},
    {"multipart", "a message of 50 frames arrives whole", "envelopes and bodies must stay together",
     60, conform_run_multipart},
    {"huge_message", "a message of 32 MiB arrives",
     "it needs writes that take a part, and reads that fill up", 60, conform_run_huge_message},
    {"fragments", "it works when every read and write moves one byte", "networks cut anywhere", 60,
     conform_run_fragments},
    {"short_reads", "it works when the core has room for one to three bytes at a time",
     "where a read ends is the core's business", 60, conform_run_short_reads},
    {"short_writes",
     "it works when the core writes one to three bytes at a time, and when the system takes a "
     "part of what is written",
     "what is told of as written and was not is lost", 90, conform_run_short_writes},
    {"half_close",
     "when the peer has closed its half all it sent arrives, then the connection ends",
     "an end that is not noticed is a connection that hangs", 90, conform_run_half_close},
    {"high_water_mark", "a sender stops when nobody reads, and goes on when somebody does",
     "queues without an end fill the memory; a lost wake-up stops a program for good", 60,
     conform_run_high_water_mark},
    {"connect_first", "a connect gets through to a bind that comes later",
     "programs start in any order", 90, conform_run_connect_first},
    {"refused", "an attempt that fails is reported and made again",
     "otherwise nobody learns why nothing arrives", 90, conform_run_refused},
    {"cancelled", "sockets may be closed in any stage of their connect",
     "programs give up, and must be able to end", 60, conform_run_cancelled},
    {"many_connections", "200 connections to one bind each get their own answer",
     "servers have many clients", 90, conform_run_many_connections},
    {"reconnect", "a client comes back to a server that was started again",
     "services are restarted", 60, conform_run_reconnect},
    {"killed_peer", "peers may be killed while they send; whole messages alone arrive",
     "half a message that is taken for a whole one corrupts data", 120, conform_run_killed_peer},
    {"killed_reader", "a peer may be killed while it is sent to, without a signal",
     "SIGPIPE ends programs: use sendmsg with MSG_NOSIGNAL", 60, conform_run_killed_reader},
    {"killed_at_every_stage", "peers may be killed in any of their first 40 steps",
     "programs crash anywhere, also in the middle of a handshake", 120,
     conform_run_killed_at_every_stage},
    {"thread_and_lock_rules",
     "several threads use it at a time; ops do not sleep, keep errno, and raise no signal",
     "ops run on the program's threads too", 120, conform_run_thread_and_lock_rules},
    {"leaks", "80 connections leave no descriptor, thread or memory behind",
     "servers run for years", 120, conform_run_leaks},
    {"shutdown", "the context ends in the middle of traffic",
     "a program that cannot end is killed, and loses what it had", 90, conform_run_shutdown},
    {NULL, NULL, NULL, 0, NULL},
};

enum { ENDPOINT = 512 };

static void try_bind(const struct subject *subject)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *socket;
    char endpoint[ENDPOINT];

    CONFORM(ctx && tn_ctx_add_module(ctx, subject->watched) == 0, "%s", tn_last_error());
    socket = tn_socket(ctx, "pair");
    conform_fill_in(subject, endpoint, sizeof endpoint);
    CONFORM(socket && tn_bind(socket, endpoint) == 0, "%s", tn_last_error());
    tn_close(socket);
    tn_ctx_term(ctx, 1000);
}

/* The first form of endpoint that a bind takes. False: none, and `why` is what the last one said. */
static bool find_endpoint(struct subject *subject, char *endpoint, struct conform_result *why)
{
    static const char *const forms[] = {"%d/%n", "127.0.0.1:*", "*", "%n"};
    static const struct conform_case bind = {.name = "bind", .seconds = 10, .run = try_bind};

    subject->endpoint = endpoint;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(endpoint, ENDPOINT, "%s://%s", subject->feature->name, forms[i]);
        conform_run(&bind, subject, why);
        if (why->verdict == CONFORM_PASSED)
            return true;
    }
    return false;
}

/* Whether a bind goes where it was said to. */
static bool is_endpoint_good(const struct subject *subject, struct conform_result *why)
{
    static const struct conform_case bind = {.name = "bind", .seconds = 30, .run = try_bind};

    conform_run(&bind, subject, why);
    return why->verdict == CONFORM_PASSED;
}

static int prepare(struct subject *subject, char *why, size_t size)
{
    const tn_transport_ops_t *ops = subject->feature->ops;
    static char endpoint[ENDPOINT];
    struct conform_result result;

    if (ops->shape == TN_SHAPE_DATAGRAM) {
        snprintf(why, size, "it carries datagrams, for which the kit has no cases");
        return 1;
    }
    subject->watched = rules_watch_transport(subject->module, subject->feature);
    if (subject->endpoint ? is_endpoint_good(subject, &result)
                          : find_endpoint(subject, endpoint, &result))
        return 0;
    snprintf(why, size, "it binds to no address that was tried; say one by --endpoint (%.800s)",
             result.reason);
    return -1;
}

const struct conform_suite conform_transports = {
    .kind = "transport", .feature_kind = TN_TRANSPORT, .cases = cases, .prepare = prepare};
