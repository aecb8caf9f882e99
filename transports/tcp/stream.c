#include "tcp.h"

#include <netdb.h>
#include <stdio.h>

enum { MAX_TARGETS = 16 };

int tni_tcp_check(const tn_host_t *host, const char *address, unsigned role)
{
    struct sock_text text, source;
    bool has_source;

    if (role == TN_ROLE_BIND)
        return tni_tcp_parse_bind(host, address, &text);
    return tni_tcp_parse_connect(host, address, &text, &source, &has_source);
}

int tni_tcp_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                 const char *address)
{
    struct tni_tcp_stream *self = state;

    (void)role;
    (void)address;
    self->owner = (struct sock_owner){.host = host, .stream = stream};
    self->fd = -1;
    return 0;
}

static int reserve_targets(struct tni_tcp_stream *self, size_t count)
{
    const tn_host_t *host = self->owner.host;

    self->targets = host->alloc(count * sizeof *self->targets);
    return self->targets
               ? 0
               : host->set_error(host, -ENOMEM, "tcp: no memory for the addresses to try");
}

static void forget_targets(struct tni_tcp_stream *self)
{
    if (self->targets)
        self->owner.host->free(self->targets);
    self->targets = NULL;
    self->target_count = 0;
    self->next = 0;
}

static int fail(struct tni_tcp_stream *self, int code, const char *what,
                const union sock_name *name)
{
    char text[SOCK_ADDRESS_SIZE];

    sock_format("tcp", name, text);
    return self->owner.host->set_error(self->owner.host, code, "%s: %s: %s", text, what,
                                       strerrordesc_np(-code));
}

static int bind_source(struct tni_tcp_stream *self, int fd, const union sock_name *target)
{
    union sock_name source = self->source;
    int on = 1;

    if (sock_is_any(&source))
        sock_from_any(target->any.sa_family, sock_port(&source), &source);
    if (source.any.sa_family != target->any.sa_family)
        return fail(self, -EAFNOSUPPORT, "the source is of another address family than this",
                    target);
    /* A reconnect takes the same source port while the old connection is in TIME_WAIT. */
    if (sock_port(&source) != 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, &source.any, sock_name_size(&source)) < 0)
        return fail(self, -errno, "the source cannot be bound", &source);
    return 0;
}

/* Takes `fd` for good; the previous one is closed after it was made, so that their numbers differ and
 * the core sees that there is another. */
static int start(struct tni_tcp_stream *self, int fd, const union sock_name *target)
{
    int family = target->any.sa_family;
    int code;

    tn_sys_close(&self->fd);
    self->fd = fd;
    code = tni_tcp_prepare(&self->owner, fd, family);
    if (code == 0)
        code = tni_tcp_tune(&self->owner, fd, family);
    if (code == 0 && self->has_source)
        code = bind_source(self, fd, target);
    if (code < 0)
        return code;
    if (connect(fd, &target->any, sock_name_size(target)) == 0)
        return 0;
    if (errno == EINPROGRESS || errno == EINTR)
        return -EINPROGRESS;
    return fail(self, -errno, "cannot connect", target);
}

static int ask(struct tni_tcp_stream *self)
{
    int code = tni_tcp_proxy_advance(&self->owner, self->proxy, self->fd);

    if (code == 0) {
        tni_tcp_proxy_free(&self->owner, self->proxy);
        self->proxy = NULL;
        self->is_asking = false;
    }
    return code;
}

/* A connect to a free port of this machine may be given that very port as its own, and then the
 * two meet. Nobody listens there. */
static int finish(struct tni_tcp_stream *self)
{
    char local_text[SOCK_ADDRESS_SIZE];
    char remote_text[SOCK_ADDRESS_SIZE];
    union sock_name local, remote;
    socklen_t local_size = sizeof local;
    socklen_t remote_size = sizeof remote;

    if (getsockname(self->fd, &local.any, &local_size) < 0 ||
        getpeername(self->fd, &remote.any, &remote_size) < 0)
        return self->owner.host->set_error(self->owner.host, -errno,
                                           "tcp: the connection was lost as soon as it was made");
    if (sock_is_same(&local, &remote))
        return fail(self, -ECONNREFUSED, "nobody listens, the connection met itself", &remote);
    sock_format("tcp", &local, local_text);
    sock_format("tcp", &remote, remote_text);
    forget_targets(self);
    self->owner.host->stream_set_addresses(self->owner.stream, local_text, remote_text);
    self->is_asking = self->proxy != NULL;
    return self->is_asking ? ask(self) : 0;
}

static int connect_next(struct tni_tcp_stream *self, int code)
{
    while (self->next < self->target_count) {
        const union sock_name *target = &self->targets[self->next++];
        int fd = sock_new(self->owner.host, target->any.sa_family);

        code = fd < 0 ? fd : start(self, fd, target);
        if (code == 0)
            code = finish(self);
        if (code == 0 || code == -EINPROGRESS)
            return code;
    }
    return code;
}

