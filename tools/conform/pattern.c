/* What every pattern must do, and why. */
#include "pattern_cases.h"
#include "rules.h"

static const struct conform_case cases[] = {
    {"descriptor",
     "the description is whole: wire name, ops that go together, help for each option",
     "the core refuses a module whose description is not", 60, conform_run_descriptor},
    {"options",
     "options take their own values and their bounds, and nothing beyond; unknown ones are "
     "refused",
     "an option that is accepted and ignored is a promise that is not kept", 60,
     conform_run_feature_options},
    {"script", "the socket does what the pattern's own script says",
     "the state machine of a pattern is its promise to programs", 60, conform_run_script},
    {"messages",
     "messages of 1 to 4 frames get through whole, once and in order, in each direction "
     "that the pattern has",
     "this is what a pattern is for", 90, conform_run_messages_pass},
    {"would_block",
     "without a peer calls that do not wait return at once, and others when their time "
     "is over",
     "a program that hangs cannot even say why", 90, conform_run_would_block},
    {"poll_agrees", "poll says what send and recv would do",
     "programs sleep until poll says that there is something: they sleep for good, or never", 90,
     conform_run_poll_agrees},
    {"high_water_mark",
     "a full peer blocks, is skipped, or has its drops counted; nothing else is "
     "lost, and it goes on when there is room",
     "queues without an end fill the memory, and losses that nobody counts are not found", 90,
     conform_run_marks},
    {"no_allocation", "messages pass without host->alloc",
     "memory for each message costs more than "
     "the message",
     60, conform_run_no_allocation},
    {"peers_come_and_go",
     "peers come and go in any order, between any two frames, and messages stay "
     "whole",
     "networks end connections anywhere", 60, conform_run_come_and_go},
    {"multipart_cut",
     "when a peer goes between two frames, the message arrives whole or not at all, "
     "and the next one is not mixed with it",
     "a message is all or nothing", 60, conform_run_cut_messages},
    {"reply_to_gone", "an answer to a peer that has gone is dropped or refused",
     "clients give up before their answer comes, all the time", 60, conform_run_reply_to_gone},
    {"many_peers", "thousands of peers are served and let go", "servers have many clients", 120,
     conform_run_many_peers},
    {"lost_connections",
     "a connect whose connection is lost between any two frames goes on with the "
     "next one",
     "services are restarted", 60, conform_run_lost_connections},
    {"junk", "frames that make no sense harm nobody", "anybody can connect and send anything", 60,
     conform_run_junk},
    {"memory_failures",
     "when any allocation fails nothing is leaked, and later messages get through",
     "memory runs out in the busiest moment", 120, conform_run_pattern_memory},
    {"leaks", "sockets that lived leave no memory, descriptor or thread behind",
     "programs run for years", 60, conform_run_pattern_leaks},
    {"shutdown", "a call that waits ends when the context is shut down",
     "a program that cannot end is killed, and loses what it had", 60,
     conform_run_pattern_shutdown},
    {0},
};

static int prepare(struct subject *subject, char *why, size_t size)
{
    (void)why;
    (void)size;
    subject->watched = rules_watch_pattern(subject->module, subject->feature);
    return 0;
}

const struct conform_suite conform_patterns = {
    .kind = "pattern", .feature_kind = TN_PATTERN, .cases = cases, .prepare = prepare};
