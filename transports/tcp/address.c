#include "address.h"

#include <errno.h>
#include <string.h>

int tni_tcp_parse_bind(const tn_host_t *host, const char *address, struct sock_text *out_text)
{
    const char *problem = sock_side_problem(address, strlen(address), true, out_text);

    if (!problem)
        return 0;
    return host->set_error(host, -EINVAL,
                           "tcp://%s: %s; write tcp://HOST:PORT, with an address or an interface "
                           "of this machine or '*' as the host, and '*' for any free port",
                           address, problem);
}

int tni_tcp_parse_connect(const tn_host_t *host, const char *address, struct sock_text *out_text,
                          struct sock_text *out_source, bool *out_has_source)
{
    const char *separator = strchr(address, ';');
    const char *target = separator ? separator + 1 : address;
    const char *problem = NULL;

    *out_has_source = separator != NULL;
    if (separator)
        problem = sock_side_problem(address, (size_t)(separator - address), true, out_source);
    if (!problem)
        problem = sock_side_problem(target, strlen(target), false, out_text);
    if (!problem)
        return 0;
    return host->set_error(host, -EINVAL,
                           "tcp://%s: %s; write tcp://HOST:PORT, or "
                           "tcp://SOURCE:PORT;HOST:PORT, and an IPv6 address in brackets",
                           address, problem);
}
