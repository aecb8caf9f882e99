/* What every mechanism must do, and why. */
#include "mechanism_cases.h"
#include "pattern_cases.h"

#include "settings.h"

static const struct conform_case cases[] = {
    {"descriptor",
     "the description is whole: wire name, ops that go together, help for each option",
     "the core refuses a module whose description is not", 60, conform_run_descriptor},
    {"options",
     "options take their own values and their bounds, and nothing beyond; unknown ones are "
     "refused",
     "an option that is accepted and ignored is a promise that is not kept", 60,
     conform_run_feature_options},
    {"transcript",
     "a client and a server that know each other both become ready, by the same well-formed "
     "commands "
     "each time, and have each other's properties",
     "this is what a mechanism is for", 60, conform_run_transcript},
    {"wrong_credentials", "with a wrong credential neither side becomes ready",
     "who must not get in gets in otherwise", 60, conform_run_wrong_credentials},
    {"verdicts", "a peer that the authenticator refuses is not let in, and learns of it",
     "a client that is not told tries for ever", 60, conform_run_verdicts},
    {"two_clients", "two clients do not become ready with each other",
     "nobody has proved anything to anybody then", 60, conform_run_two_clients},
    {"two_servers", "two servers do not become ready with each other, and send nothing for ever",
     "nobody has proved anything to anybody then", 60, conform_run_two_servers},
    {"other_mechanism", "commands of other mechanisms are refused",
     "a peer that speaks without security must not slip in", 60, conform_run_other_mechanism},
    {"small_buffers", "next_command stays within its room, and says so when that is too small",
     "what is written beyond it is somebody else's memory", 60, conform_run_small_buffers},
    {"prefixes", "no command that is cut at any place makes its receiver ready",
     "parsers that read on where nothing is are the usual hole", 120, conform_run_prefixes},
    {"bit_flips",
     "no command with a changed bit makes its receiver ready, unless only properties that "
     "nothing protects have changed",
     "whoever sits in the middle changes bytes", 240, conform_run_bit_flips},
    {"too_long",
     "no command with more bytes than are due makes its receiver ready, unless they are "
     "properties that nothing protects",
     "lengths come from the peer", 120, conform_run_too_long},
    {"repeated", "a command that comes twice ends the handshake or changes nothing",
     "a state machine that goes round is one that can be led astray", 60, conform_run_repeated},
    {"dropped", "without one of its commands the handshake does not get done",
     "a step that can be left out proves nothing", 60, conform_run_dropped},
    {"reordered", "a command in another one's place does not get anybody ready",
     "the steps prove something only in their order", 60, conform_run_reordered},
    {"replayed",
     "what a client said yesterday lets nobody in today, if the mechanism protects messages",
     "whoever has listened would have the client's rights", 60, conform_run_replayed},
    {"garbage", "random commands end in an error or a wait",
     "anybody can connect and send anything", 60, conform_run_garbage},
    {"messages", "frames of 0 bytes to 1 MiB come out as they went in, both ways, flags and all",
     "this is what a codec is for", 60, conform_run_messages},
    {"forged_messages",
     "a frame that was cut, lengthened or changed in any bit is refused, if the "
     "mechanism protects messages",
     "encryption without authentication protects nobody", 120, conform_run_forged_messages},
    {"replayed_messages",
     "a frame that comes again, comes late, or comes back to its sender is refused",
     "an order that is carried out twice is not what was asked for", 60,
     conform_run_replayed_messages},
    {"memory_failures", "when any allocation fails, a side ends with -ENOMEM and leaks nothing",
     "a server under load runs out of memory in a handshake first", 120,
     conform_run_memory_failures},
    {"leaks", "handshakes that end in every stage leave no memory, descriptor or thread behind",
     "whoever connects and goes would fill the server", 60, conform_run_mechanism_leaks},
    {"secrets",
     "secret options stand neither in the log nor in errors, nor in memory that is given "
     "back; on the wire only with TN_MECHANISM_TELLS",
     "logs and core files are read by many", 60, conform_run_secrets},
    {"sockets", "over tcp the right client gets its messages through, and the wrong one none",
     "the core and the mechanism must agree when somebody is in", 60, conform_run_sockets},
    {0},
};

static int prepare(struct subject *subject, char *why, size_t size)
{
    static struct settings settings;
    int rc = settings_complete(&settings, subject->settings, subject->feature, why, size);

    subject->settings = &settings;
    return rc;
}

const struct conform_suite conform_mechanisms = {
    .kind = "mechanism", .feature_kind = TN_MECHANISM, .cases = cases, .prepare = prepare};
