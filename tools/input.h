/*
 * input.h: standard input, one line at a time, without ever blocking on it for longer than asked.
 *
 * Waits with tn_poll() on the descriptor and a socket together, so that an end of the context, or
 * something to receive, is noticed while no line comes. Main thread.
 */
#ifndef TENON_TOOLS_INPUT_H
#define TENON_TOOLS_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <tenon/tenon.h>

struct input {
    int fd;
    bool whole; /* everything up to the end is one line */
    bool ended;
    char *buffer;
    size_t start, size, room;
};

void input_init(struct input *input, int fd, bool whole);
void input_fini(struct input *input);

/** A complete line that is there already, without its newline; valid until the next call. */
bool input_take(struct input *input, const char **out_line, size_t *out_size);

/** Reads once what is there: blocks unless poll said that it is readable. 0, or a negative code. */
int input_fill(struct input *input);

/** Waits for the next line; `socket` tells when the context ends. 1: a line; 0: the end; or a
 *  negative code. */
int input_next(struct input *input, tn_socket_t *socket, const char **out_line, size_t *out_size);

#endif
