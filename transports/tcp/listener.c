#include "../common/adopt.h"
#include "../common/list.h"
#include "tcp.h"

#include <netdb.h>
#include <stdio.h>

enum { MAX_CANDIDATES = 8 };

/* The application's thread may wait for a name server. */
static int resolve_blocking(const struct sock_owner *owner, const struct sock_text *text, bool ipv6,
                            union sock_name *out_names)
{
    struct addrinfo hints = {.ai_family = ipv6 ? AF_UNSPEC : AF_INET,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char port[8];
    int count = 0;
    int error;

    snprintf(port, sizeof port, "%u", text->port);
    error = getaddrinfo(text->host, port, &hints, &list);
    if (error != 0)
        return owner->host->set_error(owner->host, -ENODEV,
                                      "tcp://%s:%u: '%s' is neither an address, nor an interface "
                                      "of this machine, nor a name that resolves (%s)",
                                      text->host, text->port, text->host, gai_strerror(error));
    for (const struct addrinfo *item = list; item && count < MAX_CANDIDATES; item = item->ai_next)
        if (sock_from_system(item->ai_addr, item->ai_addrlen, &out_names[count]))
            count++;
    freeaddrinfo(list);
    return count;
}

/* How many addresses the text stands for, at least one, or a code. */
static int candidates(const struct sock_owner *owner, const struct sock_text *text,
                      union sock_name *out_names)
{
    bool ipv6 = sock_option_int(owner, "ipv6", 0) != 0;

