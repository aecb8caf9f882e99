#include "line.h"

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "frame.h"

enum { PATH_SIZE = 280 };

int tni_serial_check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)role;
    if (address[0] == '/' && strlen(address) < PATH_SIZE)
        return 0;
    return host->set_error(host, -EINVAL,
                           "serial://%s is not serial:///PATH, as serial:///dev/ttyS0", address);
}

/* ------------------------------------------------------------------ options */

static bool find_speed(int64_t baud, speed_t *out)
{
    static const struct {
        int64_t baud;
        speed_t speed;
    } known[] = {{1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
                 {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
                 {230400, B230400},   {460800, B460800},   {500000, B500000},   {921600, B921600},
                 {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
                 {4000000, B4000000}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *out = known[i].speed;
        if (known[i].baud == baud)
            return true;
    }
    return false;
}

static bool is_chosen(const tn_setup_t *setup, const tn_host_t *host, const char *name,
                      const char *text)
{
    tn_value_t value;

    return host->setup_option(setup, name, &value) == 0 && value.data &&
           strcmp(value.data, text) == 0;
}

int tni_serial_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                       unsigned role, const char *address)
{
    struct tni_serial_line *line = endpoint_state;
    bool even = is_chosen(setup, host, "parity", "even"),
         odd = is_chosen(setup, host, "parity", "odd");
    bool rts = is_chosen(setup, host, "flow", "rtscts"),
         xon = is_chosen(setup, host, "flow", "xonxoff");
    tn_value_t baud;
    speed_t speed;

    (void)role;
    if (host->setup_option(setup, "baud", &baud) < 0 || !find_speed(baud.number, &speed))
        return host->set_error(
            host, -EINVAL,
            "serial://%s: baud=%lld is no speed of a serial line; take 9600, 115200, "
            "or another usual one up to 4000000",
            address, (long long)baud.number);
    if (!even && !odd && !is_chosen(setup, host, "parity", "none"))
        return host->set_error(host, -EINVAL, "serial://%s: parity is none, even or odd", address);
    if (!rts && !xon && !is_chosen(setup, host, "flow", "none"))
        return host->set_error(host, -EINVAL, "serial://%s: flow is none, rtscts or xonxoff",
                               address);
    cfmakeraw(&line->mode);
    line->mode.c_cflag |=
        CREAD | CLOCAL | (even || odd ? PARENB : 0u) | (odd ? PARODD : 0u) | (rts ? CRTSCTS : 0u);
    line->mode.c_iflag |= xon ? IXON | IXOFF : 0u;
    line->mode.c_cc[VMIN] = 1;
    line->mode.c_cc[VSTART] = TNI_SERIAL_XON;
    line->mode.c_cc[VSTOP] = TNI_SERIAL_XOFF;
    cfsetispeed(&line->mode, speed);
    cfsetospeed(&line->mode, speed);
    line->fd = line->set = -1;
    line->all = tni_serial_state(host);
    return 0;
}

/* ------------------------------------------------------------------ the device */

static int fail(const tn_host_t *host, const char *path, int code, const char *what)
{
    return host->set_error(host, code, "serial://%s: %s: %s", path, what, strerror(-code));
}

static int open_device(const tn_host_t *host, const char *path)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? fail(host, path, -errno, "cannot be opened") : fd;
}

static int take(const struct tni_serial_line *line, int fd, const tn_host_t *host, const char *path)
{
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? fail(host, path, -EBUSY, "somebody else has it")
                                    : fail(host, path, -errno, "cannot be locked");
    if (tcsetattr(fd, TCSANOW, &line->mode) < 0)
        return fail(host, path, -errno, "is no serial line that can be set up so");
    tcflush(fd, TCIFLUSH);
    return 0;
}

int tni_serial_open_line(const struct tni_serial_line *line, const tn_host_t *host,
                         const char *path)
{
    int kept = errno;
    int fd = open_device(host, path);
    int code = fd < 0 ? fd : take(line, fd, host, path);

    if (code < 0)
        tn_sys_close(&fd);
    errno = kept;
    return code < 0 ? code : fd;
}

/* ------------------------------------------------------------------ who uses it */

static int watch(const struct tni_serial_line *line, int operation)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(line->set, operation, line->fd, &event);
}

/* What points to the line of that device that was left, or to NULL. */
static struct tni_serial_line **find_left(struct tn_module_state *all, dev_t device)
{
    struct tni_serial_line **place = &all->left;

    while (*place && (*place)->device != device)
        place = &(*place)->next;
    return place;
}

/* The device of a line that was left belongs to its heir, if it has none yet. */
static int take_or_inherit(struct tni_serial_line *line, const tn_host_t *host, const char *path)
{
    struct tni_serial_line *left;
    struct stat status;

    if (fstat(line->fd, &status) < 0)
        return fail(host, path, -errno, "cannot be looked at");
    line->device = status.st_rdev;
    left = *find_left(line->all, line->device);
    if (!left || left->heir)
        return take(line, line->fd, host, path);
    left->heir = line;
    line->is_busy = true;
    return 0;
}

int tni_serial_listen(struct tni_serial_line *line, const tn_host_t *host, const char *path)
{
    int kept = errno, code;

    line->fd = open_device(host, path);
    code = line->fd < 0 ? line->fd : take_or_inherit(line, host, path);
    if (code == 0) {
        line->set = epoll_create1(EPOLL_CLOEXEC);
        if (line->set < 0 || (!line->is_busy && watch(line, EPOLL_CTL_ADD) < 0))
            code = fail(host, path, -errno, "cannot be watched");
    }
    errno = kept;
    return code;
}

void tni_serial_unlisten(struct tni_serial_line *line)
{
    struct tni_serial_line *left = *find_left(line->all, line->device);

    if (left && left->heir == line) {
        left->heir = NULL;
    } else if (line->is_busy) {
        line->next = line->all->left;
        line->all->left = line;
    }
    tn_sys_close(&line->fd);
    tn_sys_close(&line->set);
}

int tni_serial_begin_use(struct tni_serial_line *line)
{
    int kept = errno;
    int fd = fcntl(line->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        fd = -errno;
    else
        watch(line, EPOLL_CTL_DEL);
    line->is_busy = fd >= 0;
    errno = kept;
    return fd;
}

/* With the open file goes its lock, so that nobody comes between. What has arrived stays: the peer may
 * have begun anew already. */
static void hand_over(int fd, struct tni_serial_line *heir)
{
    dup3(fd, heir->fd, O_CLOEXEC);
    tcsetattr(heir->fd, TCSANOW, &heir->mode);
    heir->is_busy = false;
    watch(heir, EPOLL_CTL_ADD);
}

void tni_serial_end_use(struct tni_serial_line *line, int fd)
{
    struct tni_serial_line **left = find_left(line->all, line->device);
    int kept = errno;

    line->is_busy = false;
    if (line->set >= 0)
        watch(line, EPOLL_CTL_ADD);
    if (*left == line)
        *left = line->next;
    if (line->heir)
        hand_over(fd, line->heir);
    errno = kept;
}
