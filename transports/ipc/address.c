#include "ipc.h"

#include <stddef.h>

int tni_ipc_check(const tn_host_t *host, const char *address, unsigned role)
{
    size_t length = strlen(address);

    if (length == 0 || strcmp(address, "@") == 0)
        return host->set_error(
            host, -EINVAL, "ipc://%s: the name is empty; write ipc://PATH or ipc://@NAME", address);
    if (role == TN_ROLE_CONNECT && strcmp(address, "*") == 0)
        return host->set_error(host, -EINVAL,
                               "ipc://*: '*' is no place to connect to; connect to the "
                               "\"last_endpoint\" of the socket that is bound");
    if (length >= TNI_IPC_PATH_SIZE)
        return host->set_error(host, -ENAMETOOLONG,
                               "ipc://%s: the path has %zu bytes, and the system takes at most %d; "
                               "use a shorter or a relative one",
                               address, length, TNI_IPC_PATH_SIZE - 1);
    return 0;
}

socklen_t tni_ipc_name(const char *path, struct sockaddr_un *out_name)
{
    size_t length = strlen(path);

    memset(out_name, 0, sizeof *out_name);
    out_name->sun_family = AF_UNIX;
    memcpy(out_name->sun_path, path, length);
    if (path[0] == '@')
        out_name->sun_path[0] = '\0'; /* abstract: the length ends it, not a NUL */
    else
        length++;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}
