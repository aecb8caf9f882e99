/*
 * mechanism.h: a mechanism between a fuzz target and nothing else: a host that forgets errors, a script
 * of commands.
 *
 * An input is a list of commands, each two bytes of length and as many bytes of body.
 */
#ifndef TNI_FUZZ_MECHANISM_H
#define TNI_FUZZ_MECHANISM_H

#include <string.h>

#include <tenon/mechanism.h>
#include <tenon/question.h>

#include "check.h"

static int drop_error(const tn_host_t *host, int code, const char *format, ...)
{
    (void)host;
    (void)format;
    return code;
}

static void drop_fault(tn_handshake_t *handshake, int fault)
{
    (void)handshake;
    (void)fault;
}

static void *allocate(size_t size)
{
    return calloc(1, size);
}

static uint64_t no_clock(void)
{
    return 0;
}

static const tn_host_t host = {.size = sizeof(tn_host_t),
                               .set_error = drop_error,
                               .handshake_fault = drop_fault,
                               .alloc = allocate,
                               .free = free,
                               .clock_ms = no_clock};

/** The next command of the script, as memory of exactly its size, to be freed; NULL at the end. */
static inline uint8_t *next_command(const uint8_t **data, size_t *size, size_t *out_size)
{
    size_t length = *size >= 2 ? (size_t)(*data)[0] << 8 | (*data)[1] : 0;
    uint8_t *command;

    if (*size < 2 || length > *size - 2)
        return NULL;
    command = malloc(length ? length : 1);
    CHECK(command);
    memcpy(command, *data + 2, length);
    *data += 2 + length;
    *size -= 2 + length;
    *out_size = length;
    return command;
}

/** Hands the script to a connection, until an error. */
static inline void run_script(const tn_mechanism_ops_t *ops, void *state, const uint8_t *data,
                              size_t size)
{
    uint8_t out[8192];
    uint8_t *command;
    size_t length;
    int rc = 0;

    while (rc == 0 && (command = next_command(&data, &size, &length))) {
        const uint8_t *metadata = NULL;
        size_t metadata_size = 0;

        rc = ops->command(state, command, length, &metadata, &metadata_size);
        CHECK(rc <= 0);
        for (size_t i = 0; rc == 0 && i < metadata_size; i++)
            CHECK(metadata[i] == metadata[i]);
        if (rc == 0 && ops->status(state) == TN_MECHANISM_ASKING) {
            tn_credential_t credentials[TN_CREDENTIALS_MAX];
            int count = ops->credentials(state, credentials);
            CHECK(count > 0 && count <= TN_CREDENTIALS_MAX);
            CHECK(ops->next_command(state, out, sizeof out) == 0);
            CHECK(ops->verdict(state, TN_AUTH_OK) == 0);
        }
        while (rc == 0 && ops->next_command(state, out, sizeof out) > 0)
            ;
        free(command);
    }
}

#endif
