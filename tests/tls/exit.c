/*
 * tls_exit: a program that exits in the middle of its traffic, without ending anything. Its I/O threads
 * must not meet an OpenSSL that has been cleaned up: a child does it, many times, and exits with 0.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "certs.h"

enum { TIMES = 12, MESSAGES = 300 };

static tn_socket_t *pull, *push;

static void need(long rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, tn_last_error());
    _exit(2);
}

static void *flood(void *arg)
{
    static char bytes[5000];

    while (tn_send(push, bytes, sizeof bytes, 0) == 0)
        ;
    return arg;
}

static void child(void)
{
    tn_ctx_t *ctx = tn_ctx_new();
    char endpoint[128], bytes[5000];
    size_t size = sizeof endpoint;
    pthread_t thread;

    pull = tn_socket(ctx, "pull");
    push = tn_socket(ctx, "push");
    need(tn_set_str(pull, "tls.cert", certs_path("server.pem")), "tls.cert");
    need(tn_set_str(pull, "tls.key", certs_path("server.key")), "tls.key");
    need(tn_set_str(push, "tls.ca", certs_path("ca.pem")), "tls.ca");
    need(tn_bind(pull, "tls://127.0.0.1:*"), "bind");
    need(tn_get_str(pull, "last_endpoint", endpoint, &size), "last_endpoint");
    need(tn_connect(push, endpoint), "connect");
    need(pthread_create(&thread, NULL, flood, NULL) ? -1 : 0, "thread");
    for (int i = 0; i < MESSAGES; i++)
        need(tn_recv(pull, bytes, sizeof bytes, 0), "receive");
    exit(0);
}

int main(void)
{
    int failures = 0;

    certs_begin();
    for (int i = 0; i < TIMES; i++) {
        pid_t pid = fork();
        int status = 1;

        if (pid == 0)
            child();
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
            failures++;
    }
    certs_end();
    if (failures)
        fprintf(stderr, "%d of %d ended badly\n", failures, TIMES);
    return failures ? 1 : 0;
}