static int set_source(struct tni_tcp_stream *self, const struct sock_text *text)
{
    bool ipv6 = sock_option_int(&self->owner, "ipv6", 0) != 0;

    self->has_source = true;
    if (text->host[0] == '\0')
        sock_from_any(AF_INET, text->port, &self->source);
    else if (!sock_from_number(text, &self->source) &&
             !sock_from_interface(text, ipv6, &self->source))
        return self->owner.host->set_error(self->owner.host, -ENODEV,
                                           "the source '%s' is neither an address nor an interface "
                                           "of this machine",
                                           text->host);
    return 0;
}

static int start_resolving(struct tni_tcp_stream *self, const struct sock_text *text)
{
    bool ipv6 = sock_option_int(&self->owner, "ipv6", 0) != 0;
    char port[8];
    int code;

    snprintf(port, sizeof port, "%u", text->port);
    code = self->owner.host->stream_resolve(self->owner.stream, text->host, port,
                                            ipv6 ? AF_UNSPEC : AF_INET, AI_NUMERICSERV);
    return code < 0 ? code : -EINPROGRESS;
}

static int dial(struct tni_tcp_stream *self, const char *address)
{
    struct sock_text text, source;
    union sock_name number;
    bool has_source;
    int code = tni_tcp_parse_connect(self->owner.host, address, &text, &source, &has_source);

    if (code == 0 && has_source)
        code = set_source(self, &source);
    if (code == 0)
        code = tni_tcp_proxy_new(&self->owner, &text, &self->proxy);
    if (code < 0)
        return code;
    if (self->proxy)
        text = self->proxy->where;
    if (!sock_from_number(&text, &number))
        return start_resolving(self, &text);
    code = reserve_targets(self, 1);
    if (code < 0)
        return code;
    self->targets[0] = number;
    self->target_count = 1;
    return connect_next(self, -EADDRNOTAVAIL);
}

int tni_tcp_dial(void *state, const char *address)
{
    int saved = errno;
    int code = dial(state, address);

    errno = saved;
    return code;
}

static int use_addresses(struct tni_tcp_stream *self, const struct addrinfo *addresses)
{
    int code = reserve_targets(self, MAX_TARGETS);

    if (code < 0)
        return code;
    for (const struct addrinfo *item = addresses; item && self->target_count < MAX_TARGETS;
         item = item->ai_next)
        if (sock_from_system(item->ai_addr, item->ai_addrlen, &self->targets[self->target_count]))
            self->target_count++;
    if (self->target_count == 0)
        return self->owner.host->set_error(self->owner.host, -EADDRNOTAVAIL,
                                           "the name has no IPv4 or IPv6 address");
    return connect_next(self, -EADDRNOTAVAIL);
}

int tni_tcp_resolved(void *state, int status, const struct addrinfo *addresses)
{
    int saved = errno;
    int code = status < 0 ? status : use_addresses(state, addresses);

    errno = saved;
    return code;
}

/* What became of the connect that is under way: 0, -EINPROGRESS, or why it failed. */
static int outcome(int fd)
{
    union sock_name peer;
    socklen_t size = sizeof(int);
    int error = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -errno;
    if (error != 0)
        return -error;
    size = sizeof peer;
    if (getpeername(fd, &peer.any, &size) < 0)
        return errno == ENOTCONN ? -EINPROGRESS : -errno;
    return 0;
}

int tni_tcp_established(void *state)
{
    struct tni_tcp_stream *self = state;
    int saved = errno;
    int code;

    if (self->is_asking) {
        code = ask(self);
        errno = saved;
        return code;
    }
    code = outcome(self->fd);
    if (code == 0)
        code = finish(self);
    else if (code != -EINPROGRESS && self->next > 0)
        code = fail(self, code, "cannot connect", &self->targets[self->next - 1]);
    if (code != 0 && code != -EINPROGRESS)
        code = connect_next(self, code);
    errno = saved;
    return code;
}

ssize_t tni_tcp_readv(void *state, const struct iovec *iov, int count)
{
    const struct tni_tcp_stream *self = state;

    return tn_sys_recvv(self->fd, iov, count);
}

ssize_t tni_tcp_writev(void *state, const struct iovec *iov, int count)
{
    const struct tni_tcp_stream *self = state;

    return tn_sys_writev(self->fd, iov, count);
}

int tni_tcp_fd(void *state)
{
    const struct tni_tcp_stream *self = state;

    return self->fd;
}

void tni_tcp_close(void *state)
{
    struct tni_tcp_stream *self = state;

    tn_sys_close(&self->fd);
    forget_targets(self);
    tni_tcp_proxy_free(&self->owner, self->proxy);
    self->proxy = NULL;
    self->is_asking = false;
}
