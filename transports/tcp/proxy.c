#include "proxy.h"

static int parse(const tn_host_t *host, const char *text, struct sock_text *out_where)
{
    struct sock_text source;
    bool has_source;

    if (tni_tcp_parse_connect(host, text, out_where, &source, &has_source) == 0 && !has_source)
        return 0;
    return host->set_error(host, -EINVAL,
                           "the option tcp.socks_proxy=%s is no address; write HOST:PORT", text);
}

int tni_tcp_proxy_check(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                        unsigned role, const char *address)
{
    struct sock_text where;
    tn_value_t value;

    (void)endpoint_state;
    (void)address;
    if (role != TN_ROLE_CONNECT || host->setup_option(setup, "socks_proxy", &value) < 0 ||
        !value.data || value.size == 0)
        return 0;
    return parse(host, value.data, &where);
}

int tni_tcp_proxy_new(const struct sock_owner *owner, const struct sock_text *target,
                      struct tni_tcp_proxy **out_proxy)
{
    const tn_host_t *host = owner->host;
    const char *text = sock_option_text(owner, "socks_proxy");
    struct tni_tcp_proxy *proxy;
    int code;

    *out_proxy = NULL;
    if (!text)
        return 0;
    proxy = host->alloc(sizeof *proxy);
    if (!proxy)
        return host->set_error(host, -ENOMEM, "tcp: no memory to ask a proxy");
    code = parse(host, text, &proxy->where);
    if (code == 0 && tni_socks_start(&proxy->socks, target->host, target->port,
                                     sock_option_text(owner, "socks_username"),
                                     sock_option_text(owner, "socks_password")) < 0)
        code =
            host->set_error(host, -EINVAL,
                            "the host, socks_username or socks_password is too long for a SOCKS5 "
                            "proxy");
    if (code < 0)
        tni_tcp_proxy_free(owner, proxy);
    else
        *out_proxy = proxy;
    return code;
}

static int fail(const struct sock_owner *owner, const struct tni_tcp_proxy *proxy, int code,
                const char *reason)
{
    return owner->host->set_error(owner->host, code, "tcp://%s:%u: the SOCKS5 proxy %s:%u %s",
                                  proxy->socks.host, proxy->socks.port, proxy->where.host,
                                  proxy->where.port, reason);
}

/* 0: all is sent. */
static int say(const struct sock_owner *owner, struct tni_tcp_proxy *proxy, int fd)
{
    while (proxy->sent < proxy->socks.out_size) {
        struct iovec iov = {proxy->socks.out + proxy->sent, proxy->socks.out_size - proxy->sent};
        ssize_t size = tn_sys_writev(fd, &iov, 1);

        if (size == -EAGAIN)
            return -EINPROGRESS;
        if (size < 0)
            return fail(owner, proxy, (int)size, "closed the connection");
        proxy->sent += (size_t)size;
    }
    return 0;
}

static int hear(const struct sock_owner *owner, struct tni_tcp_proxy *proxy, int fd)
{
    uint8_t bytes[TNI_SOCKS_IN_MAX];
    struct iovec iov = {bytes, tni_socks_wants(&proxy->socks)};
    ssize_t size = tn_sys_readv(fd, &iov, 1);
    int code;

    if (size == -EAGAIN)
        return -EINPROGRESS;
    if (size <= 0)
        return fail(owner, proxy, size < 0 ? (int)size : -ECONNRESET, "closed the connection");
    code = tni_socks_take(&proxy->socks, bytes, (size_t)size);
    if (proxy->socks.in_size == 0)
        proxy->sent = 0; /* it has something new to say */
    return code < 0 ? fail(owner, proxy, code, proxy->socks.reason) : 0;
}

int tni_tcp_proxy_advance(const struct sock_owner *owner, struct tni_tcp_proxy *proxy, int fd)
{
    int code = 0;

    while (code == 0 && proxy->socks.state != TNI_SOCKS_DONE) {
        code = say(owner, proxy, fd);
        if (code == 0)
            code = hear(owner, proxy, fd);
    }
    return code;
}

void tni_tcp_proxy_free(const struct sock_owner *owner, struct tni_tcp_proxy *proxy)
{
    if (!proxy)
        return;
    explicit_bzero(proxy, sizeof *proxy);
    owner->host->free(proxy);
}
