#include "udp.h"

#include <netdb.h>

int tni_udp_check(const tn_host_t *host, const char *address, unsigned role)
{
    struct tni_udp_text text;

    return tni_udp_parse(host, address, role, &text);
}

int tni_udp_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                 const char *address)
{
    struct tni_udp *self = state;

    (void)role;
    (void)address;
    self->owner = (struct sock_owner){.host = host, .stream = stream};
    self->fd = -1;
    self->tpdu = sock_option_int(&self->owner, "multicast_maxtpdu", 0);
    return 0;
}

int tni_udp_fd(void *state)
{
    const struct tni_udp *self = state;

    return self->fd;
}

void tni_udp_close(void *state)
{
    struct tni_udp *self = state;

    tn_sys_close(&self->fd);
}

/* ------------------------------------------------------------------ multicast */

/* 0: the system chooses. */
static int interface_index(const struct tni_udp *self, const struct tni_udp_text *text,
                           unsigned *out_index)
{
    struct sock_text number = {0};
    union sock_name wanted, got;
    struct ifaddrs *list;

    *out_index = 0;
    if (!text->has_interface || strcmp(text->interface, "*") == 0)
        return 0;
    *out_index = if_nametoindex(text->interface);
    snprintf(number.host, sizeof number.host, "%s", text->interface);
    if (*out_index == 0 && sock_from_number(&number, &wanted) && getifaddrs(&list) == 0) {
        for (const struct ifaddrs *item = list; item; item = item->ifa_next)
            if (item->ifa_addr && sock_from_system(item->ifa_addr, sizeof got, &got)) {
                sock_set_port(&got, 0);
                if (sock_is_same(&got, &wanted))
                    *out_index = if_nametoindex(item->ifa_name);
            }
        freeifaddrs(list);
    }
    if (*out_index != 0)
        return 0;
    return self->owner.host->set_error(self->owner.host, -ENODEV,
                                       "udp: '%s' is neither an interface of this machine nor the "
                                       "address of one",
                                       text->interface);
}

/* How datagrams leave; for a dual-stack socket both ways of saying it. */
static int set_sending(const struct tni_udp *self, unsigned index)
{
    const struct sock_owner *owner = &self->owner;
    int64_t hops = sock_option_int(owner, "multicast_hops", 1);
    int64_t loop = sock_option_int(owner, "multicast_loop", 1);
    struct ip_mreqn through = {.imr_ifindex = (int)index};
    int code = 0;

    if (self->family == AF_INET6) {
        code = sock_set(owner, self->fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, "multicast_hops");
        if (code == 0)
            code = sock_set(owner, self->fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop,
                            "multicast_loop");
        if (code == 0 && index)
            code = sock_set(owner, self->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, "interface");
    }
    if (code == 0)
        code = sock_set(owner, self->fd, IPPROTO_IP, IP_MULTICAST_TTL, hops, "multicast_hops");
    if (code == 0)
        code = sock_set(owner, self->fd, IPPROTO_IP, IP_MULTICAST_LOOP, loop, "multicast_loop");
    if (code == 0 && index && self->family == AF_INET &&
        setsockopt(self->fd, IPPROTO_IP, IP_MULTICAST_IF, &through, sizeof through) < 0)
        code = owner->host->set_error(owner->host, -errno, "udp: the interface cannot be used: %s",
                                      strerrordesc_np(errno));
    return code;
}

