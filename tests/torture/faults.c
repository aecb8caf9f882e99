#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/futex.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ------------------------------------------------------------------ what is armed */

static atomic_int armed_call = -1;
static atomic_int armed_error;
static atomic_ulong armed_nth;
static atomic_ulong seen;

void faults_arm(enum fault_call call, int error, unsigned long nth)
{
    atomic_store(&armed_error, error);
    atomic_store(&armed_nth, nth);
    atomic_store(&seen, 0);
    atomic_store(&armed_call, (int)call);
}

unsigned long faults_disarm(void)
{
    atomic_store(&armed_call, -1);
    return atomic_load(&seen);
}

/* 0, or the error of this call. */
static int struck(enum fault_call call)
{
    if (atomic_load(&armed_call) != (int)call)
        return 0;
    if (atomic_fetch_add(&seen, 1) + 1 != atomic_load(&armed_nth))
        return 0;
    return atomic_load(&armed_error);
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* The function of that name that would have been called without us. */
#define REAL(name)                                                                                 \
    __extension__({                                                                                \
        static _Atomic(void *) found_##name;                                                       \
        void *at_##name = atomic_load(&found_##name);                                              \
        if (!at_##name) {                                                                          \
            at_##name = dlsym(RTLD_NEXT, #name);                                                   \
            atomic_store(&found_##name, at_##name);                                                \
        }                                                                                          \
        (__typeof__(&(name)))at_##name;                                                            \
    })

/* A call that does nothing when it fails. */
#define PLAIN(call, name, result, declared, passed)                                                \
    result name declared;                                                                          \
    result name declared                                                                           \
    {                                                                                              \
        int error = struck(call);                                                                  \
                                                                                                   \
        return error ? fail(error) : REAL(name) passed;                                            \
    }

/* ------------------------------------------------------------------ edges */

enum { DESCRIPTORS = 4096 };

static pthread_mutex_t edges_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int set;
    struct epoll_event event; /* events 0: in no edge-triggered set */
} edges[DESCRIPTORS];

static void note_edge(int set, int operation, int fd, const struct epoll_event *event)
{
    if (fd < 0 || fd >= DESCRIPTORS)
        return;
    pthread_mutex_lock(&edges_lock);
    edges[fd].set = set;
    edges[fd].event = (struct epoll_event){0};
    if (operation != EPOLL_CTL_DEL && event && (event->events & EPOLLET))
        edges[fd].event = *event;
    pthread_mutex_unlock(&edges_lock);
}

/* What is ready is reported anew, as it would be after the call had really had to wait. */
static void repeat_edge(int fd)
{
    if (fd < 0 || fd >= DESCRIPTORS)
        return;
    pthread_mutex_lock(&edges_lock);
    if (edges[fd].event.events)
        REAL(epoll_ctl)(edges[fd].set, EPOLL_CTL_MOD, fd, &edges[fd].event);
    pthread_mutex_unlock(&edges_lock);
}

static int fail_transfer(int fd, int error)
{
    if (error == EAGAIN)
        repeat_edge(fd);
    return fail(error);
}

int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    int error = struck(FAULT_EPOLL_CTL);
    int rc = error ? fail(error) : REAL(epoll_ctl)(set, operation, fd, event);

    if (rc == 0)
        note_edge(set, operation, fd, event);
    return rc;
}

/* ------------------------------------------------------------------ moving bytes */

/* A short read leaves something: an edge-triggered reader that takes it for the end is told again, as
 * it would be by the bytes' real arrival. */
