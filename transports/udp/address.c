#include "address.h"

#include <errno.h>
#include <string.h>

bool tni_udp_is_multicast(const union sock_name *name)
{
    if (name->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&name->v6.sin6_addr);
    return IN_MULTICAST(ntohl(name->v4.sin_addr.s_addr));
}

static const char *interface_problem(const char *text, size_t length, struct tni_udp_text *out_text)
{
    union sock_name group;

    if (length == 0)
        return "the interface before ';' is empty";
    if (length >= SOCK_HOST_SIZE)
        return "the interface before ';' is longer than 255 bytes";
    if (!sock_from_number(&out_text->host, &group) || !tni_udp_is_multicast(&group))
        return "an interface before ';' is for multicast groups only";
    memcpy(out_text->interface, text, length);
    out_text->interface[length] = '\0';
    return NULL;
}

int tni_udp_parse(const tn_host_t *host, const char *address, unsigned role,
                  struct tni_udp_text *out_text)
{
    const char *separator = strchr(address, ';');
    const char *side = separator ? separator + 1 : address;
    const char *problem =
        sock_side_problem(side, strlen(side), role == TN_ROLE_BIND, &out_text->host);

    out_text->has_interface = separator != NULL;
    out_text->interface[0] = '\0';
    if (!problem && separator)
        problem = interface_problem(address, (size_t)(separator - address), out_text);
    if (!problem)
        return 0;
    return host->set_error(host, -EINVAL,
                           "udp://%s: %s; write udp://HOST:PORT, or udp://INTERFACE;GROUP:PORT "
                           "for a multicast group, and an IPv6 address in brackets",
                           address, problem);
}

bool tni_udp_parse_target(const char *address, union sock_name *out_name)
{
    struct sock_text text;

    return !sock_side_problem(address, strlen(address), false, &text) &&
           sock_from_number(&text, out_name);
}
