/*
 * script.h: the state machine of a pattern, written down by its author, line by line.
 *
 *   pattern NAME                    of the module; what follows is about it
 *   peers are streams | datagrams   plain TCP connections, or UDP; otherwise they are sockets of the kit
 *   case TEXT                       begins anew: one socket of the pattern, nobody else
 *
 *   option NAME VALUE               of the socket
 *   subscribe F  unsubscribe F  join F  leave F
 *   peer A arrives [as F] [like TYPE] [room N]     connects to the socket: with that routing id, as that
 *                                   socket type, with that high-water mark of its own
 *   peer A is called [as F] [like TYPE] [room N]   the socket connects to it
 *   peer A leaves
 *   A sends FRAMES [more]           as they are on the wire
 *   A gets FRAMES | nothing
 *   A sends|gets subscription F | cancellation F | joining F | leaving F
 *   send FRAMES [more] [to F] [group F] [-> A [FRAMES]]    and A gets that, or FRAMES
 *   recv [FRAMES] [more] [by F] [group F] [from A [FRAMES]]   what A sends first, if somebody is named
 *   poll in | out | in out | nothing
 *   dropped REASON N                since the step before that said so
 *   wait N                          milliseconds
 *   expect CODE                     what the step before is to fail with: EAGAIN, EFSM, ...; of "arrives":
 *                                   refused
 *
 * FRAMES are separated by |. F is a word, "text" with \xHH \\ \" \n, or $name: what was there when the name was
 * met first. # begins a comment.
 */
#ifndef TENON_TOOLS_CONFORM_SCRIPT_H
#define TENON_TOOLS_CONFORM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCRIPT_FRAMES = 16, SCRIPT_TEXT = 600 };

/** F: bytes, or a name for them. */
struct script_frame {
    bool is_name;
    size_t size;
    uint8_t bytes[SCRIPT_TEXT];
};

struct script_message {
    bool is_given, has_more, is_nothing;
    unsigned flags; /* tn_msg_flag: a request */
    size_t count;
    struct script_frame frame[SCRIPT_FRAMES];
};

enum script_verb {
    SCRIPT_CASE,
    SCRIPT_OPTION,
    SCRIPT_SUBSCRIBE,
    SCRIPT_UNSUBSCRIBE,
    SCRIPT_JOIN,
    SCRIPT_LEAVE,
    SCRIPT_ARRIVES,
    SCRIPT_IS_CALLED,
    SCRIPT_LEAVES,
    SCRIPT_SENDS,
    SCRIPT_GETS,
    SCRIPT_SEND,
    SCRIPT_RECV,
    SCRIPT_POLL,
    SCRIPT_DROPPED,
    SCRIPT_WAIT,
};

struct script_step {
    enum script_verb verb;
    int line;
    char peer[32]; /* "": none */
    char word[64]; /* option, socket type, reason, the case's text, events */
    bool has_word;
    long number;
    bool has_number;
    struct script_message message, wire; /* the socket's; the peer's */
    struct script_frame other; /* "as", "to", "by" */
    bool has_other;
    struct script_frame group;
    bool has_group;
    int expected; /* a code, or 0 */
    bool expects_refusal;
};

struct script {
    bool is_streams, is_datagrams;
    struct script_step *steps;
    size_t count;
};

/** Reads what the file says of the pattern. Negative: `why` says line and reason. To be ended. A script that has
 *  nothing about it has no steps. */
int script_read(struct script *script, const char *path, const char *pattern, char *why,
                size_t size);
void script_end(struct script *script);

#endif