    if (text->host[0] == '\0') {
        int count = 0;

        if (ipv6)
            sock_from_any(AF_INET6, text->port, &out_names[count++]);
        sock_from_any(AF_INET, text->port, &out_names[count++]);
        return count;
    }
    if (sock_from_number(text, out_names) || sock_from_interface(text, ipv6, out_names))
        return 1;
    return resolve_blocking(owner, text, ipv6, out_names);
}

static const char *advice(int code)
{
    switch (code) {
    case -EADDRINUSE:
        return "; stop whoever listens there, or bind to port '*' for any free one";
    case -EADDRNOTAVAIL:
        return "; no interface of this machine has that address";
    case -EACCES:
        return "; ports below 1024 need CAP_NET_BIND_SERVICE";
    default:
        return "";
    }
}

static int take(const struct sock_owner *owner, int fd, const union sock_name *name)
{
    char text[SOCK_ADDRESS_SIZE];
    int backlog = (int)sock_option_int(owner, "backlog", 100);
    int one = 1;
    int off = 0;
    int code = tni_tcp_prepare(owner, fd, name->any.sa_family);

    if (code < 0)
        return code;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        (name->any.sa_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
        bind(fd, &name->any, sock_name_size(name)) == 0 && listen(fd, backlog) == 0)
        return 0;
    code = -errno;
    sock_format("tcp", name, text);
    return owner->host->set_error(owner->host, code, "%s cannot be bound: %s%s", text,
                                  strerrordesc_np(-code), advice(code));
}

static int report(struct tni_tcp_listener *self)
{
    union sock_name name;
    socklen_t size = sizeof name;
    char text[SOCK_ADDRESS_SIZE];

    if (getsockname(self->fd, &name.any, &size) < 0)
        return self->owner.host->set_error(self->owner.host, -errno,
                                           "tcp: the address that was bound cannot be read back");
    sock_format("tcp", &name, text);
    return self->owner.host->listener_set_address(self->owner.listener, text + strlen("tcp://"));
}

/* "tcp.accept_filter". */
static int read_rules(struct tni_tcp_listener *self)
{
    const tn_host_t *host = self->owner.host;
    const char *at = sock_option_text(&self->owner, "accept_filter"), *item;
    size_t size;

    if (!at)
        return 0;
    self->rules = host->alloc(sock_list_count(at) * sizeof *self->rules);
    if (!self->rules)
        return host->set_error(host, -ENOMEM, "tcp: no memory for the filter of addresses");
    while (sock_list_next(&at, &item, &size)) {
        const char *problem = tni_tcp_rule_parse(item, size, &self->rules[self->rule_count++]);

        if (problem)
            return host->set_error(host, -EINVAL,
                                   "the option tcp.accept_filter has '%.*s': %s; write addresses "
                                   "with commas between them, as 10.0.0.0/8,fd00::1",
                                   (int)size, item, problem);
    }
    return 0;
}

static bool may_connect(const struct tni_tcp_listener *self, const union sock_name *peer)
{
    for (size_t i = 0; i < self->rule_count; i++)
        if (tni_tcp_rule_matches(&self->rules[i], peer))
            return true;
    return !self->rules;
}

static int refuse(const struct tni_tcp_listener *self, const union sock_name *peer)
{
    char text[SOCK_ADDRESS_SIZE];

    sock_format("tcp", peer, text);
    return self->owner.host->set_error(self->owner.host, -EACCES,
                                       "%s is not in the option tcp.accept_filter, and was not let "
                                       "in",
                                       text);
}

static bool is_of_ip(int family)
{
    return family == AF_INET || family == AF_INET6;
}

static int adopt(struct tni_tcp_listener *self, int fd)
{
    int code = sock_adopt(&self->owner, fd, is_of_ip);

    if (code < 0)
        return code;
    self->fd = fd;
    code = report(self);
    if (code < 0)
        self->fd = -1; /* it stays the program's */
    return code;
}

int tni_tcp_listen(void *state, tn_listener_t *listener, const tn_host_t *host, const char *address)
{
    struct tni_tcp_listener *self = state;
    union sock_name names[MAX_CANDIDATES];
    struct sock_text text;
    int count, code;

    self->owner = (struct sock_owner){.host = host, .listener = listener};
    self->fd = -1;
    code = tni_tcp_parse_bind(host, address, &text);
    if (code == 0)
        code = read_rules(self);
    if (code < 0)
        return code;
    if (sock_given_fd(&self->owner) >= 0)
        return adopt(self, sock_given_fd(&self->owner));
    count = candidates(&self->owner, &text, names);
    code = count < 0 ? count : -EADDRNOTAVAIL;
    for (int i = 0; i < count; i++) {
        tn_sys_close(&self->fd);
        self->fd = sock_new(host, names[i].any.sa_family);
        code = self->fd < 0 ? self->fd : take(&self->owner, self->fd, &names[i]);
        if (code == 0)
            return report(self);
        /* A machine without IPv6 still has the IPv4 half of the wildcard. */
        if (text.host[0] == '\0' && code != -EAFNOSUPPORT && code != -EADDRNOTAVAIL)
            break;
    }
    return code;
}

int tni_tcp_listener_fd(void *state)
{
    const struct tni_tcp_listener *self = state;

    return self->fd;
}

static void name_accepted(struct tni_tcp_stream *stream, const union sock_name *peer)
{
    char local[SOCK_ADDRESS_SIZE];
    char remote[SOCK_ADDRESS_SIZE];
    union sock_name name = {.any.sa_family = AF_INET};
    socklen_t size = sizeof name;
    int saved = errno;

    getsockname(stream->fd, &name.any, &size);
    sock_format("tcp", &name, local);
    sock_format("tcp", peer, remote);
    stream->owner.host->stream_set_addresses(stream->owner.stream, local, remote);
    errno = saved;
}

int tni_tcp_accept(void *state, void *stream_state)
{
    struct tni_tcp_listener *self = state;
    struct tni_tcp_stream *stream = stream_state;
    union sock_name peer = {.any.sa_family = AF_INET};
    socklen_t size = sizeof peer;
    int fd = tn_sys_accept(self->fd, &peer.any, &size);
    int code;

    if (fd < 0)
        return fd;
    code = may_connect(self, &peer) ? 0 : refuse(self, &peer);
    if (code == 0)
        code = tni_tcp_tune(&stream->owner, fd, peer.any.sa_family);
    if (code < 0) {
        tn_sys_close(&fd);
        return code;
    }
    stream->fd = fd;
    name_accepted(stream, &peer);
    return 0;
}

void tni_tcp_unlisten(void *state)
{
    struct tni_tcp_listener *self = state;

    tn_sys_close(&self->fd);
    self->owner.host->free(self->rules);
    self->rules = NULL;
    self->rule_count = 0;
}
