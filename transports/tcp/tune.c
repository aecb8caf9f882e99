#include "tcp.h"

#include <netinet/tcp.h>

int tni_tcp_prepare(const struct sock_owner *owner, int fd, int family)
{
    int64_t busy_poll = sock_option_int(owner, "busy_poll", 0);
    int code = sock_bind_to_device(owner, fd);

    if (code == 0)
        code = sock_set_buffers(owner, fd);
    if (code == 0)
        code = sock_set_tos(owner, fd, family);
    if (code == 0 && busy_poll > 0)
        code = sock_set(owner, fd, SOL_SOCKET, SO_BUSY_POLL, busy_poll, "busy_poll");
    return code;
}

static int set_keepalive(const struct sock_owner *owner, int fd)
{
    static const struct {
        const char *name;
        int option;
    } timings[] = {
        {"keepalive_idle", TCP_KEEPIDLE},
        {"keepalive_intvl", TCP_KEEPINTVL},
        {"keepalive_cnt", TCP_KEEPCNT},
    };
    int64_t keepalive = sock_option_int(owner, "keepalive", -1);
    int code;

    if (keepalive < 0)
        return 0;
    code = sock_set(owner, fd, SOL_SOCKET, SO_KEEPALIVE, keepalive, "keepalive");
    for (size_t i = 0; code == 0 && keepalive && i < sizeof timings / sizeof *timings; i++) {
        int64_t number = sock_option_int(owner, timings[i].name, -1);

        if (number > 0)
            code = sock_set(owner, fd, IPPROTO_TCP, timings[i].option, number, timings[i].name);
    }
    return code;
}

int tni_tcp_tune(const struct sock_owner *owner, int fd, int family)
{
    int64_t maxrt = sock_option_int(owner, "maxrt", 0);
    int code = 0;

    if (sock_option_int(owner, "nodelay", 1))
        code = sock_set(owner, fd, IPPROTO_TCP, TCP_NODELAY, 1, "nodelay");
    if (code == 0)
        code = set_keepalive(owner, fd);
    if (code == 0 && maxrt > 0)
        code = sock_set(owner, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, maxrt, "maxrt");
    if (code == 0)
        code = sock_set_tos(owner, fd, family);
    return code < 0 ? code : sock_set_priority(owner, fd);
}
