#include "torture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watchdog.h"

enum { RECOVERY_MS = 10000, PAUSE_MS = 5, END_MS = 10000 };

static struct {
    const char *what;
    unsigned long value;
    const int *codes;
    size_t count;
    const char *scenario;
    struct life *life;
} now;

void torture_shortage(const char *what, unsigned long value, const int *codes, size_t count)
{
    now.what = what;
    now.value = value;
    now.codes = codes;
    now.count = count;
}

void torture_fail(const char *what, int line)
{
    fprintf(stderr, "line %d: %s, %s %lu: %s (%s)\n", line, now.scenario,
            now.what ? now.what : "nothing short", now.value, what, tn_last_error());
    abort();
}

bool torture_check(long rc, const char *call, int line)
{
    char text[512];

    if (rc >= 0)
        return true;
    for (size_t i = 0; i < now.count && now.what; i++)
        if (now.codes[i] == rc)
            return false;
    snprintf(text, sizeof text, "%s: %ld, %s", call, rc, tn_strerror((int)rc));
    torture_fail(text, line);
}

void torture_name(char name[TORTURE_NAME], const struct scenario *scenario, const struct life *form)
{
    snprintf(name, TORTURE_NAME, "%s, %s and %s at %s, %d I/O threads", scenario->name,
             form->patterns[0], form->patterns[1], form->transport, form->io_threads);
}

void torture_name_form(const struct scenario *scenario, const struct life *form)
{
    static char name[TORTURE_NAME];

    torture_name(name, scenario, form);
    now.scenario = name;
    watchdog_begin(name);
}

bool torture_is_chosen(int argc, char **argv, const char *name)
{
    bool any = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            continue;
        any = true;
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return !any;
}

static void pause_shortly(void)
{
    const struct timespec time = {.tv_nsec = PAUSE_MS * 1000000L};

    nanosleep(&time, NULL);
}

/* One attempt; whatever is in the way of the patterns' turns is a reason to try again. */
static bool gets_through(struct life *life)
{
    bool is_pub = strcmp(life->patterns[0], "pub") == 0;
    tn_socket_t *from = life->sockets[is_pub ? 0 : 1], *to = life->sockets[is_pub ? 1 : 0];
    char buffer[64];

    tn_send(from, "probe", 5, TN_DONTWAIT);
    pause_shortly();
    for (;;) {
        ssize_t size = tn_recv(to, buffer, sizeof buffer, TN_DONTWAIT);
        if (size == -TN_EFSM) /* REP: a request that was received before */
            tn_send(to, "answer", 6, TN_DONTWAIT);
        else if (size < 0)
            return false;
        else if (size == 5 && memcmp(buffer, "probe", 5) == 0)
            return true;
    }
}

void torture_recover(struct life *life)
{
    watchdog_doing("recovers from", now.what);
    if (strcmp(life->patterns[1], "req") == 0)
        return; /* a request that was lost is not asked again */
    for (int left = RECOVERY_MS / PAUSE_MS; left > 0; left--)
        if (gets_through(life))
            return;
    torture_fail("what was connected does not recover", __LINE__);
}

static tn_socket_t *new_dealer(const struct life *life, int i)
{
    struct life copy = *life;
    tn_socket_t *socket = copy.sockets[i] = tn_socket(life->ctx, "dealer");

    if (!socket)
        torture_fail("no new socket can be made", __LINE__);
    if (tn_set_int(socket, "linger", 0) < 0 ||
        tn_set_int(socket, "rcvtimeo", TORTURE_PATIENT_MS) < 0 ||
        (life->dress && !life->dress(&copy, i)))
        torture_fail("a new socket cannot be set", __LINE__);
    return socket;
}

void torture_begin_anew(const struct life *life)
{
    static const char *const schemes[] = {"tcp://127.0.0.1:*", "ipc://*", "tls://127.0.0.1:*"};
    const char *transport = schemes[0];
    char endpoint[TORTURE_ENDPOINT], buffer[8];
    size_t size = sizeof endpoint;
    tn_socket_t *server, *client;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(schemes[i], life->transport, 3) == 0)
            transport = schemes[i];
    watchdog_doing("begins anew after", now.what);
    server = new_dealer(life, 0);
    client = new_dealer(life, 1);
    if (tn_bind(server, transport) < 0 ||
        tn_get_str(server, "last_endpoint", endpoint, &size) < 0 ||
        tn_connect(client, endpoint) < 0 || tn_send(client, "fresh", 5, 0) < 0 ||
        tn_recv(server, buffer, sizeof buffer, 0) != 5 || tn_send(server, "reply", 5, 0) < 0 ||
        tn_recv(client, buffer, sizeof buffer, 0) != 5)
        torture_fail("new sockets cannot talk", __LINE__);
    if (tn_close(server) < 0 || tn_close(client) < 0)
        torture_fail("tn_close", __LINE__);
}

static void end_context(tn_ctx_t *ctx)
{
    int rc;

    watchdog_doing("ends a context after", now.what);
    do
        rc = ctx ? tn_ctx_term(ctx, END_MS) : 0;
    while (rc == -EINTR);
    if (rc < 0)
        torture_fail("tn_ctx_term", __LINE__);
}

void torture_end(struct life *life)
{
    watchdog_doing("closes after", now.what);
    for (int i = 0; i < 2; i++)
        if (life->sockets[i] && tn_close(life->sockets[i]) < 0)
            torture_fail("tn_close", __LINE__);
    for (int i = 0; i < TORTURE_POLLED; i++)
        if (life->more[i] && tn_close(life->more[i]) < 0)
            torture_fail("tn_close", __LINE__);
    tn_monitor_close(life->monitor);
    end_context(life->ctx);
    if (!life->has_handler)
        return;
    pthread_join(life->handler, NULL);
    end_context(
        tn_ctx_new()); /* what the thread kept for its next wait goes with a context's end */
    watchdog_doing("goes on after", now.what);
}
