/*
 * address.h: "host:port" as text and as the system has it, for the transports over IP.
 *
 * As text the host is a number, "[v6%scope]", a name, an interface or "*", and the port a number or
 * "*". Nothing here asks a name server. Private to the modules of this folder, like sock.h. Any
 * thread, no lock.
 */
#ifndef TENON_TRANSPORTS_ADDRESS_H
#define TENON_TRANSPORTS_ADDRESS_H

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOCK_HOST_SIZE = 256, /* a host name of the DNS, with its NUL */
    SOCK_ADDRESS_SIZE = 96, /* "tcp://[v6%interface]:port"          */
};

/** One side of an address, as written. An empty host is the wildcard. */
struct sock_text {
    char host[SOCK_HOST_SIZE];
    uint16_t port; /* 0: any */
};

union sock_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static inline const char *sock_port_problem(const char *text, bool is_bind, uint16_t *out_port)
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

static inline bool sock_is_host_byte(unsigned char byte)
{
    return byte > ' ' && byte != 127 && !strchr("/;[]@?#\\", byte);
}

/* A colon inside a host is left to IPv6 numbers. */
static inline const char *sock_host_problem(const char *text, size_t length, bool may_be_any,
                                            char *out_host)
{
    struct in6_addr number;
    size_t scope;

    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length == 0)
        return "the host is empty";
    if (length >= SOCK_HOST_SIZE)
        return "the host is longer than 255 bytes";
    for (size_t i = 0; i < length; i++)
        if (!sock_is_host_byte((unsigned char)text[i]))
            return "the host has a character that no host can have";
    memcpy(out_host, text, length);
    out_host[length] = '\0';
    if (strcmp(out_host, "*") == 0) {
        out_host[0] = '\0';
        return may_be_any ? NULL : "'*' is no place to connect to";
    }
    if (strchr(out_host, ':')) {
        char bare[SOCK_HOST_SIZE];

        scope = strcspn(out_host, "%");
        memcpy(bare, out_host, scope);
        bare[scope] = '\0';
        if (inet_pton(AF_INET6, bare, &number) != 1)
            return "the host has colons and is no IPv6 address";
    }
    return NULL;
}

/** What is wrong with an address, or NULL. `is_bind` also holds for the source of a connect: both name
 *  something of this machine. */
static inline const char *sock_side_problem(const char *text, size_t length, bool is_bind,
                                            struct sock_text *out_text)
{
    char port[8];
    size_t colon = length;
    const char *problem;

    while (colon > 0 && text[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return "the port is missing";
    problem = sock_host_problem(text, colon - 1, is_bind, out_text->host);
    if (problem)
        return problem;
    if (length - colon >= sizeof port)
        return "the port is not a number from 0 to 65535";
    memcpy(port, text + colon, length - colon);
    port[length - colon] = '\0';
    return sock_port_problem(port, is_bind, &out_text->port);
}

/* The name of an interface, or its number. */
static inline bool sock_scope_index(const char *text, unsigned *out_index)
{
    char *end;

    *out_index = if_nametoindex(text);
    if (*out_index != 0)
        return true;
    *out_index = (unsigned)strtoul(text, &end, 10);
    return *out_index != 0 && *end == '\0';
}

/** Whether `text` is a number, with or without a scope. */
static inline bool sock_from_number(const struct sock_text *text, union sock_name *out_name)
{
    char bare[SOCK_HOST_SIZE];
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
    if (scope && !sock_scope_index(scope + 1, &index))
        return false;
    out_name->v6.sin6_family = AF_INET6;
    out_name->v6.sin6_port = htons(text->port);
    out_name->v6.sin6_scope_id = index;
    return true;
}

/** A copy, if the family is one of the two. */
static inline bool sock_from_system(const struct sockaddr *from, socklen_t size,
                                    union sock_name *out_name)
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

static inline void sock_set_port(union sock_name *name, uint16_t port)
{
    if (name->any.sa_family == AF_INET6)
        name->v6.sin6_port = htons(port);
    else
        name->v4.sin_port = htons(port);
}

/** The address of an interface of this machine; with `ipv6` its IPv6 one if there is one. */
static inline bool sock_from_interface(const struct sock_text *text, bool ipv6,
                                       union sock_name *out_name)
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
        sock_from_system(best, sizeof *out_name, out_name);
        sock_set_port(out_name, text->port);
    }
    freeifaddrs(list);
    return best != NULL;
}

/** Every address of the family. */
static inline void sock_from_any(int family, uint16_t port, union sock_name *out_name)
{
    memset(out_name, 0, sizeof *out_name);
    out_name->any.sa_family = (sa_family_t)family;
    sock_set_port(out_name, port);
}

static inline uint16_t sock_port(const union sock_name *name)
{
    return ntohs(name->any.sa_family == AF_INET6 ? name->v6.sin6_port : name->v4.sin_port);
}

static inline bool sock_is_any(const union sock_name *name)
{
    if (name->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&name->v6.sin6_addr);
    return name->v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

static inline bool sock_is_same(const union sock_name *a, const union sock_name *b)
{
    if (a->any.sa_family != b->any.sa_family || sock_port(a) != sock_port(b))
        return false;
    if (a->any.sa_family == AF_INET6)
        return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
               a->v6.sin6_scope_id == b->v6.sin6_scope_id;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

static inline socklen_t sock_name_size(const union sock_name *name)
{
    return name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
}

/** "SCHEME://1.2.3.4:5" or "SCHEME://[v6%scope]:5"; an IPv4 peer of a dual-stack socket as the former. */
static inline void sock_format(const char *scheme, const union sock_name *name,
                               char out[SOCK_ADDRESS_SIZE])
{
    char number[INET6_ADDRSTRLEN] = "?";
    char scope[IF_NAMESIZE + 1] = "";

    if (name->any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&name->v6.sin6_addr)) {
        inet_ntop(AF_INET6, &name->v6.sin6_addr, number, sizeof number);
        if (name->v6.sin6_scope_id != 0 && if_indextoname(name->v6.sin6_scope_id, scope + 1))
            scope[0] = '%';
        snprintf(out, SOCK_ADDRESS_SIZE, "%s://[%s%s]:%u", scheme, number, scope, sock_port(name));
        return;
    }
    inet_ntop(AF_INET,
              name->any.sa_family == AF_INET6 ? (const void *)&name->v6.sin6_addr.s6_addr[12]
                                              : (const void *)&name->v4.sin_addr,
              number, sizeof number);
    snprintf(out, SOCK_ADDRESS_SIZE, "%s://%s:%u", scheme, number, sock_port(name));
}

#endif
