#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *port_problem(const char *text, bool is_bind, uint16_t *out_port)
{
    unsigned long port = 0;
    const char *digit;

    if (*text == '\0')
        return "the port is empty";
    if (is_bind && strcmp(text, "*") == 0)
        text = "0";
    for (digit = text; *digit >= '0' && *digit <= '9' && port <= 65535; digit++)
        port = port * 10 + (unsigned long)(*digit - '0');
    if (*digit != '\0' || port > 65535)
        return "the port is not a number from 0 to 65535";
    if (!is_bind && port == 0)
        return "nobody can be reached at port 0";
    *out_port = (uint16_t)port;
    return NULL;
}

static bool is_host_byte(unsigned char byte)
{
    return byte > ' ' && byte != 127 && !strchr("/;[]@?#\\", byte);
}

/* A colon inside a host is left to IPv6 numbers. */
static const char *host_problem(const char *text, size_t length, bool may_be_any, char *out_host)
{
    struct in6_addr number;
    size_t scope;

    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length == 0)
        return "the host is empty";
    if (length >= TNI_TCP_HOST_SIZE)
        return "the host is longer than 255 bytes";
    for (size_t i = 0; i < length; i++)
        if (!is_host_byte((unsigned char)text[i]))
            return "the host has a character that no host can have";
    memcpy(out_host, text, length);
    out_host[length] = '\0';
    if (strcmp(out_host, "*") == 0) {
        out_host[0] = '\0';
        return may_be_any ? NULL : "'*' is no place to connect to";
    }
    if (strchr(out_host, ':')) {
        char bare[TNI_TCP_HOST_SIZE];

        scope = strcspn(out_host, "%");
        memcpy(bare, out_host, scope);
        bare[scope] = '\0';
        if (inet_pton(AF_INET6, bare, &number) != 1)
            return "the host has colons and is no IPv6 address";
    }
    return NULL;
}

/* `is_bind` also holds for the source of a connect: both name something of this machine. */
static const char *side_problem(const char *text, size_t length, bool is_bind,
                                struct tni_tcp_text *out_text)
{
    char port[8];
    size_t colon = length;
    const char *problem;

