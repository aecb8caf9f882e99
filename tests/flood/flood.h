/*
 * flood.h: peers that want to wear a server down, a good peer beside them, and what the server makes of it.
 *
 * Three processes: the server, which measures itself; an attacker, which knows only sockets of the system;
 * and a good peer, which asks one question after the other and times the answers. The latter two are this
 * program again, with other arguments.
 */
#ifndef TENON_TESTS_FLOOD_H
#define TENON_TESTS_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

/** One flood, in its short form for everyday and in its full one. */
struct flood {
    const char *name;
    const char *pattern; /* of the server */
    const char *good; /* of the good peer */
    const char *limits[3]; /* options whose names the events must have, ended by NULL */
    int size[2]; /* how much: short, full */
    int megabytes; /* that the server's memory may grow by */
    void (*attack)(const char *port, int size);
    struct {
        const char *name;
        int value[2];
    } options[3];
};

extern const struct flood flood_list[];
const struct flood *flood_find(const char *name);

/** The good peer: "ask" on standard input begins the next phase, its end is the end. Writes a line of
 *  figures for each phase. */
int flood_good(const char *pattern, const char *endpoint);

/** Seconds of a steady clock. */
double flood_now(void);

#endif
