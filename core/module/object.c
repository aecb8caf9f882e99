#include "module/object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "base/log.h"
#include "base/sha256.h"
#include "module/permission.h"

enum { WHY = PATH_MAX + 200 };

static const char symbol_name[] = "tenon_module_v1";
static const char symbol_mark[] = "_LTX_tenon_module_v";

bool tni_object_stem(const char *path, char *out_stem, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name);

    if (path[0] != '/' || length < 4 || strcmp(name + length - 3, ".so") != 0 || length - 3 >= size)
        return false;
    memcpy(out_stem, name, length - 3);
    out_stem[length - 3] = '\0';
    return true;
}

void tni_object_stamp(const char *path, struct tni_stamp *out_stamp)
{
    struct stat status;

    *out_stamp = (struct tni_stamp){0};
    if (stat(path, &status) < 0)
        return;
    *out_stamp = (struct tni_stamp){
        .exists = true, .modified = status.st_mtim, .size = status.st_size, .inode = status.st_ino};
}

bool tni_object_is_changed(const char *path, const struct tni_stamp *stamp)
{
    struct tni_stamp now;

    tni_object_stamp(path, &now);
    return now.exists != stamp->exists || now.size != stamp->size || now.inode != stamp->inode ||
           now.modified.tv_sec != stamp->modified.tv_sec ||
           now.modified.tv_nsec != stamp->modified.tv_nsec;
}

/* The file's bytes, for reading; NULL: none. */
static const unsigned char *map_file(const char *path, size_t *out_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    void *bytes = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        *out_size = (size_t)status.st_size;
        bytes = mmap(NULL, *out_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    return bytes == MAP_FAILED ? NULL : bytes;
}

static bool is_pinned_file(const char *path, const uint8_t expected[TNI_SHA256_SIZE])
{
    uint8_t digest[TNI_SHA256_SIZE];
    struct tni_sha256 hash;
    size_t size = 0;
    const unsigned char *bytes = map_file(path, &size);

    tni_sha256_init(&hash);
    if (bytes) {
        tni_sha256_update(&hash, bytes, size);
        munmap((void *)bytes, size);
    }
    tni_sha256_final(&hash, digest);
    return memcmp(digest, expected, sizeof digest) == 0;
}

static bool is_name_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Looks for the symbol of some other stem or version, to tell a renamed module and one of another
 * ABI from a file that never was a module. */
static void explain_missing(const char *path, const char *stem, char *why, size_t size)
{
    size_t length = 0;
    const unsigned char *bytes = map_file(path, &length), *mark = NULL;

    if (bytes)
        mark = memmem(bytes, length, symbol_mark, strlen(symbol_mark));
    if (!mark) {
        snprintf(why, size, "it has no symbol %s_LTX_%s: it is not a Tenon module", stem,
                 symbol_name);
    } else {
        const unsigned char *begin = mark, *end = mark + strlen(symbol_mark);

        while (begin > bytes && is_name_byte(begin[-1]) && mark - begin < 64)
            begin--;
        while (end < bytes + length && is_name_byte(*end) && end - mark < 64)
            end++;
        snprintf(why, size, "it has the symbol %.*s, this library looks for %s_LTX_%s: %s",
                 (int)(end - begin), (const char *)begin, stem, symbol_name,
                 end[-1] != '1' || end - mark != (long)strlen(symbol_mark) + 1
                     ? "it was built for another major version of the ABI, build it again"
                     : "the file was renamed, or the name in TN_MODULE is wrong");
    }
    if (bytes)
        munmap((void *)bytes, length);
}

static int check_file(const char *path, const struct tni_manifest *pin, bool is_strict, char *why,
                      size_t size)
{
    char reason[WHY];
    enum tni_trust trust = tni_permission_check(path, is_strict, reason, sizeof reason);

    if (trust == TNI_REFUSED) {
        snprintf(why, size, "%.*s", (int)size - 1, reason);
        return -TN_EMODULE;
    }
    if (trust == TNI_SUSPECT)
        tni_log(TN_LOG_WARN, "module", "module %s: %s", path, reason);
    if (pin && pin->has_sha256 && access(path, F_OK) == 0 && !is_pinned_file(path, pin->sha256)) {
        snprintf(why, size, "%s is not the file that `sha256` in %s:%u pins", path, pin->name,
                 pin->sha256_line);
        return -TN_EMODULE;
    }
    return 0;
}

int tni_object_open(const char *path, const struct tni_manifest *pin, bool is_strict,
                    struct tni_dl **out_dl, const tn_module_t **out_module, char *why, size_t size)
{
    char stem[64];
    int rc;

    if (!tni_object_stem(path, stem, sizeof stem)) {
        snprintf(why, size, "%s is not an absolute path that ends in NAME.so", path);
        return -TN_EMODULE;
    }
    rc = check_file(path, pin, is_strict, why, size);
    if (rc == 0)
        rc = tni_dl_open(path, out_dl, why, size);
    if (rc < 0)
        return rc;
    *out_module = tni_dl_symbol(*out_dl, symbol_name);
    if (*out_module)
        return 0;
    explain_missing(path, stem, why, size);
    tni_dl_close(*out_dl);
    *out_dl = NULL;
    return -TN_EMODULE;
}