    while (colon > 0 && text[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return "the port is missing";
    problem = host_problem(text, colon - 1, is_bind, out_text->host);
    if (problem)
        return problem;
    if (length - colon >= sizeof port)
        return "the port is not a number from 0 to 65535";
    memcpy(port, text + colon, length - colon);
    port[length - colon] = '\0';
    return port_problem(port, is_bind, &out_text->port);
}

int tni_tcp_parse_bind(const tn_host_t *host, const char *address, struct tni_tcp_text *out_text)
{
    const char *problem = side_problem(address, strlen(address), true, out_text);

    if (!problem)
        return 0;
    return host->set_error(host, -EINVAL,
                           "tcp://%s: %s; write tcp://HOST:PORT, with an address or an interface "
                           "of this machine or '*' as the host, and '*' for any free port",
                           address, problem);
}

int tni_tcp_parse_connect(const tn_host_t *host, const char *address, struct tni_tcp_text *out_text,
                          struct tni_tcp_text *out_source, bool *out_has_source)
{
    const char *separator = strchr(address, ';');
    const char *target = separator ? separator + 1 : address;
    const char *problem = NULL;

    *out_has_source = separator != NULL;
    if (separator)
        problem = side_problem(address, (size_t)(separator - address), true, out_source);
    if (!problem)
        problem = side_problem(target, strlen(target), false, out_text);
    if (!problem)
        return 0;
    return host->set_error(host, -EINVAL,
                           "tcp://%s: %s; write tcp://HOST:PORT, or "
                           "tcp://SOURCE:PORT;HOST:PORT, and an IPv6 address in brackets",
                           address, problem);
}

/* The name of an interface, or its number. */
static bool scope_index(const char *text, unsigned *out_index)
{
    char *end;

    *out_index = if_nametoindex(text);
    if (*out_index != 0)
        return true;
    *out_index = (unsigned)strtoul(text, &end, 10);
    return *out_index != 0 && *end == '\0';
}

bool tni_tcp_from_number(const struct tni_tcp_text *text, union tni_tcp_name *out_name)
{
    char bare[TNI_TCP_HOST_SIZE];
    const char *scope = strchr(text->host, '%');
    size_t length = scope ? (size_t)(scope - text->host) : strlen(text->host);
    unsigned index = 0;

    memset(out_name, 0, sizeof *out_name);
    if (inet_pton(AF_INET, text->host, &out_name->v4.sin_addr) == 1) {
        out_name->v4.sin_family = AF_INET;
        out_name->v4.sin_port = htons(text->port);
        return true;
    }
    memcpy(bare, text->host, length);
    bare[length] = '\0';
    if (inet_pton(AF_INET6, bare, &out_name->v6.sin6_addr) != 1)
        return false;
    if (scope && !scope_index(scope + 1, &index))
        return false;
    out_name->v6.sin6_family = AF_INET6;
    out_name->v6.sin6_port = htons(text->port);
    out_name->v6.sin6_scope_id = index;
    return true;
}

static void set_port(union tni_tcp_name *name, uint16_t port)
{
    if (name->any.sa_family == AF_INET6)
        name->v6.sin6_port = htons(port);
    else
        name->v4.sin_port = htons(port);
}

bool tni_tcp_from_interface(const struct tni_tcp_text *text, bool ipv6,
                            union tni_tcp_name *out_name)
{
    struct ifaddrs *list;
    const struct sockaddr *best = NULL;

    if (getifaddrs(&list) < 0)
        return false;
    for (struct ifaddrs *item = list; item; item = item->ifa_next) {
        if (!item->ifa_addr || strcmp(item->ifa_name, text->host) != 0)
            continue;
        if (item->ifa_addr->sa_family == (ipv6 ? AF_INET6 : AF_INET)) {
            best = item->ifa_addr;
            break;
        }
        if (ipv6 && item->ifa_addr->sa_family == AF_INET && !best)
            best = item->ifa_addr;
    }
    if (best) {
        tni_tcp_from_system(best, sizeof *out_name, out_name);
        set_port(out_name, text->port);
    }
    freeifaddrs(list);
    return best != NULL;
}

void tni_tcp_from_any(int family, uint16_t port, union tni_tcp_name *out_name)
{
    memset(out_name, 0, sizeof *out_name);
    out_name->any.sa_family = (sa_family_t)family;
    set_port(out_name, port);
}

bool tni_tcp_from_system(const struct sockaddr *from, socklen_t size, union tni_tcp_name *out_name)
{
    memset(out_name, 0, sizeof *out_name);
    if (from->sa_family == AF_INET && size >= sizeof out_name->v4)
        memcpy(&out_name->v4, from, sizeof out_name->v4);
    else if (from->sa_family == AF_INET6 && size >= sizeof out_name->v6)
        memcpy(&out_name->v6, from, sizeof out_name->v6);
    else
        return false;
    return true;
}

bool tni_tcp_is_any(const union tni_tcp_name *name)
{
    if (name->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&name->v6.sin6_addr);
    return name->v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool tni_tcp_is_same(const union tni_tcp_name *a, const union tni_tcp_name *b)
{
    if (a->any.sa_family != b->any.sa_family || tni_tcp_port(a) != tni_tcp_port(b))
        return false;
    if (a->any.sa_family == AF_INET6)
        return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
               a->v6.sin6_scope_id == b->v6.sin6_scope_id;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

uint16_t tni_tcp_port(const union tni_tcp_name *name)
{
    return ntohs(name->any.sa_family == AF_INET6 ? name->v6.sin6_port : name->v4.sin_port);
}

socklen_t tni_tcp_size(const union tni_tcp_name *name)
{
    return name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
}

void tni_tcp_format(const union tni_tcp_name *name, char out[TNI_TCP_ADDRESS_SIZE])
{
    char number[INET6_ADDRSTRLEN] = "?";
    char scope[IF_NAMESIZE + 1] = "";

    if (name->any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&name->v6.sin6_addr)) {
        inet_ntop(AF_INET6, &name->v6.sin6_addr, number, sizeof number);
        if (name->v6.sin6_scope_id != 0 && if_indextoname(name->v6.sin6_scope_id, scope + 1))
            scope[0] = '%';
        snprintf(out, TNI_TCP_ADDRESS_SIZE, "tcp://[%s%s]:%u", number, scope, tni_tcp_port(name));
        return;
    }
    inet_ntop(AF_INET,
              name->any.sa_family == AF_INET6 ? (const void *)&name->v6.sin6_addr.s6_addr[12]
                                              : (const void *)&name->v4.sin_addr,
              number, sizeof number);
    snprintf(out, TNI_TCP_ADDRESS_SIZE, "tcp://%s:%u", number, tni_tcp_port(name));
}
