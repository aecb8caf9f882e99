#include <string.h>

#include "dropin.h"

int tnz_errno(int code)
{
    int number = code < 0 ? -code : code;

    switch (number) {
    case TN_ETERM:
        return ETERM;
    case TN_ECLOSED:
    case TN_EFORKED:
        return ENOTSOCK;
    case TN_EFSM:
        return EFSM;
    case TN_ENOCOMPAT:
        return ENOCOMPATPROTO;
    case TN_EMODULE:
        return EPROTONOSUPPORT;
    case TN_EDENIED:
        return EACCES;
    case TN_ENOOPTION:
        return EINVAL;
    default:
        return number;
    }
}

int tnz_error(int number)
{
    errno = number;
    return -1;
}

int tnz_fail(int code)
{
    return tnz_error(tnz_errno(code));
}

int zmq_errno(void)
{
    return errno;
}

const char *zmq_strerror(int number)
{
    switch (number) {
    case EFSM:
        return "Operation cannot be accomplished in current state";
    case ENOCOMPATPROTO:
        return "The protocol is not compatible with the socket type";
    case ETERM:
        return "Context was terminated";
    case EMTHREAD:
        return "No thread available";
    case EHOSTUNREACH:
        return "Host unreachable";
    default:
        return strerror(number);
    }
}

void zmq_version(int *major, int *minor, int *patch)
{
    if (major)
        *major = ZMQ_VERSION_MAJOR;
    if (minor)
        *minor = ZMQ_VERSION_MINOR;
    if (patch)
        *patch = ZMQ_VERSION_PATCH;
}
