/*
 * file.h: the small files of an endpoint, read whole; and whether one has changed.
 *
 * Called while an endpoint is prepared or its files are looked at again; blocks for a disk at most. Any
 * thread.
 */
#ifndef TENON_TLS_FILE_H
#define TENON_TLS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <tenon/transport.h>

/** What a file was like when it was read. */
struct tni_tls_stamp {
    uint64_t device, inode;
    int64_t size, seconds, nanoseconds, changed_seconds, changed_nanoseconds;
};

struct tni_tls_bytes {
    char *data; /* ends with a NUL */
    size_t size;
};

/** Reads the file that `option` names. `is_secret`: refused unless only its owner, or for root's files
 *  the group too, can read it. A code with a sentence: what open says, -EACCES, -EFBIG, -ENOMEM. */
int tni_tls_file_read(const tn_host_t *host, const char *option, const char *path, bool is_secret,
                      struct tni_tls_bytes *out);
/** Wipes and frees. */
void tni_tls_bytes_end(const tn_host_t *host, struct tni_tls_bytes *bytes);

/** All zero when there is no such file. */
void tni_tls_stamp_take(const char *path, struct tni_tls_stamp *out);
bool tni_tls_stamp_is_same(const struct tni_tls_stamp *a, const struct tni_tls_stamp *b);

#endif
