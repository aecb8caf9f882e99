/*
 * memory.h: what a process takes, for the programs that scripts/size compares.
 *
 * Read from the kernel, with nothing that would be counted itself; `memory` is of the first socket.
 */
#ifndef SIZE_MEMORY_H
#define SIZE_MEMORY_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct memory {
    long resident, dirty; /* KiB; dirty: the process's own */
};

static long memory_field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static struct memory memory_now(void)
{
    char text[2048] = "";
    int fd = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    struct memory now;

    text[size < 0 ? 0 : size] = '\0';
    if (fd >= 0)
        close(fd);
    now.resident = memory_field(text, "\nRss:");
    now.dirty = memory_field(text, "\nPrivate_Dirty:");
    return now;
}

#endif
