/*
 * torture_calls: scenarios in which one call of the system fails, once: each that the library makes,
 * the n-th of its kind for each n, with each error that it may plausibly give.
 *
 * torture_calls [--long] [CALL...]
 * Without --long only every few calls and errors are tried, others of them in each scenario. What must then hold: a call
 * of ours gives that error, or a connection is made again; nothing that EINTR or EAGAIN interrupts is
 * noticed at all; afterwards the same sockets, and new ones of the same context, get messages through;
 * no descriptor is left.
 */
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "torture.h"
#include "watchdog.h"

enum { STEP = 41, EVERY = 3, ERRORS = 16, CODES = 8, LOST_MS = 40 };

struct row {
    enum fault_call call;
    const char *name;
    int errors[ERRORS];
    bool is_unseen; /* the library deals with it: nobody notices */
    int codes[CODES]; /* what else our calls may give */
};

#define SEEN false
#define UNSEEN true
#define SHORTAGE EMFILE, ENFILE, ENOBUFS, ENOMEM

static const struct row rows[] = {
    {FAULT_SOCKET, "socket", {SHORTAGE, EACCES, EPERM, EAFNOSUPPORT}, SEEN, {0}},
    {FAULT_BIND, "bind", {EADDRINUSE, EADDRNOTAVAIL, EACCES, EPERM, ENOMEM, EROFS}, SEEN, {0}},
    {FAULT_LISTEN, "listen", {EADDRINUSE, ENOBUFS}, SEEN, {0}},
    {FAULT_ACCEPT4,
     "accept4",
     {EINTR, EAGAIN, ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, EHOSTUNREACH, ENETUNREACH, EPERM,
      ETIMEDOUT},
     UNSEEN,
     {0}},
    {FAULT_ACCEPT4, "accept4", {SHORTAGE}, SEEN, {0}},
    {FAULT_CONNECT, "connect", {EINTR}, UNSEEN, {0}},
    {FAULT_CONNECT,
     "connect",
     {EAGAIN, ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EACCES, EPERM,
      EADDRNOTAVAIL, EADDRINUSE, ENOBUFS, ENOMEM, ECONNRESET},
     SEEN,
     {0}},
    {FAULT_SO_ERROR,
     "SO_ERROR",
     {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET, EPIPE},
     SEEN,
     {0}},
    {FAULT_GETSOCKOPT, "getsockopt", {ENOBUFS, ENOMEM, ENOPROTOOPT}, SEEN, {0}},
    {FAULT_SETSOCKOPT, "setsockopt", {ENOPROTOOPT, EPERM, EINVAL, ENOMEM, ENOBUFS}, SEEN, {0}},
    {FAULT_GETSOCKNAME, "getsockname", {ENOBUFS, ENOMEM}, SEEN, {0}},
    {FAULT_GETPEERNAME, "getpeername", {ENOTCONN, ENOBUFS, ECONNRESET}, SEEN, {0}},
    {FAULT_FCNTL, "fcntl", {EMFILE, ENFILE}, SEEN, {0}},
    {FAULT_RECV, "recv", {EINTR, EAGAIN, FAULT_SHORT}, UNSEEN, {0}},
    {FAULT_RECV,
     "recv",
     {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETDOWN, ENOMEM, ENOBUFS, ECONNREFUSED, EIO},
     SEEN,
     {0}},
    {FAULT_READV, "readv", {EINTR, EAGAIN, FAULT_SHORT}, UNSEEN, {0}},
    {FAULT_READV, "readv", {ECONNRESET, ETIMEDOUT, ENOMEM}, SEEN, {0}},
    {FAULT_SEND, "send", {EINTR, EAGAIN, FAULT_SHORT}, UNSEEN, {0}},
    {FAULT_SEND,
     "send",
     {EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENOBUFS, ENOMEM, EPERM,
      EACCES},
     SEEN,
     {0}},
    {FAULT_SENDMSG, "sendmsg", {EINTR, EAGAIN, FAULT_SHORT}, UNSEEN, {0}},
    {FAULT_SENDMSG, "sendmsg", {EPIPE, ECONNRESET, ENOBUFS, ENOMEM}, SEEN, {0}},
    {FAULT_SENDMMSG,
     "sendmmsg",
     {EINTR, EAGAIN, ENOBUFS, ENOMEM, EPERM, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ENETDOWN,
      EMSGSIZE, EINVAL},
     UNSEEN,
     {0}},
    {FAULT_RECVMMSG,
     "recvmmsg",
     {EINTR, EAGAIN, ECONNREFUSED, ENOMEM, ENETDOWN, EHOSTUNREACH},
     UNSEEN,
     {0}},
    {FAULT_EPOLL_CREATE1, "epoll_create1", {EMFILE, ENFILE, ENOMEM}, SEEN, {0}},
    {FAULT_EPOLL_CTL, "epoll_ctl", {ENOMEM, ENOSPC}, SEEN, {0}},
    {FAULT_EPOLL_WAIT, "epoll_wait", {EINTR}, UNSEEN, {0}},
    {FAULT_EVENTFD, "eventfd", {EMFILE, ENFILE, ENOMEM}, SEEN, {TN_EMODULE}},
    /* A signal ends a wait of the program's, as it ends the system's. */
    {FAULT_POLL, "poll", {EINTR, ENOMEM}, SEEN, {0}},
    {FAULT_PPOLL, "ppoll", {EINTR, ENOMEM}, SEEN, {0}},
    {FAULT_PIPE2, "pipe2", {EMFILE, ENFILE}, UNSEEN, {0}},
    {FAULT_CLOSE, "close", {EINTR, EIO}, UNSEEN, {0}},
    {FAULT_FUTEX, "futex", {EINTR}, SEEN, {0}},
    {FAULT_FUTEX, "futex", {EAGAIN}, UNSEEN, {0}},
    {FAULT_THREAD, "pthread_create", {EAGAIN, EPERM}, SEEN, {0}},
    {FAULT_GETADDRINFO,
     "getaddrinfo",
     {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_SYSTEM, EAI_NONAME},
     SEEN,
     {0}},
    {FAULT_GETIFADDRS, "getifaddrs", {ENOMEM, ENOBUFS, EMFILE}, SEEN, {0}},
    {FAULT_GETRANDOM, "getrandom", {EINTR, EAGAIN}, UNSEEN, {0}},
    {FAULT_PRCTL, "prctl", {EPERM, EINVAL}, UNSEEN, {0}},
    {FAULT_OPEN, "open", {EINTR}, UNSEEN, {0}},
    {FAULT_OPEN, "open", {EMFILE, ENFILE, ENOMEM, EACCES, EIO}, SEEN, {TN_EMODULE}},
    {FAULT_READ, "read", {EINTR, FAULT_SHORT}, UNSEEN, {0}},
    {FAULT_READ, "read", {EIO, ENOMEM}, SEEN, {TN_EMODULE}},
    {FAULT_FSTAT, "fstat", {EIO, ENOMEM}, SEEN, {TN_EMODULE}},
    {FAULT_STAT, "stat", {EIO, ENOMEM, EACCES}, SEEN, {TN_EMODULE}},
    {FAULT_LSTAT, "lstat", {EIO, ENOMEM, EACCES}, SEEN, {0}},
    {FAULT_UNLINK, "unlink", {EPERM, EACCES, EROFS}, SEEN, {0}},
    {FAULT_CHMOD, "chmod", {EPERM, EROFS}, SEEN, {0}},
    {FAULT_MKDTEMP, "mkdtemp", {EACCES, EROFS, ENOSPC}, SEEN, {0}},
    {FAULT_RMDIR, "rmdir", {EACCES, EBUSY}, SEEN, {0}},
};

