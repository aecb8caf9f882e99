#include "rules_host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "rules.h"

enum { HOSTS_MAX = 64, PIPES_MAX = 1 << 15 };

struct front {
    tn_host_t table; /* first: what modules have */
    const tn_host_t *real;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over all that follows */
static struct front fronts[HOSTS_MAX];
static unsigned front_count; /* so far; the oldest one makes room */
static tn_host_t core; /* a copy: the functions are the same in all */
static const tn_module_t *original;
static tn_module_t watched;
static tn_pipe_t *pipes[PIPES_MAX]; /* by hash, those that have gone too */
static bool is_gone[PIPES_MAX];
static long allocations, left, fail_at;
static bool has_failed;

/* ---- pipes ---- */

/* The place of a pipe, or where it would go. */
static size_t find(const tn_pipe_t *pipe)
{
    size_t i = ((uintptr_t)pipe >> 4) * 2654435761u % PIPES_MAX;

    while (pipes[i] && pipes[i] != pipe)
        i = (i + 1) % PIPES_MAX;
    return i;
}

static void note(tn_pipe_t *pipe, bool has_gone)
{
    size_t i;

    pthread_mutex_lock(&lock);
    i = find(pipe);
    pipes[i] = pipe;
    is_gone[i] = has_gone;
    pthread_mutex_unlock(&lock);
}

void rules_host_attached(tn_pipe_t *pipe)
{
    note(pipe, false);
}

void rules_host_detached(tn_pipe_t *pipe)
{
    note(pipe, true);
}

static void check(tn_pipe_t *pipe, const char *entry)
{
    bool is_wrong;

    pthread_mutex_lock(&lock);
    is_wrong = !pipe || is_gone[find(pipe)];
    pthread_mutex_unlock(&lock);
    if (is_wrong)
        rules_break(
            "host->%s was called with a pipe that %s; after detach, and after an attach that "
            "was refused, a pipe must not be used",
            entry, pipe ? "has gone" : "is NULL");
}

#define FRONT(result, hand_on, entry, parameters, arguments)                                       \
    static result front_##entry parameters                                                         \
    {                                                                                              \
        check(pipe, #entry);                                                                       \
        hand_on core.entry arguments;                                                              \
    }

FRONT(int, return, pipe_write, (tn_pipe_t * pipe, tn_msg_t *msg), (pipe, msg))
FRONT(void, , pipe_rollback, (tn_pipe_t * pipe), (pipe))
FRONT(int, return, pipe_read, (tn_pipe_t * pipe, tn_msg_t *out_msg), (pipe, out_msg))
FRONT(int, return, pipe_can_write, (tn_pipe_t * pipe), (pipe))
FRONT(int, return, pipe_can_read, (tn_pipe_t * pipe), (pipe))
FRONT(void, , pipe_close, (tn_pipe_t * pipe), (pipe))
FRONT(void *, return, pipe_state, (tn_pipe_t * pipe), (pipe))
FRONT(const uint8_t *, return, pipe_routing_id, (tn_pipe_t * pipe, size_t *out_size),
      (pipe, out_size))
FRONT(int, return, pipe_is_alive, (tn_pipe_t * pipe), (pipe))
FRONT(void, , fq_add, (tn_pipe_t * pipe), (pipe))
FRONT(void, , fq_ready, (tn_pipe_t * pipe), (pipe))
FRONT(void, , lb_add, (tn_pipe_t * pipe), (pipe))
FRONT(void, , lb_ready, (tn_pipe_t * pipe), (pipe))
FRONT(void, , fan_add, (tn_pipe_t * pipe), (pipe))
FRONT(void, , fan_match, (tn_pipe_t * pipe), (pipe))

/* ---- memory ---- */

static void *front_alloc(size_t size)
{
    void *memory = NULL;
    bool fails;

    pthread_mutex_lock(&lock);
    fails = fail_at > 0 && --fail_at == 0;
    has_failed = has_failed || fails;
    pthread_mutex_unlock(&lock);
    if (!fails)
        memory = core.alloc(size);
    pthread_mutex_lock(&lock);
    allocations++;
    left += memory != NULL;
    pthread_mutex_unlock(&lock);
    return memory;
}

static void front_free(void *memory)
{
    pthread_mutex_lock(&lock);
    left -= memory != NULL;
    pthread_mutex_unlock(&lock);
    core.free(memory);
}

long rules_host_allocations(void)
{
    long count;

    pthread_mutex_lock(&lock);
    count = allocations;
    pthread_mutex_unlock(&lock);
    return count;
}

long rules_host_left(void)
{
    long count;

    pthread_mutex_lock(&lock);
    count = left;
    pthread_mutex_unlock(&lock);
    return count;
}

bool rules_host_fail_at(long n)
{
    bool did;

    pthread_mutex_lock(&lock);
    did = has_failed;
    has_failed = false;
    fail_at = n;
    pthread_mutex_unlock(&lock);
    return did;
}

/* ---- entries that take the table ---- */

static const tn_host_t *behind(const tn_host_t *host)
{
    return ((const struct front *)host)->real;
}

static void front_log(const tn_host_t *host, int level, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    core.log(behind(host), level, "%s", line);
}

static int front_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    char sentence[512];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return core.set_error(behind(host), code, "%s", sentence);
}

static tn_module_state_t *front_module_state(const tn_host_t *host, const tn_module_t *module)
{
    return core.module_state(behind(host), module == original ? &watched : module);
}

static struct tn_socket *front_socket_open(const tn_host_t *host, const char *pattern)
{
    return core.socket_open(behind(host), pattern);
}

static int front_init(const tn_host_t *host, tn_module_state_t **out_state)
{
    return original->init(rules_host_in_front_of(host), out_state);
}

static void front_fini(const tn_host_t *host, tn_module_state_t *state)
{
    original->fini(rules_host_in_front_of(host), state);
}

const tn_module_t *rules_host_know(const tn_module_t *module, const tn_module_t *description)
{
    original = module;
    watched = *description;
    watched.init = module->init ? front_init : NULL;
    watched.fini = module->fini ? front_fini : NULL;
    return &watched;
}

static void fill(struct front *front, const tn_host_t *host)
{
    front->table = *host;
    front->real = host;
#define PUT(entry) front->table.entry = front_##entry
    PUT(log);
    PUT(set_error);
    PUT(alloc);
    PUT(free);
    PUT(module_state);
    PUT(socket_open);
    PUT(pipe_write);
    PUT(pipe_rollback);
    PUT(pipe_read);
    PUT(pipe_can_write);
    PUT(pipe_can_read);
    PUT(pipe_close);
    PUT(pipe_state);
    PUT(pipe_routing_id);
    PUT(pipe_is_alive);
    PUT(fq_add);
    PUT(fq_ready);
    PUT(lb_add);
    PUT(lb_ready);
    PUT(fan_add);
    PUT(fan_match);
#undef PUT
}

const tn_host_t *rules_host_in_front_of(const tn_host_t *host)
{
    struct front *front = NULL;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < HOSTS_MAX; i++)
        if (fronts[i].real == host)
            front = &fronts[i];
    if (!front) {
        front = &fronts[front_count++ % HOSTS_MAX];
        fill(front, host);
        core = *host;
    }
    pthread_mutex_unlock(&lock);
    return &front->table;
}
