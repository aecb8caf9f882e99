/* good.c: the peer that must not suffer: a question, its answer, and how long that took. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "flood.h"

enum { SAMPLES = 200 * 1000, ANSWER_MS = 30 * 1000 };

static double samples[SAMPLES];
static int count;

double flood_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Number of questions, median and 99th percentile in us. */
static void report(void)
{
    qsort(samples, (size_t)count, sizeof samples[0], compare);
    printf("%d %.0f %.0f\n", count, count ? samples[count / 2] * 1e6 : 0,
           count ? samples[(size_t)count * 99 / 100] * 1e6 : 0);
    fflush(stdout);
    count = 0;
}

static int ask(tn_socket_t *socket)
{
    double start = flood_now();
    char answer[16];

    if (tn_send(socket, "question", 8, 0) < 0 || tn_recv(socket, answer, sizeof answer, 0) != 8) {
        fprintf(stderr, "good peer: no answer: %s\n", tn_last_error());
        return -1;
    }
    if (count < SAMPLES)
        samples[count++] = flood_now() - start;
    return 0;
}

/* What the server says: 1 the next phase, 0 nothing, -1 the end. */
static int hear(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    if (poll(&input, 1, 1) <= 0)
        return 0;
    return read(STDIN_FILENO, &byte, 1) == 1 ? 1 : -1;
}

static int go_on(tn_socket_t *socket)
{
    int heard = 0;

    while (heard >= 0) {
        if (ask(socket) < 0)
            return 1;
        heard = hear();
        if (heard)
            report();
    }
    return 0;
}

int flood_good(const char *pattern, const char *endpoint)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *socket = tn_socket(ctx, pattern);
    int status = 1;

    if (socket && tn_set_int(socket, "linger", 0) == 0 &&
        tn_set_int(socket, "rcvtimeo", ANSWER_MS) == 0 &&
        (strcmp(pattern, "xsub") != 0 || tn_send(socket, "\1question", 9, 0) == 0) &&
        tn_connect(socket, endpoint) == 0 && tn_wait_peers(socket, 1, ANSWER_MS) == 1)
        status = go_on(socket);
    else
        fprintf(stderr, "good peer: %s\n", tn_last_error());
    tn_close(socket);
    tn_ctx_term(ctx, -1);
    return status;
}