static ssize_t receive(int fd, void *data, size_t size, int flags)
{
    int error = struck(FAULT_RECV);

    if (error > 0)
        return fail_transfer(fd, error);
    if (error == FAULT_SHORT && size > 1) {
        ssize_t got = REAL(recv)(fd, data, 1, flags);
        repeat_edge(fd);
        return got;
    }
    return REAL(recv)(fd, data, size, flags);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    return receive(fd, data, size, flags);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
    int error = struck(FAULT_READV);

    if (error > 0)
        return fail_transfer(fd, error);
    if (error == FAULT_SHORT && iov[0].iov_len > 1) {
        ssize_t got = REAL(recv)(fd, iov[0].iov_base, 1, 0);
        repeat_edge(fd);
        return got;
    }
    return REAL(readv)(fd, iov, count);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    int error = struck(FAULT_SEND);

    if (error > 0)
        return fail_transfer(fd, error);
    if (error == FAULT_SHORT && size > 1) {
        ssize_t sent = REAL(send)(fd, data, 1, flags);
        repeat_edge(fd);
        return sent;
    }
    return REAL(send)(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    int error = struck(FAULT_SENDMSG);

    if (error > 0)
        return fail_transfer(fd, error);
    if (error == FAULT_SHORT && message->msg_iovlen && message->msg_iov[0].iov_len > 1) {
        ssize_t sent = REAL(send)(fd, message->msg_iov[0].iov_base, 1, flags);
        repeat_edge(fd);
        return sent;
    }
    return REAL(sendmsg)(fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    int error = struck(FAULT_SENDMMSG);

    return error ? fail_transfer(fd, error) : REAL(sendmmsg)(fd, messages, count, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *limit)
{
    int error = struck(FAULT_RECVMMSG);

    return error ? fail_transfer(fd, error) : REAL(recvmmsg)(fd, messages, count, flags, limit);
}

static bool is_socket(int fd)
{
    struct stat status;

    return REAL(fstat)(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Of a socket it is a recv without flags. */
ssize_t read(int fd, void *data, size_t size)
{
    int error;

    if (is_socket(fd))
        return receive(fd, data, size, 0);
    error = size == sizeof(uint64_t) ? 0 : struck(FAULT_READ);
    if (error > 0)
        return fail(error);
    return REAL(read)(fd, data, error == FAULT_SHORT && size > 1 ? 1 : size);
}

/* ------------------------------------------------------------------ connections */

PLAIN(FAULT_SOCKET, socket, int, (int family, int type, int protocol), (family, type, protocol))
PLAIN(FAULT_BIND, bind, int, (int fd, __CONST_SOCKADDR_ARG name, socklen_t size), (fd, name, size))
PLAIN(FAULT_LISTEN, listen, int, (int fd, int backlog), (fd, backlog))
PLAIN(FAULT_ACCEPT4, accept4, int, (int fd, __SOCKADDR_ARG name, socklen_t *size, int flags),
      (fd, name, size, flags))
PLAIN(FAULT_SETSOCKOPT, setsockopt, int,
      (int fd, int level, int option, const void *value, socklen_t size),
      (fd, level, option, value, size))
PLAIN(FAULT_GETSOCKNAME, getsockname, int, (int fd, __SOCKADDR_ARG name, socklen_t *size),
      (fd, name, size))
PLAIN(FAULT_GETPEERNAME, getpeername, int, (int fd, __SOCKADDR_ARG name, socklen_t *size),
      (fd, name, size))

int connect(int fd, __CONST_SOCKADDR_ARG name, socklen_t size)
{
    int error = struck(FAULT_CONNECT);

    if (error == EINTR && REAL(connect)(fd, name, size) < 0 && errno != EINPROGRESS)
        return -1;
    return error ? fail(error) : REAL(connect)(fd, name, size);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    bool is_result = level == SOL_SOCKET && option == SO_ERROR;
    int result = is_result ? struck(FAULT_SO_ERROR) : 0;
    int error = struck(FAULT_GETSOCKOPT);
    int rc = error ? fail(error) : REAL(getsockopt)(fd, level, option, value, size);

    if (rc == 0 && result)
        *(int *)value = result;
    return rc;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out_list)
{
    int error = struck(FAULT_GETADDRINFO);

    errno = error == EAI_SYSTEM ? EMFILE : errno;
    return error ? error : REAL(getaddrinfo)(host, service, hints, out_list);
}

PLAIN(FAULT_GETIFADDRS, getifaddrs, int, (struct ifaddrs * *out_list), (out_list))

/* ------------------------------------------------------------------ waiting */

PLAIN(FAULT_EPOLL_CREATE1, epoll_create1, int, (int flags), (flags))
PLAIN(FAULT_EPOLL_WAIT, epoll_wait, int,
      (int set, struct epoll_event *events, int count, int timeout), (set, events, count, timeout))
PLAIN(FAULT_EVENTFD, eventfd, int, (unsigned value, int flags), (value, flags))
PLAIN(FAULT_POLL, poll, int, (struct pollfd * items, nfds_t count, int timeout),
      (items, count, timeout))
PLAIN(FAULT_PPOLL, ppoll, int,
      (struct pollfd * items, nfds_t count, const struct timespec *limit, const sigset_t *mask),
      (items, count, limit, mask))
PLAIN(FAULT_PIPE2, pipe2, int, (int fds[2], int flags), (fds, flags))

long syscall(long number, ...)
{
    long value[6];
    va_list list;
    int error;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        value[i] = va_arg(list, long);
    va_end(list);
    error = number == SYS_futex && value[1] == FUTEX_WAIT_PRIVATE ? struck(FAULT_FUTEX) : 0;
    if (error)
        return fail(error);
    return REAL(syscall)(number, value[0], value[1], value[2], value[3], value[4], value[5]);
}

/* ------------------------------------------------------------------ descriptors, files, the process */

int close(int fd)
{
    int error = struck(FAULT_CLOSE);
    int rc;

    note_edge(-1, EPOLL_CTL_DEL, fd, NULL);
    rc = REAL(close)(fd);
    return rc == 0 && error ? fail(error) : rc;
}

int fcntl(int fd, int command, ...)
{
    int error = struck(FAULT_FCNTL);
    va_list list;
    long value;

    va_start(list, command);
    value = va_arg(list, long);
    va_end(list);
    return error ? fail(error) : REAL(fcntl)(fd, command, value);
}

int open(const char *path, int flags, ...)
{
    int error = struck(FAULT_OPEN);
    va_list list;
    mode_t mode;

    va_start(list, flags);
    mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return error ? fail(error) : REAL(open)(path, flags, mode);
}

PLAIN(FAULT_FSTAT, fstat, int, (int fd, struct stat *out), (fd, out))
PLAIN(FAULT_STAT, stat, int, (const char *path, struct stat *out), (path, out))
PLAIN(FAULT_LSTAT, lstat, int, (const char *path, struct stat *out), (path, out))
PLAIN(FAULT_UNLINK, unlink, int, (const char *path), (path))
PLAIN(FAULT_CHMOD, chmod, int, (const char *path, mode_t mode), (path, mode))
PLAIN(FAULT_RMDIR, rmdir, int, (const char *path), (path))
PLAIN(FAULT_GETRANDOM, getrandom, ssize_t, (void *data, size_t size, unsigned flags),
      (data, size, flags))

char *mkdtemp(char *template)
{
    int error = struck(FAULT_MKDTEMP);

    if (!error)
        return REAL(mkdtemp)(template);
    errno = error;
    return NULL;
}

int prctl(int option, ...)
{
    int error = struck(FAULT_PRCTL);
    unsigned long value[4];
    va_list list;

    va_start(list, option);
    for (int i = 0; i < 4; i++)
        value[i] = va_arg(list, unsigned long);
    va_end(list);
    return error ? fail(error) : REAL(prctl)(option, value[0], value[1], value[2], value[3]);
}

int pthread_create(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg)
{
    int error = struck(FAULT_THREAD);

    return error ? error : REAL(pthread_create)(out_thread, attributes, run, arg);
}
