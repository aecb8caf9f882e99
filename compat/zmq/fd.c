#include "fd.h"

int tnz_get_fd(struct tnz_socket *socket, void *data, size_t *io_size)
{
    int fd;

    if (socket->type->is_thread_safe)
        return EINVAL;
    fd = tn_fd(socket->handle, TN_POLLIN | TN_POLLOUT);
    return fd < 0 ? tnz_errno(fd) : tnz_put_int(fd, data, io_size);
}
