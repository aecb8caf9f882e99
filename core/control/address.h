/*
 * address.h: the file of a process's control socket.
 *
 * Made with mode 0600. Where a process that is gone has left one it is taken over; one that somebody
 * answers at is left alone, and so is what is not a socket. One thread at a time.
 */
#ifndef TNI_CONTROL_ADDRESS_H
#define TNI_CONTROL_ADDRESS_H

#include <sys/types.h>
#include <sys/un.h>

struct tni_control_address {
    struct sockaddr_un name; /* an empty path: none */
    dev_t device;
    ino_t inode;
};

/** Listens at what TENON_CONTROL says: in a directory as tenon-PID.sock, else at that very path, or with
 *  .PID behind it when another process has it. Returns the descriptor, or a negative code with a
 *  sentence. */
int tni_control_listen(const char *wanted, struct tni_control_address *out_address);
/** Removes the file, if it is still ours. */
void tni_control_unlink(struct tni_control_address *address);

#endif
