#include "fake_core.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

const tn_transport_ops_t *ops;
struct fake_host fake;

void fake_core_begin(const tn_feature_t *feature)
{
    ops = feature->ops;
    fake_host_init(&fake);
    fake_host_set_defaults(&fake, feature->options);
    fake_alloc_fail_at(0);
}

int fake_listen(struct fake_server *server, const char *address)
{
    const char *colon;
    int code;

    memset(server, 0, sizeof *server);
    server->handle.host = &fake;
    server->state = calloc(1, ops->listener_state);
    assert_non_null(server->state);
    code = ops->listen(server->state, &server->handle, &fake.table, address);
    colon = strrchr(server->handle.address, ':');
    server->port = colon ? atoi(colon + 1) : 0;
    return code;
}

void fake_unlisten(struct fake_server *server)
{
    ops->unlisten(server->state);
    free(server->state);
}

void fake_open(struct fake_client *client, unsigned role)
{
    memset(client, 0, sizeof *client);
    client->handle.host = &fake;
    client->state = calloc(1, ops->stream_state);
    assert_non_null(client->state);
    assert_int_equal(ops->open(client->state, &client->handle, &fake.table, role, ""), 0);
    assert_int_equal(ops->fd(client->state), -1);
}

void fake_close(struct fake_client *client)
{
    ops->close(client->state);
    free(client->state);
}

int fake_finish_dial(struct fake_client *client, int code)
{
    while (code == -EINPROGRESS) {
        fake_wait(ops->fd(client->state), POLLOUT);
        code = ops->established(client->state);
    }
    return code;
}

int fake_dial(struct fake_client *client, const char *address)
{
    fake_open(client, TN_ROLE_CONNECT);
    return fake_finish_dial(client, ops->dial(client->state, address));
}

int fake_dial_port(struct fake_client *client, const char *format, int port)
{
    char address[128];

    snprintf(address, sizeof address, format, port, port);
    return fake_dial(client, address);
}

void fake_accept(struct fake_server *server, struct fake_client *accepted)
{
    fake_open(accepted, TN_ROLE_BIND);
    fake_wait(ops->listener_fd(server->state), POLLIN);
    assert_int_equal(ops->accept(server->state, accepted->state), 0);
}

void fake_pair(struct fake_server *server, const char *address, struct fake_client *dialled,
               struct fake_client *accepted)
{
    assert_int_equal(fake_listen(server, address), 0);
    assert_int_equal(fake_dial(dialled, server->handle.address), 0);
    fake_accept(server, accepted);
}

void fake_pair_end(struct fake_server *server, struct fake_client *dialled,
                   struct fake_client *accepted)
{
    fake_close(dialled);
    fake_close(accepted);
    fake_unlisten(server);
}

void fake_wait(int fd, short events)
{
    struct pollfd item = {.fd = fd, .events = events};

    assert_int_equal(poll(&item, 1, PATIENCE_MS), 1);
}

void fake_says(const char *words)
{
    if (!strstr(fake.error, words))
        fail_msg("the sentence is \"%s\", without \"%s\"", fake.error, words);
}

int fake_sockopt(const struct fake_client *client, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(ops->fd(client->state), level, option, &value, &size), 0);
    return value;
}

struct rlimit fake_leave_descriptors(unsigned count)
{
    struct rlimit before, few;
    int next = dup(STDIN_FILENO);

    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t)next + count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return before;
}
