#include "tcp.h"

#include <netinet/tcp.h>

/* A dual-stack socket needs both: its IPv4 peers look at IP_TOS. */
static int set_tos(const struct sock_owner *owner, int fd, int family)
{
    int64_t tos = sock_option_int(owner, "tos", 0);
    int code = 0;

    if (tos <= 0)
        return 0;
    if (family == AF_INET6)
        code = sock_set(owner, fd, IPPROTO_IPV6, IPV6_TCLASS, tos, "tos");
    return code < 0 ? code : sock_set(owner, fd, IPPROTO_IP, IP_TOS, tos, "tos");
}

static int set_priority(const struct sock_owner *owner, int fd)
{
    int64_t priority = sock_option_int(owner, "priority", 0);

    if (priority <= 0)
        return 0;
    return sock_set(owner, fd, SOL_SOCKET, SO_PRIORITY, priority, "priority");
}

static int bind_to_device(const struct sock_owner *owner, int fd)
{
    const char *device = sock_option_text(owner, "bindtodevice");
    int saved = errno;
    int code;

    if (!device)
        return 0;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) == 0)
        return 0;
    code = -errno;
    errno = saved;
    return owner->host->set_error(owner->host, code,
                                  "the option bindtodevice=%s is refused by the system: %s; name "
                                  "an interface that exists, or give the program CAP_NET_RAW",
                                  device, strerrordesc_np(-code));
}

int tni_tcp_prepare(const struct sock_owner *owner, int fd, int family)
{
    int code = bind_to_device(owner, fd);

    if (code == 0)
        code = sock_set_buffers(owner, fd);
    if (code == 0)
        code = set_tos(owner, fd, family);
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
        code = set_tos(owner, fd, family);
    return code < 0 ? code : set_priority(owner, fd);
}