static unsigned long step = STEP, every = EVERY, offset, runs;
static char directory[] = "/tmp/tenon-torture-XXXXXX";

/* ------------------------------------------------------------------ descriptors */

static unsigned open_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    unsigned count = 0;

    if (!list)
        torture_fail("/proc/self/fd cannot be read", __LINE__);
    while (readdir(list))
        count++;
    closedir(list);
    return count;
}

/* A thread that ends may still be about to close its own. */
static void expect_descriptors(unsigned count)
{
    for (int left = 2000; open_descriptors() != count; left--) {
        if (left == 0)
            torture_fail("a descriptor was not closed", __LINE__);
        usleep(1000);
    }
}

/* ------------------------------------------------------------------ one run */

static char text[80];

static void expect(const struct row *row, int error, unsigned long nth)
{
    static int codes[CODES + 3];
    size_t count = 0;

    snprintf(text, sizeof text, "%s fails with %s, call", row->name,
             row->call == FAULT_GETADDRINFO ? gai_strerror(error)
             : error == FAULT_SHORT         ? "one byte"
                                            : strerrorname_np(error));
    if (!row->is_unseen) {
        codes[count++] = row->call == FAULT_GETADDRINFO ? -ENODEV : -error;
        codes[count++] = -EAGAIN;
        codes[count++] = -ETIMEDOUT;
        for (int i = 0; i < CODES && row->codes[i]; i++)
            codes[count++] = -row->codes[i];
    }
    torture_shortage(text, nth, codes, count);
}

