/* module_sockets.h: the entries of the host table with which a module uses sockets of its own. */
#ifndef TNI_MODULE_SOCKETS_H
#define TNI_MODULE_SOCKETS_H

#include <tenon/module.h>

void tni_module_sockets_complete(tn_host_t *host);

#endif
