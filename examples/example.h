/*
 * example.h: what all examples share: arguments with defaults, and an end with a sentence when a call
 * fails. No part of the library; copy what you need.
 */
#ifndef TENON_EXAMPLE_H
#define TENON_EXAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

/** The n-th argument, or what stands in for it. */
static inline const char *argument(int argc, char **argv, int n, const char *otherwise)
{
    return argc > n ? argv[n] : otherwise;
}

static inline long argument_number(int argc, char **argv, int n, long otherwise)
{
    return argc > n ? strtol(argv[n], NULL, 10) : otherwise;
}

/** Passes a result on, or ends the program with what the library says about the failure. */
static inline ssize_t must(ssize_t code)
{
    if (code < 0) {
        fprintf(stderr, "%s\n", tn_last_error());
        exit(EXIT_FAILURE);
    }
    return code;
}

static inline tn_ctx_t *must_context(void)
{
    tn_ctx_t *ctx = tn_ctx_new();

    if (!ctx)
        must(tn_last_code());
    return ctx;
}

static inline tn_socket_t *must_socket(tn_ctx_t *ctx, const char *pattern)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    if (!socket)
        must(tn_last_code());
    return socket;
}

static inline void send_text(tn_socket_t *socket, const char *text, int flags)
{
    must(tn_send(socket, text, strlen(text), flags));
}

/** Receives one frame as text, which is cut to what `text` has room for. */
static inline void recv_text(tn_socket_t *socket, char *text, size_t room)
{
    size_t size = (size_t)must(tn_recv(socket, text, room - 1, 0));

    text[size < room ? size : room - 1] = '\0';
}

/** Closes the last socket of a context and waits until everything has been sent. */
static inline int finish(tn_ctx_t *ctx, tn_socket_t *socket)
{
    must(tn_close(socket));
    must(tn_ctx_term(ctx, -1));
    return EXIT_SUCCESS;
}

#endif