/* Returns whether there were as many calls as `nth`. */
static bool run_failing(const struct scenario *scenario, struct life life, const struct row *row,
                        int error, unsigned long nth)
{
    unsigned descriptors = open_descriptors();
    unsigned long count;

    runs++;
    expect(row, error, nth);
    life.wait_ms = row->is_unseen ? TORTURE_PATIENT_MS : LOST_MS;
    watchdog_doing("runs", scenario->name);
    faults_arm(row->call, error, nth);
    scenario->run(&life);
    count = faults_disarm();
    if (count >= nth) {
        torture_shortage(text, nth, NULL, 0); /* it has struck: no excuse any more */
        if (life.is_joined)
            torture_recover(&life);
        if (life.ctx)
            torture_begin_anew(&life);
        torture_end(&life);
    } else {
        faults_arm(row->call, error, nth - count);
        torture_end(&life);
        count += faults_disarm();
    }
    expect_descriptors(descriptors);
    return count >= nth;
}

static void run_row(const struct scenario *scenario, const struct life *form, const struct row *row)
{
    for (int i = 0; i < ERRORS && row->errors[i]; i++) {
        unsigned long nth = 1 + offset++ % step;

        if (offset % every != 0)
            continue;
        while (run_failing(scenario, *form, row, row->errors[i], nth)) {
            watchdog_begin(scenario->name);
            nth += step;
        }
    }
}

/* ------------------------------------------------------------------ all of them */

static const struct scenario *find(const char *name)
{
    for (size_t list = 0; torture_scenarios[list]; list++)
        for (const struct scenario *at = torture_scenarios[list]; at->name; at++)
            if (strcmp(at->name, name) == 0)
                return at;
    torture_fail(name, __LINE__);
}

static void run_form(int argc, char **argv, const char *name, const struct life *form)
{
    const struct scenario *scenario = find(name);
    struct life life = *form;

    torture_name_form(scenario, form);
    torture_shortage(NULL, 0, NULL, 0);
    life.wait_ms = TORTURE_PATIENT_MS;
    if (!scenario->run(&life))
        torture_fail("a scenario does not work when nothing fails", __LINE__);
    torture_end(&life);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (torture_is_chosen(argc, argv, rows[i].name))
            run_row(scenario, form, &rows[i]);
    printf("%s over %.3s, %d I/O threads: %lu runs\n", name, form->transport, form->io_threads,
           runs);
    fflush(stdout);
    runs = 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"exchange", "reconnect", "monitor", "secure"},
                             *const over_tcp[] = {"by_name", "datagrams", "curve",
                                                  "zap",     "file",      "tls"};
    char ipc[64];
    const char *transports[] = {"tcp://127.0.0.1:*", ipc};

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--long") == 0)
            step = every = 1;
    if (!mkdtemp(directory))
        return 1;
    torture_secure_begin();
    snprintf(ipc, sizeof ipc, "ipc://%s/socket", directory);
    for (int threads = 0; threads < 2; threads++) {
        struct life form = {.patterns = {"router", "dealer"}, .io_threads = threads};
        for (size_t t = 0; t < sizeof transports / sizeof transports[0]; t++) {
            form.transport = transports[t];
            for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                run_form(argc, argv, names[i], &form);
        }
        form.transport = transports[0];
        for (size_t i = 0; i < sizeof over_tcp / sizeof over_tcp[0]; i++)
            run_form(argc, argv, over_tcp[i], &form);
    }
    torture_secure_end();
    rmdir(directory);
    return 0;
}
