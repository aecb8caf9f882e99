/*
 * compat.h: what the programs of this folder share. They see zmq.h alone, and run on the drop-in and on
 * the system's libzmq, which lacks the draft functions.
 */
#ifndef TEST_COMPAT_H
#define TEST_COMPAT_H

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ZMQ_BUILD_DRAFT_API
#include <zmq.h>

/** False: the system's libzmq. For draft functions, and for what the drop-in does better. */
static inline bool is_drop_in(void)
{
    return dlsym(RTLD_DEFAULT, "zmq_poller_new") != NULL;
}

#define SKIP_ON_ORACLE()                                                                           \
    do {                                                                                           \
        if (!is_drop_in())                                                                         \
            skip();                                                                                \
    } while (0)

/** The call failed, with that errno. */
#define assert_fails(number, call)                                                                 \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_int_equal((call), -1);                                                              \
        assert_int_equal(errno, (number));                                                         \
    } while (0)

#endif
