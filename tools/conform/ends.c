#include "ends.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "conform.h"

bool ends_are_known(const char *kind)
{
    return strcmp(kind, "pty") == 0 || strcmp(kind, "socketpair") == 0;
}

/* The slave stays open, so that nothing that is on its way is lost. */
static int open_end(char *path, size_t size)
{
    struct termios mode;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

    CONFORM(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 &&
                ptsname_r(master, path, size) == 0,
            "the kit gets no pseudo-terminal");
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    CONFORM(slave >= 0 && tcgetattr(slave, &mode) == 0, "the kit cannot open %s", path);
    cfmakeraw(&mode);
    tcsetattr(slave, TCSANOW, &mode);
    return master;
}

/* In a child of its own: from one end to the other. */
static void carry(int from, int to)
{
    char bytes[4096];
    ssize_t size;

    if (fork() != 0)
        return;
    /* What is open here keeps whoever reads the case's report waiting. */
    for (int fd = 3; fd < 1024; fd++)
        if (fd != from && fd != to)
            close(fd);
    while ((size = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0, more; at < size; at += more) {
            more = write(to, bytes + at, (size_t)(size - at));
            if (more <= 0)
                _exit(0);
        }
    }
    _exit(0);
}

static void make_line(const char *out_names[2])
{
    static char paths[2][64];
    static bool is_made;
    int masters[2];

    for (int i = 0; i < 2; i++) {
        if (!is_made)
            masters[i] = open_end(paths[i], sizeof paths[i]);
        out_names[i] = paths[i];
    }
    if (!is_made) {
        carry(masters[0], masters[1]);
        carry(masters[1], masters[0]);
    }
    is_made = true;
}

void ends_make(const char *kind, const char *out_names[2])
{
    static char numbers[2][16];
    int ends[2];

    if (strcmp(kind, "pty") == 0) {
        make_line(out_names);
        return;
    }
    CONFORM(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0,
            "the kit gets no pair of sockets");
    for (int i = 0; i < 2; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%d", ends[i]);
        out_names[i] = numbers[i];
    }
}
