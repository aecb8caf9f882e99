/*
 * fd.h: the option ZMQ_FD: a descriptor that is readable since something may have changed, until the
 * program reads ZMQ_EVENTS. One for each socket, made when it is first asked for.
 */
#ifndef TNZ_FD_H
#define TNZ_FD_H

#include "options.h"

/** Returns an errno value, or 0. EINVAL: a type that libzmq calls thread-safe has none. */
int tnz_get_fd(struct tnz_socket *socket, void *data, size_t *io_size);

#endif
