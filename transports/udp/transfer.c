#include "udp.h"

enum { AT_ONCE = 32, HEADERS_V4 = 28, HEADERS_V6 = 48 };

/* ------------------------------------------------------------------ receiving */

static void tell_source(const union sock_name *name, char out[TN_DATAGRAM_ADDRESS])
{
    char text[SOCK_ADDRESS_SIZE];

    sock_format("udp", name, text);
    snprintf(out, TN_DATAGRAM_ADDRESS, "%s", text + strlen("udp://"));
}

int tni_udp_receive(void *state, tn_datagram_t *datagrams, int count)
{
    struct tni_udp *self = state;
    struct mmsghdr headers[AT_ONCE];
    union sock_name names[AT_ONCE];
    int saved = errno;
    int got;

    if (count > AT_ONCE)
        count = AT_ONCE;
    for (int i = 0; i < count; i++)
        headers[i].msg_hdr =
            (struct msghdr){.msg_name = datagrams[i].address ? &names[i] : NULL,
                            .msg_namelen = datagrams[i].address ? sizeof names[i] : 0,
                            .msg_iov = datagrams[i].iov,
                            .msg_iovlen = datagrams[i].iov_count};
    do
        got = recvmmsg(self->fd, headers, (unsigned)count, MSG_DONTWAIT, NULL);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        got = errno == EWOULDBLOCK ? -EAGAIN : -errno;
    for (int i = 0; i < got; i++) {
        datagrams[i].size = headers[i].msg_len;
        datagrams[i].flags = headers[i].msg_hdr.msg_flags & MSG_TRUNC ? TN_DATAGRAM_TRUNCATED : 0;
        if (datagrams[i].address)
            tell_source(&names[i], datagrams[i].address);
    }
    errno = saved;
    return got;
}

/* ------------------------------------------------------------------ sending */

/* A socket of both families knows IPv4 addresses in the form of IPv6 ones. */
static void to_family(int family, union sock_name *io_name)
{
    struct sockaddr_in v4 = io_name->v4;

    if (family != AF_INET6 || io_name->any.sa_family != AF_INET)
        return;
    *io_name = (union sock_name){.v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port}};
    io_name->v6.sin6_addr.s6_addr[10] = io_name->v6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&io_name->v6.sin6_addr.s6_addr[12], &v4.sin_addr, sizeof v4.sin_addr);
}

static bool is_too_long(const struct tni_udp *self, const tn_datagram_t *datagram,
                        const union sock_name *name)
{
    size_t size = name->any.sa_family == AF_INET6 ? HEADERS_V6 : HEADERS_V4;

    if (self->tpdu == 0 || !tni_udp_is_multicast(name))
        return false;
    for (uint32_t i = 0; i < datagram->iov_count; i++)
        size += datagram->iov[i].iov_len;
    return size > (uint64_t)self->tpdu;
}

static int address(const struct tni_udp *self, const tn_datagram_t *datagram,
                   union sock_name *out_name)
{
    if (!datagram->address)
        *out_name = self->target;
    else if (!tni_udp_parse_target(datagram->address, out_name))
        return -EINVAL;
    if (is_too_long(self, datagram, out_name))
        return -EMSGSIZE;
    to_family(self->family, out_name);
    return 0;
}

int tni_udp_send(void *state, const tn_datagram_t *datagrams, int count)
{
    struct tni_udp *self = state;
    struct mmsghdr headers[AT_ONCE];
    union sock_name names[AT_ONCE];
    int saved = errno;
    int ready = 0;
    int code = 0;

    while (ready < count && ready < AT_ONCE) {
        code = address(self, &datagrams[ready], &names[ready]);
        if (code < 0)
            break;
        headers[ready].msg_hdr = (struct msghdr){.msg_name = &names[ready],
                                                 .msg_namelen = sock_name_size(&names[ready]),
                                                 .msg_iov = datagrams[ready].iov,
                                                 .msg_iovlen = datagrams[ready].iov_count};
        ready++;
    }
    if (ready == 0)
        return code;
    do
        code = sendmmsg(self->fd, headers, (unsigned)ready, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (code < 0 && errno == EINTR);
    if (code < 0)
        code = errno == EWOULDBLOCK ? -EAGAIN : -errno;
    errno = saved;
    return code;
}
