#include "fake_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tenon/tenon.h>

static atomic_uint alloc_countdown;
static atomic_long alloc_balance;

/* The entries of the table are constant to modules, and belong to a fake_host. */
static struct fake_host *fake_of(const tn_host_t *host)
{
    return host->context;
}

static void fake_log(const tn_host_t *host, int level, const char *format, ...)
{
    struct fake_host *fake = fake_of(host);
    va_list args;

    (void)level;
    va_start(args, format);
    vsnprintf(fake->log, sizeof fake->log, format, args);
    va_end(args);
    fake->log_lines++;
}

static int fake_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    struct fake_host *fake = fake_of(host);
    va_list args;

    va_start(args, format);
    vsnprintf(fake->error, sizeof fake->error, format, args);
    va_end(args);
    fake->error_code = code;
    return code;
}

static void *fake_alloc(size_t size)
{
    unsigned left = atomic_load(&alloc_countdown);
    void *memory;

    if (left > 0 && atomic_fetch_sub(&alloc_countdown, 1) == 1)
        return NULL;
    memory = calloc(1, size);
    if (memory)
        atomic_fetch_add(&alloc_balance, 1);
    return memory;
}

static void fake_free(void *memory)
{
    if (memory)
        atomic_fetch_sub(&alloc_balance, 1);
    free(memory);
}

void fake_alloc_fail_at(unsigned nth)
{
    atomic_store(&alloc_countdown, nth);
}

long fake_alloc_balance(void)
{
    return atomic_load(&alloc_balance);
}

static uint64_t clock_ahead_ms;

static uint64_t fake_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + clock_ahead_ms;
}

void fake_clock_advance(uint64_t ms)
{
    clock_ahead_ms += ms;
}

static tn_module_state_t *fake_module_state(const tn_host_t *host, const tn_module_t *module)
{
    (void)module;
    return fake_of(host)->module_state;
}

static int fake_option_get(struct fake_host *fake, const char *name, tn_value_t *out_value)
{
    for (unsigned i = fake->option_count; i > 0; i--) {
        if (strcmp(fake->options[i - 1].name, name) == 0) {
            *out_value = fake->options[i - 1].value;
            return 0;
        }
    }
    return -TN_ENOOPTION;
}

static int fake_stream_option(tn_stream_t *stream, const char *name, tn_value_t *out_value)
{
    return fake_option_get(stream->host, name, out_value);
}

static int fake_listener_option(tn_listener_t *listener, const char *name, tn_value_t *out_value)
{
    return fake_option_get(listener->host, name, out_value);
}

static int fake_stream_resolve(tn_stream_t *stream, const char *host_name, const char *service,
                               int family, int flags)
{
    struct fake_host *fake = stream->host;

    snprintf(fake->resolve_host, sizeof fake->resolve_host, "%s", host_name);
    snprintf(fake->resolve_service, sizeof fake->resolve_service, "%s", service);
    fake->resolve_family = family;
    fake->resolve_flags = flags;
    fake->resolve_calls++;
    return fake->resolve_code;
}

static int fake_listener_set_address(tn_listener_t *listener, const char *address)
{
    snprintf(listener->address, sizeof listener->address, "%s", address);
    return listener->host->set_address_code;
}

static int fake_stream_set_property(tn_stream_t *stream, const char *name, const char *value)
{
    (void)stream;
    return name[0] && value ? 0 : -EINVAL;
}

static const char *fake_stream_remote(tn_stream_t *stream)
{
    (void)stream;
    return NULL;
}

static void fake_stream_set_addresses(tn_stream_t *stream, const char *local, const char *remote)
{
    snprintf(stream->local, sizeof stream->local, "%s", local);
    snprintf(stream->remote, sizeof stream->remote, "%s", remote);
    stream->reports++;
}

static void fake_stream_wake_at(tn_stream_t *stream, uint64_t at_ms)
{
    stream->wake_at = at_ms;
}

static void fake_stream_reads_on(tn_stream_t *stream)
{
    stream->reads_on++;
}

static void fake_stream_ready(tn_stream_t *stream, unsigned ready)
{
    stream->ready |= ready;
}

static int fake_endpoint_join(tn_endpoint_t *connecting, tn_endpoint_t *bound)
{
    struct fake_host *fake = connecting->host;
    unsigned index;

    if (connecting->join_code < 0)
        return connecting->join_code;
    index = atomic_fetch_add(&fake->join_count, 1);
    if (index < FAKE_JOINS)
        fake->joins[index] = (struct fake_join){connecting, bound};
    return 0;
}

void fake_host_init(struct fake_host *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->table = (tn_host_t){
        .size = sizeof fake->table,
        .abi_major = TN_ABI_MAJOR,
        .abi_minor = TN_ABI_MINOR,
        .context = fake,
        .log = fake_log,
        .set_error = fake_set_error,
        .alloc = fake_alloc,
        .free = fake_free,
        .clock_ms = fake_clock_ms,
        .module_state = fake_module_state,
        .stream_option = fake_stream_option,
        .listener_option = fake_listener_option,
        .stream_resolve = fake_stream_resolve,
        .listener_set_address = fake_listener_set_address,
        .stream_set_addresses = fake_stream_set_addresses,
        .stream_remote = fake_stream_remote,
        .stream_set_property = fake_stream_set_property,
        .stream_wake_at = fake_stream_wake_at,
        .stream_reads_on = fake_stream_reads_on,
        .stream_ready = fake_stream_ready,
        .endpoint_join = fake_endpoint_join,
    };
}

static tn_value_t *option_add(struct fake_host *fake, const char *name)
{
    struct fake_option *option;

    if (fake->option_count == FAKE_OPTIONS)
        abort();
    option = &fake->options[fake->option_count++];
    option->name = name;
    return &option->value;
}

void fake_host_set_int(struct fake_host *fake, const char *name, int64_t number)
{
    *option_add(fake, name) = (tn_value_t){.type = TN_OPTION_INT, .number = number};
}

void fake_host_set_text(struct fake_host *fake, const char *name, const char *text)
{
    *option_add(fake, name) =
        (tn_value_t){.type = TN_OPTION_STR, .data = text, .size = text ? strlen(text) : 0};
}

void fake_host_set_defaults(struct fake_host *fake, const tn_option_desc_t *options)
{
    for (; options->name; options++) {
        if (options->type == TN_OPTION_STR)
            fake_host_set_text(fake, options->name, options->default_str);
        else
            fake_host_set_int(fake, options->name, options->default_int);
    }
}
