#include "endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

static int free_port(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = -1;

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&name, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&name, &size) == 0)
        port = ntohs(name.sin_port);
    close(fd);
    return port;
}

int bench_endpoint_fill(const char *wildcard, char *out_endpoint)
{
    const char *directory = getenv("TMPDIR");
    int length = BENCH_ENDPOINT_MAX, port;

    if (strcmp(wildcard, "ipc://*") == 0) {
        length = snprintf(out_endpoint, BENCH_ENDPOINT_MAX, "ipc://%s/tenon-bench-%d",
                          directory ? directory : "/tmp", (int)getpid());
    } else if (strncmp(wildcard, "tcp:", 4) == 0) {
        port = free_port();
        if (port >= 0)
            length = snprintf(out_endpoint, BENCH_ENDPOINT_MAX, "tcp://127.0.0.1:%d", port);
    } else {
        length = snprintf(out_endpoint, BENCH_ENDPOINT_MAX, "%s", wildcard);
    }
    return length < BENCH_ENDPOINT_MAX ? 0 : -1;
}

void bench_endpoint_remove(const char *endpoint)
{
    if (strncmp(endpoint, "ipc://", 6) == 0)
        unlink(endpoint + 6);
}
