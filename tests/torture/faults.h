/*
 * faults.h: the system's calls, of which one can be made to fail.
 *
 * faults.c defines functions with the names of the C library's, so that our objects and the libraries
 * below them (libevent) call these, which pass everything on. One fault can be armed at a time, from
 * the main thread; it strikes whichever thread makes the n-th such call, once. What a call that failed
 * leaves behind is as the system would: a connect that was interrupted goes on, a descriptor whose
 * close failed is closed, and an edge-triggered set reports again what a read or a write that would
 * block has left.
 */
#ifndef TENON_TORTURE_FAULTS_H
#define TENON_TORTURE_FAULTS_H

enum fault_call {
    FAULT_SOCKET,
    FAULT_BIND,
    FAULT_LISTEN,
    FAULT_ACCEPT4,
    FAULT_CONNECT,
    FAULT_GETSOCKOPT,
    FAULT_SO_ERROR, /* getsockopt succeeds, and tells that the connect failed */
    FAULT_SETSOCKOPT,
    FAULT_GETSOCKNAME,
    FAULT_GETPEERNAME,
    FAULT_FCNTL,
    FAULT_RECV, /* and read of a socket */
    FAULT_READV,
    FAULT_SEND,
    FAULT_SENDMSG,
    FAULT_SENDMMSG,
    FAULT_RECVMMSG,
    FAULT_EPOLL_CREATE1,
    FAULT_EPOLL_CTL,
    FAULT_EPOLL_WAIT,
    FAULT_EVENTFD,
    FAULT_POLL,
    FAULT_PPOLL,
    FAULT_PIPE2,
    FAULT_CLOSE,
    FAULT_FUTEX,
    FAULT_THREAD, /* pthread_create */
    FAULT_GETADDRINFO, /* the error is one of EAI_ */
    FAULT_GETRANDOM,
    FAULT_PRCTL,
    FAULT_OPEN,
    FAULT_READ, /* of files: an eventfd that does not block has no errors */
    FAULT_FSTAT,
    FAULT_STAT,
    FAULT_LSTAT,
    FAULT_UNLINK,
    FAULT_CHMOD,
    FAULT_MKDTEMP,
    FAULT_RMDIR,
    FAULT_GETIFADDRS,
};

/** Instead of an errno: what is read or written is cut to one byte. */
enum { FAULT_SHORT = -1 };

void faults_arm(enum fault_call call, int error, unsigned long nth);
/** Returns how many such calls there were. */
unsigned long faults_disarm(void);

#endif
