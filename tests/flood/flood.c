/* flood.c: the server, and what it costs it. Usage: floods [--long] [NAME...] */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "flood.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif
#else
enum { IS_SANITIZED = 0 };
#endif

enum { SERVED_AT_ONCE = 1000, LIMITS = 3 };

struct child {
    pid_t pid;
    int in, out; /* ends of pipes to its standard input and from its output; -1: none */
};

struct server {
    const struct flood *flood;
    bool is_long;
    tn_ctx_t *ctx;
    tn_socket_t *socket;
    tn_monitor_t *monitor;
    char endpoint[128];
    double peak; /* of memory, MiB */
    uint64_t struck[LIMITS];
};

static void fail(const char *name, const char *what)
{
    fprintf(stderr, "flood %s: FAILED: %s\n", name, what);
    exit(1);
}

/* ------------------------------------------------------------------ processes */

static struct child spawn(const char *mode, const char *name, const char *where, const char *size)
{
    int in[2], out[2];
    struct child child;

    if (pipe(in) < 0 || pipe(out) < 0)
        fail(name, strerror(errno));
    child.pid = fork();
    if (child.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        execl("/proc/self/exe", "flood", mode, name, where, size, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    child.in = in[1];
    child.out = out[0];
    return child;
}

static bool has_ended(const struct child *child, const char *name)
{
    int status = 0;
    pid_t pid = waitpid(child->pid, &status, WNOHANG);

    if (pid == child->pid && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        fail(name, "a peer failed");
    return pid == child->pid;
}

/* ------------------------------------------------------------------ what it costs */

static double memory_now(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (!file || fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024 / 1024;
}

static double cpu_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ------------------------------------------------------------------ serving */

/* A message goes back whole. An XPUB hears requests too, which need no answer. */
static bool answer_one(struct server *server)
{
    tn_msg_t parts[8];
    int count;

    for (int i = 0; i < 8; i++)
        tn_msg_init(&parts[i]);
    count = tn_recv_parts(server->socket, parts, 8, TN_DONTWAIT);
    if (count > 0 && (strcmp(server->flood->pattern, "xpub") != 0 ||
                      *(const char *)tn_msg_data(&parts[0]) == 'q'))
        (void)tn_send_parts(server->socket, parts, (size_t)count, TN_DONTWAIT);
    for (int i = 0; i < 8; i++)
        tn_msg_close(&parts[i]);
    return count > 0 || count == -EMSGSIZE;
}

static void take_events(struct server *server)
{
    tn_event_t event;
    char quoted[64];

    while (tn_monitor_recv(server->monitor, &event, 0) == 0) {
        for (int i = 0; i < LIMITS && server->flood->limits[i]; i++) {
            snprintf(quoted, sizeof quoted, "('%s')", server->flood->limits[i]);
            server->struck[i] += strstr(event.reason, quoted) != NULL;
        }
    }
}

static void serve(struct server *server)
{
    tn_pollitem_t item = {.socket = server->socket, .events = TN_POLLIN};
    double memory;

    tn_poll(&item, 1, 5);
    for (int i = 0; i < SERVED_AT_ONCE && answer_one(server); i++)
        continue;
    take_events(server);
    memory = memory_now();
    if (memory > server->peak)
        server->peak = memory;
}

static void serve_for(struct server *server, double seconds)
{
    double end = flood_now() + seconds;

    while (flood_now() < end)
        serve(server);
}

/* A line of the good peer's, while it is served. */
static void figures(struct server *server, const struct child *good, char line[64])
{
    fd_set set;
    ssize_t size = 0;

    while (size == 0) {
        struct timeval none = {0};
        FD_ZERO(&set);
        FD_SET(good->out, &set);
        if (select(good->out + 1, &set, NULL, NULL, &none) <= 0)
            serve(server);
        else if ((size = read(good->out, line, 63)) <= 0)
            fail(server->flood->name, "the good peer has ended");
    }
    line[size] = '\0';
}

static void open_server(struct server *server)
{
    const struct flood *flood = server->flood;
    size_t size = sizeof server->endpoint;
    int rc = 0;

    server->ctx = tn_ctx_new();
    server->socket = tn_socket(server->ctx, flood->pattern);
    if (!server->socket)
        fail(flood->name, tn_last_error());
    server->monitor = tn_monitor(server->socket, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_DISCONNECTED);
    for (int i = 0; rc == 0 && flood->options[i].name; i++)
        rc = tn_set_int(server->socket, flood->options[i].name,
                        flood->options[i].value[server->is_long]);
    if (rc == 0)
        rc = tn_set_int(server->socket, "linger", 0);
    if (rc == 0)
        rc = tn_bind(server->socket, "tcp://127.0.0.1:*");
    if (rc == 0)
        rc = tn_get_str(server->socket, "last_endpoint", server->endpoint, &size);
    if (rc < 0 || !server->monitor)
        fail(flood->name, tn_last_error());
}

/* ------------------------------------------------------------------ one flood */

static void tell(const struct server *server, const char *before, const char *during,
                 double start_memory, double cpu, double seconds)
{
    int count[2] = {0}, median[2] = {0}, last[2] = {0};

    if (sscanf(before, "%d %d %d", &count[0], &median[0], &last[0]) != 3 ||
        sscanf(during, "%d %d %d", &count[1], &median[1], &last[1]) != 3 || count[1] == 0)
        fail(server->flood->name, "the good peer was not served");
    printf("%-18s %6.1f %6.1f %5.0f%% %5.1f %6d %6d %6d %6d %7d ", server->flood->name,
           start_memory, server->peak, 100 * cpu / seconds, seconds, median[0], last[0], median[1],
           last[1], count[1]);
    for (int i = 0; i < LIMITS && server->flood->limits[i]; i++)
        printf(" %s %llu", server->flood->limits[i], (unsigned long long)server->struck[i]);
    printf("\n");
    fflush(stdout);
}

static void run(const struct flood *flood, bool is_long)
{
    struct server server = {.flood = flood, .is_long = is_long};
    char before[64], during[64], size[16];
    struct child good, attacker;
    double memory, cpu, start;

    open_server(&server);
    good = spawn("--good", flood->name, server.endpoint, "0");
    serve_for(&server, is_long ? 3 : 0.3);
    if (write(good.in, "n", 1) != 1)
        fail(flood->name, "the good peer has ended");
    figures(&server, &good, before);
    server.peak = memory = memory_now();
    cpu = cpu_now();
    start = flood_now();
    snprintf(size, sizeof size, "%d", flood->size[is_long]);
    attacker = spawn("--attack", flood->name, strrchr(server.endpoint, ':') + 1, size);
    while (!has_ended(&attacker, flood->name))
        serve(&server);
    cpu = cpu_now() - cpu;
    start = flood_now() - start;
    close(good.in);
    figures(&server, &good, during);
    while (!has_ended(&good, flood->name))
        serve(&server);
    tell(&server, before, during, memory, cpu, start);
    for (int i = 0; i < LIMITS && flood->limits[i]; i++)
        if (!server.struck[i])
            fail(flood->name, flood->limits[i]);
    if (!IS_SANITIZED && server.peak - memory > flood->megabytes)
        fail(flood->name, "memory grew beyond its bound");
    close(good.out);
    close(attacker.in);
    close(attacker.out);
    tn_monitor_close(server.monitor);
    tn_close(server.socket);
    tn_ctx_term(server.ctx, -1);
}

const struct flood *flood_find(const char *name)
{
    for (const struct flood *flood = flood_list; flood->name; flood++)
        if (strcmp(flood->name, name) == 0)
            return flood;
    fail(name, "there is no such flood");
    return NULL;
}

static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    bool is_long = argc > 1 && strcmp(argv[1], "--long") == 0;

    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    if (argc == 5 && strcmp(argv[1], "--good") == 0)
        return flood_good(flood_find(argv[2])->good, argv[3]);
    if (argc == 5 && strcmp(argv[1], "--attack") == 0) {
        flood_find(argv[2])->attack(argv[3], atoi(argv[4]));
        return 0;
    }
    printf("%-18s %6s %6s %6s %5s %6s %6s %6s %6s %7s  %s\n", "flood", "MiB", "peak", "CPU", "s",
           "med us", "p99", "during", "p99", "answers", "limits that struck");
    for (const struct flood *flood = flood_list; flood->name; flood++)
        if (is_wanted(flood->name, argv + 1 + is_long, argc - 1 - is_long))
            run(flood, is_long);
    return 0;
}
