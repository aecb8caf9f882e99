#include "module/detach.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct range {
    uintptr_t from, end; /* whole pages */
};

static struct range pages_of(const struct dl_phdr_info *object, const ElfW(Phdr) * part)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = object->dlpi_addr + part->p_vaddr;

    return (struct range){from & ~(page - 1), (from + part->p_memsz + page - 1) & ~(page - 1)};
}

static int protection(ElfW(Word) flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

/* A writable page, too: cutting the file takes away even those that were written to. The copy takes the
 * place of the original in one step. */
static void replace(struct range range, int prot)
{
    size_t size = range.end - range.from;
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (copy == MAP_FAILED)
        return;
    memcpy(copy, (const void *)range.from, size);
    if (mprotect(copy, size, prot) < 0 ||
        mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)range.from) == MAP_FAILED)
        munmap(copy, size);
}

/* What the loader made read-only when it was through with it: whole pages only. */
static void protect_again(const struct dl_phdr_info *object)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t from = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
        if (part->p_type == PT_GNU_RELRO && end > from)
            mprotect((void *)from, end - from, PROT_READ);
    }
}

static int detach_object(struct dl_phdr_info *object, size_t size, void *arg)
{
    const struct link_map *map = arg;

    (void)size;
    if (object->dlpi_addr != map->l_addr || strcmp(object->dlpi_name, map->l_name) != 0)
        return 0;
    for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD)
            replace(pages_of(object, part), protection(part->p_flags));
    }
    protect_again(object);
    return 1;
}

static void *show(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *page;

    if (fd < 0)
        return NULL;
    page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

void *tni_detach_from_file(void *handle, const char *path)
{
    const char *is_shared = secure_getenv("TENON_SHARED_MODULES");
    struct link_map *map = NULL;

    if (is_shared && strcmp(is_shared, "1") == 0)
        return NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0 || !map)
        return NULL;
    dl_iterate_phdr(detach_object, map);
    return show(path);
}

void tni_detach_forget(void *shown)
{
    if (shown)
        munmap(shown, 1);
}
