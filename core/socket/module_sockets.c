#include "socket/module_sockets.h"

#include "socket/ctx.h"

static tn_socket_t *open_socket(const tn_host_t *host, const char *pattern)
{
    return tn_socket(tni_ctx_of_host(host), pattern);
}

static int count_peers(tn_socket_t *socket)
{
    tn_stats_t stats;
    int rc = tn_stats(socket, &stats);

    return rc < 0 ? rc : (int)stats.peers;
}

void tni_module_sockets_complete(tn_host_t *host)
{
    host->socket_open = open_socket;
    host->socket_close = tn_close;
    host->socket_set_int = tn_set_int;
    host->socket_connect = tn_connect;
    host->socket_peers = count_peers;
    host->socket_send = tn_send;
    host->socket_recv = tn_recv_parts;
    host->socket_poll = tn_poll;
}
