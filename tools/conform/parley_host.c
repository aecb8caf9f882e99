#include "parley_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

enum { SECRET_LEAST = 4, MARK = 0x7e40a110 };

/* In front of each block that the module has. */
struct block {
    size_t size;
    uint64_t mark;
};

static const tn_feature_t *feature;
static const struct settings *settings;
static const struct setting *instead;
static unsigned side;
static tn_module_state_t *module_state;
static long left, fail_at;
static bool has_failed;
static uint64_t now = 1000000;
static char error[512], spilled[640];

/* ---- secrets ---- */

static bool holds(const void *data, size_t size, const struct setting *item)
{
    const tn_option_desc_t *desc = settings_option(feature, item->name);
    size_t length = strlen(item->value);

    return desc && (desc->flags & TN_OPTION_SECRET) && length >= SECRET_LEAST &&
           memmem(data, size, item->value, length);
}

bool parley_host_is_told(const void *data, size_t size)
{
    for (int i = 0; settings && i < settings->count; i++)
        if (holds(data, size, &settings->item[i]))
            return true;
    return false;
}

static void check_spill(const void *data, size_t size, const char *where)
{
    if (!spilled[0] && parley_host_is_told(data, size))
        snprintf(spilled, sizeof spilled, "a secret option's value stands in %s", where);
}

const char *parley_host_spilled(void)
{
    return spilled[0] ? spilled : NULL;
}

/* ---- every module ---- */

static void host_log(const tn_host_t *host, int level, const char *format, ...)
{
    char line[512];
    va_list args;

    (void)host;
    (void)level;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    check_spill(line, strlen(line), "a line of the log");
}

static int host_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(error, sizeof error, format, args);
    va_end(args);
    check_spill(error, strlen(error), "a sentence of set_error");
    return code;
}

const char *parley_host_error(void)
{
    static char last[sizeof error];

    memcpy(last, error, sizeof last);
    error[0] = '\0';
    return last;
}

static const char *host_last_error(void)
{
    return error;
}

static void *host_alloc(size_t size)
{
    struct block *block;

    if (fail_at > 0 && --fail_at == 0) {
        has_failed = true;
        return NULL;
    }
    block = calloc(1, sizeof *block + size);
    if (!block)
        return NULL;
    *block = (struct block){.size = size, .mark = MARK};
    left++;
    return block + 1;
}

static void host_free(void *memory)
{
    struct block *block;

    if (!memory)
        return;
    block = (struct block *)memory - 1;
    CONFORM(block->mark == MARK, "host->free was given what host->alloc did not give, or twice");
    check_spill(memory, block->size, "memory that was given back without being wiped");
    block->mark = 0;
    left--;
    free(block);
}

static uint64_t host_clock(void)
{
    return now;
}

void parley_host_pass(uint64_t ms)
{
    now += ms;
}

static tn_module_state_t *host_module_state(const tn_host_t *host, const tn_module_t *module)
{
    (void)host;
    (void)module;
    return module_state;
}

static uint32_t host_random(void)
{
    return (uint32_t)random();
}

static void host_fault(tn_handshake_t *handshake, int fault)
{
    (void)handshake;
    (void)fault;
}

/* ---- options ---- */

static int to_value(const tn_option_desc_t *desc, const char *text, tn_value_t *out_value)
{
    *out_value = (tn_value_t){.type = desc->type};
    if (desc->type == TN_OPTION_INT || desc->type == TN_OPTION_BOOL) {
        out_value->number = text ? strtoll(text, NULL, 0) : desc->default_int;
        return 0;
    }
    out_value->data = text;
    out_value->size = text ? strlen(text) : 0;
    return 0;
}

/* The common options of sockets have no value here. */
static int host_setup_option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    const tn_option_desc_t *desc = settings_option(feature, name);
    const struct setting *item;

    (void)setup;
    *out_value = (tn_value_t){0};
    if (!desc)
        return -TN_ENOOPTION;
    item = settings_find(settings, side, name);
    if (instead && strcmp(instead->name, name) == 0)
        item = instead;
    return to_value(desc, item ? item->value : desc->default_str, out_value);
}

void parley_host_speak_for(unsigned new_side, const struct setting *new_instead)
{
    side = new_side;
    instead = new_instead;
}

long parley_host_left(void)
{
    return left;
}

bool parley_host_fail_at(long n)
{
    bool did = has_failed;

    has_failed = false;
    fail_at = n;
    return did;
}

/* ---- life ---- */

static const tn_host_t host = {
    .size = sizeof(tn_host_t),
    .abi_major = TN_ABI_MAJOR,
    .abi_minor = TN_ABI_MINOR,
    .log = host_log,
    .set_error = host_set_error,
    .last_error = host_last_error,
    .alloc = host_alloc,
    .free = host_free,
    .clock_ms = host_clock,
    .module_state = host_module_state,
    .random = host_random,
    .setup_option = host_setup_option,
    .handshake_fault = host_fault,
};

const tn_host_t *parley_host_begin(const struct subject *subject, const struct settings *all)
{
    feature = subject->feature;
    settings = all;
    if (subject->module->init)
        CONFORM(subject->module->init(&host, &module_state) == 0, "its init fails: %s",
                parley_host_error());
    return &host;
}

void parley_host_end(const struct subject *subject)
{
    if (subject->module->fini)
        subject->module->fini(&host, module_state);
}