/* Without the second option a socket gets what any program on this machine has joined. */
static int join(const struct tni_udp *self, const union sock_name *group, unsigned index)
{
    struct ip_mreqn v4 = {.imr_multiaddr = group->v4.sin_addr, .imr_ifindex = (int)index};
    struct ipv6_mreq v6 = {.ipv6mr_multiaddr = group->v6.sin6_addr,
                           .ipv6mr_interface = index ? index : group->v6.sin6_scope_id};
    char text[SOCK_ADDRESS_SIZE];
    int off = 0;
    int rc;

    if (group->any.sa_family == AF_INET6) {
        rc = setsockopt(self->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof v6);
#ifdef IPV6_MULTICAST_ALL
        setsockopt(self->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
#endif
    } else {
        rc = setsockopt(self->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof v4);
        setsockopt(self->fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
    }
    if (rc == 0)
        return 0;
    rc = -errno;
    sock_format("udp", group, text);
    return self->owner.host->set_error(
        self->owner.host, rc, "%s: the multicast group cannot be joined: %s%s", text,
        strerrordesc_np(-rc),
        rc == -ENODEV ? "; there is no route for it: name the interface, udp://INTERFACE;GROUP:PORT"
                      : "");
}

/* ------------------------------------------------------------------ sockets */

static int make(struct tni_udp *self, int family)
{
    int code;

    self->fd = sock_new_of(self->owner.host, family, SOCK_DGRAM);
    self->family = family;
    if (self->fd < 0)
        return self->fd;
    code = sock_bind_to_device(&self->owner, self->fd);
    if (code == 0)
        code = sock_set_buffers(&self->owner, self->fd);
    if (code == 0)
        code = sock_set_tos(&self->owner, self->fd, family);
    return code < 0 ? code : sock_set_priority(&self->owner, self->fd);
}

static const char *advice(int code)
{
    switch (code) {
    case -EADDRINUSE:
        return "; stop whoever is bound there, or bind to port '*' for any free one";
    case -EADDRNOTAVAIL:
        return "; no interface of this machine has that address";
    case -EACCES:
        return "; ports below 1024 need CAP_NET_BIND_SERVICE";
    default:
        return "";
    }
}

/* Members of a multicast group share its port. */
static int take(const struct tni_udp *self, const union sock_name *name)
{
    bool is_multicast = tni_udp_is_multicast(name);
    union sock_name at = *name;
    char text[SOCK_ADDRESS_SIZE];
    int on = 1, off = 0;
    int code;

    if (is_multicast)
        sock_from_any(name->any.sa_family, sock_port(name), &at);
    if ((!is_multicast || setsockopt(self->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0) &&
        (at.any.sa_family != AF_INET6 ||
         setsockopt(self->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
        bind(self->fd, &at.any, sock_name_size(&at)) == 0)
        return 0;
    code = -errno;
    sock_format("udp", name, text);
    return self->owner.host->set_error(self->owner.host, code, "%s cannot be bound: %s%s", text,
                                       strerrordesc_np(-code), advice(code));
}

/* As an endpoint: a group keeps its own address, and its interface. */
static int report(const struct tni_udp *self, const struct tni_udp_text *text,
                  const union sock_name *name)
{
    union sock_name bound, shown = *name;
    socklen_t size = sizeof bound;
    char plain[SOCK_ADDRESS_SIZE];
    char local[SOCK_HOST_SIZE + SOCK_ADDRESS_SIZE + 8];

    if (getsockname(self->fd, &bound.any, &size) < 0)
        return self->owner.host->set_error(self->owner.host, -errno,
                                           "udp: the address that was bound cannot be read back");
    sock_set_port(&shown, sock_port(&bound));
    sock_format("udp", &shown, plain);
    snprintf(local, sizeof local, "udp://%s%s%s", text->interface, text->has_interface ? ";" : "",
             plain + strlen("udp://"));
    self->owner.host->stream_set_addresses(self->owner.stream, local, NULL);
    return 0;
}

static int bind_name(struct tni_udp *self, const struct tni_udp_text *text,
                     const union sock_name *name)
{
    unsigned index = 0;
    int code = make(self, name->any.sa_family);

    if (code == 0)
        code = interface_index(self, text, &index);
    if (code == 0)
        code = take(self, name);
    if (code == 0)
        code = set_sending(self, index);
    if (code == 0 && tni_udp_is_multicast(name))
        code = join(self, name, index);
    if (code == 0)
        return report(self, text, name);
    tn_sys_close(&self->fd);
    return code;
}

int tni_udp_bind(void *state, const char *address)
{
    struct tni_udp *self = state;
    bool ipv6 = sock_option_int(&self->owner, "ipv6", 0) != 0;
    struct tni_udp_text text;
    union sock_name name;
    int code = tni_udp_parse(self->owner.host, address, TN_ROLE_BIND, &text);

    if (code < 0)
        return code;
    if (text.host.host[0] == '\0') {
        sock_from_any(ipv6 ? AF_INET6 : AF_INET, text.host.port, &name);
        code = bind_name(self, &text, &name);
        /* A machine without IPv6 still has the IPv4 half of the wildcard. */
        if (!ipv6 || (code != -EAFNOSUPPORT && code != -EADDRNOTAVAIL))
            return code;
        sock_from_any(AF_INET, text.host.port, &name);
    } else if (!sock_from_number(&text.host, &name) &&
               !sock_from_interface(&text.host, ipv6, &name)) {
        return self->owner.host->set_error(self->owner.host, -ENODEV,
                                           "udp://%s: '%s' is neither an address nor an interface "
                                           "of this machine",
                                           address, text.host.host);
    }
    return bind_name(self, &text, &name);
}

/* ------------------------------------------------------------------ connecting */

static int aim(struct tni_udp *self, const struct tni_udp_text *text, const union sock_name *target)
{
    char remote[SOCK_ADDRESS_SIZE];
    unsigned index = 0;
    int code;

    tn_sys_close(&self->fd);
    code = make(self, target->any.sa_family);
    if (code == 0)
        code = interface_index(self, text, &index);
    if (code == 0)
        code = set_sending(self, index);
    if (code < 0)
        return code;
    self->target = *target;
    sock_format("udp", target, remote);
    self->owner.host->stream_set_addresses(self->owner.stream, NULL, remote);
    return 0;
}

int tni_udp_dial(void *state, const char *address)
{
    struct tni_udp *self = state;
    const tn_host_t *host = self->owner.host;
    bool ipv6 = sock_option_int(&self->owner, "ipv6", 0) != 0;
    struct tni_udp_text text;
    union sock_name target;
    char port[8];
    int code = tni_udp_parse(host, address, TN_ROLE_CONNECT, &text);

    if (code < 0)
        return code;
    if (sock_from_number(&text.host, &target))
        return aim(self, &text, &target);
    self->port = text.host.port;
    snprintf(port, sizeof port, "%u", text.host.port);
    code = host->stream_resolve(self->owner.stream, text.host.host, port,
                                ipv6 ? AF_UNSPEC : AF_INET, AI_NUMERICSERV);
    return code < 0 ? code : -EINPROGRESS;
}

int tni_udp_resolved(void *state, int status, const struct addrinfo *addresses)
{
    static const struct tni_udp_text no_interface;
    struct tni_udp *self = state;
    union sock_name target;

    if (status < 0)
        return status;
    for (; addresses; addresses = addresses->ai_next)
        if (sock_from_system(addresses->ai_addr, addresses->ai_addrlen, &target)) {
            sock_set_port(&target, self->port);
            return aim(self, &no_interface, &target);
        }
    return self->owner.host->set_error(self->owner.host, -EADDRNOTAVAIL,
                                       "udp: the name has no address that can be used");
}
