#include "dropin.h"

int zmq_proxy_steerable(void *frontend, void *backend, void *capture, void *control)
{
    int rc;

    if (!frontend || !backend)
        return tnz_error(EFAULT);
    rc = tn_proxy(frontend, backend, capture, control);
    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_proxy(void *frontend, void *backend, void *capture)
{
    return zmq_proxy_steerable(frontend, backend, capture, NULL);
}

/* The kind of device never changed what it does. */
int zmq_device(int type, void *frontend, void *backend)
{
    (void)type;
    return zmq_proxy(frontend, backend, NULL);
}
