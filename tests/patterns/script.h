/*
 * script.h: a test of a pattern as a list of events, calls and what they must give.
 *
 * One step a string, "verb [pipe] [argument] [: message] [= CODE]"; pipes are A to H. In a message |
 * separates frames, and ^0 ^1 stand for those bytes, ^nN for the routing id that a ROUTER makes up as
 * its N-th, ^qN for the id of a REQ's N-th request, ^sN for the number of a SURVEYOR's N-th survey, ^rN (no byte) for a message with the routing number
 * that a SERVER makes up as its N-th, ^L for 100 bytes, ^S and ^C at the start for
 * frames flagged as subscription and cancellation, ^J and ^V as joining and leaving.
 *
 *   peer A          attach and connect            attach A, connect A, lose A, detach A   (= CODE)
 *   id A: x         the peer's routing id         next A: x   "connect_routing_id" of its connect
 *   hwm A 1         messages until it is full     fail A 1    the first write from now: -ENOMEM
 *   outgoing A      of a connect of ours          number A: ^rN  part: ^rN  the ops of PEER (= CODE)
 *   gone A          writes fail from now on       oom 1       the first allocation likewise
 *   in A: x|y       a message arrives             out A: x|y  the next one that was sent; none A
 *   drain A         all that was sent is gone, and it is writable
 *   send: x|y       a whole message               send+: x    frames that others follow
 *   recv: x|y       likewise                      recv+: x
 *   short: x        the same in one step, behind its delimiter; "= EAGAIN": the ops do not want that
 *   get: x          likewise received from the only pipe that has something
 *   poll io         i, o, io or -                 set NAME 1  (set NAME: text)
 *   sub: x  unsub: x                              subs 2      what the host was told of
 *   join: g  leave: g    likewise                 group: g    of what is sent from now on
 *   from: g              the group of what was received last
 *   clock 100       so many ms pass                deadline 100  asked for, from now on; 0: none
 *   drop hwm 1      since the last such step      closed A    by the pattern
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <tenon/module.h>

/** Ends with NULL. Fails the test at the first step that gives something else. */
void run_script(const tn_module_t *module, const char *pattern, const char *const *steps);

#define RUN(module, pattern, ...)                                                                  \
    run_script(&module##_LTX_tenon_module_v1, pattern, (const char *const[]){__VA_ARGS__, NULL})

#endif
