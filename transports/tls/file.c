#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

enum { MOST = 4 * 1024 * 1024 };

static int fail(const tn_host_t *host, int code, const char *option, const char *path,
                const char *advice)
{
    return host->set_error(host, code, "tls.%s: '%s' cannot be read: %s%s", option, path,
                           strerrordesc_np(-code), advice);
}

/* A key that others can read is no secret any more. */
static int check_secret(const tn_host_t *host, const char *option, const char *path,
                        const struct stat *facts)
{
    unsigned wrong = facts->st_uid == 0 ? 027 : 077;

    if (facts->st_uid != 0 && facts->st_uid != geteuid())
        return host->set_error(
            host, -EACCES, "tls.%s: '%s' belongs to user %u, who is neither root nor we: chown it",
            option, path, (unsigned)facts->st_uid);
    if (facts->st_mode & wrong)
        return host->set_error(
            host, -EACCES,
            "tls.%s: '%s' has mode %04o and can be read or changed by others than "
            "its owner: make another key, or chmod 600 this one",
            option, path, (unsigned)facts->st_mode & 07777);
    return 0;
}

static int read_all(int fd, char *data, size_t size, size_t *out_size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *out_size = done;
    return 0;
}

static int check_kind(const tn_host_t *host, const char *option, const char *path,
                      const struct stat *facts)
{
    if (!S_ISREG(facts->st_mode))
        return host->set_error(host, -EINVAL, "tls.%s: '%s' is not a regular file", option, path);
    if (facts->st_size > MOST)
        return fail(host, -EFBIG, option, path, "");
    return 0;
}

int tni_tls_file_read(const tn_host_t *host, const char *option, const char *path, bool is_secret,
                      struct tni_tls_bytes *out)
{
    struct stat facts;
    int fd, rc;

    *out = (struct tni_tls_bytes){0};
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail(host, -errno, option, path, errno == ENOENT ? "; correct the name" : "");
    rc = fstat(fd, &facts) < 0 ? fail(host, -errno, option, path, "") : 0;
    if (rc == 0)
        rc = check_kind(host, option, path, &facts);
    if (rc == 0 && is_secret)
        rc = check_secret(host, option, path, &facts);
    if (rc < 0)
        goto close_file;
    out->data = host->alloc((size_t)facts.st_size + 1);
    if (!out->data) {
        rc = host->set_error(host, -ENOMEM, "tls.%s: out of memory for '%s'", option, path);
        goto close_file;
    }
    rc = read_all(fd, out->data, (size_t)facts.st_size, &out->size);
    if (rc < 0) {
        tni_tls_bytes_end(host, out);
        rc = fail(host, rc, option, path, "");
    }
close_file:
    close(fd);
    return rc;
}

void tni_tls_bytes_end(const tn_host_t *host, struct tni_tls_bytes *bytes)
{
    if (bytes->data)
        OPENSSL_cleanse(bytes->data, bytes->size);
    host->free(bytes->data);
    *bytes = (struct tni_tls_bytes){0};
}

void tni_tls_stamp_take(const char *path, struct tni_tls_stamp *out)
{
    struct stat facts;

    memset(out, 0, sizeof *out);
    if (!path || stat(path, &facts) < 0)
        return;
    out->device = (uint64_t)facts.st_dev;
    out->inode = (uint64_t)facts.st_ino;
    out->size = (int64_t)facts.st_size;
    out->seconds = facts.st_mtim.tv_sec;
    out->nanoseconds = facts.st_mtim.tv_nsec;
    out->changed_seconds = facts.st_ctim.tv_sec;
    out->changed_nanoseconds = facts.st_ctim.tv_nsec;
}

bool tni_tls_stamp_is_same(const struct tni_tls_stamp *a, const struct tni_tls_stamp *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
