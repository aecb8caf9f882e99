/*
 * curve.h: a CURVE connection for a fuzz target, and a good peer that brings it as far as the input
 * wants, so that what comes after the first box is reached as well.
 */
#ifndef TNI_FUZZ_CURVE_H
#define TNI_FUZZ_CURVE_H

#include "mechanism.h"

extern const tn_module_t curve_LTX_tenon_module_v1;

struct curve_end {
    const tn_mechanism_ops_t *ops;
    tn_host_t host;
    void *state, *endpoint;
    int is_server;
};

static const struct curve_end *preparing;

/* Secrets of 1s and 2s; 7T... are their public keys, made once. */
static int curve_option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    static uint8_t secrets[2][32];

    (void)setup;
    memset(secrets[0], 1, 32);
    memset(secrets[1], 2, 32);
    *out_value = (tn_value_t){.type = TN_OPTION_BLOB};
    if (strcmp(name, "server") == 0)
        *out_value = (tn_value_t){.type = TN_OPTION_BOOL, .number = preparing->is_server};
    if (strcmp(name, "secretkey") == 0) {
        out_value->data = secrets[preparing->is_server];
        out_value->size = 32;
    }
    if (strcmp(name, "serverkey") == 0) {
        /* The public key of a secret of 2s. */
        static const uint8_t server_public[32] = {0xce, 0x8d, 0x3a, 0xd1, 0xcc, 0xb6, 0x33, 0xec,
                                                  0x7b, 0x70, 0xc1, 0x78, 0x14, 0xa5, 0xc7, 0x6e,
                                                  0xcd, 0x02, 0x96, 0x85, 0x05, 0x0d, 0x34, 0x47,
                                                  0x45, 0xba, 0x05, 0x87, 0x0e, 0x58, 0x7d, 0x59};
        out_value->data = server_public;
        out_value->size = 32;
    }
    return 0;
}

static void curve_end_open(struct curve_end *end, int is_server)
{
    tn_handshake_info_t info = {
        .size = sizeof info, .metadata = (const uint8_t *)"\1a\0\0\0\1b", .metadata_size = 7};
    const tn_module_t *module = &curve_LTX_tenon_module_v1;
    tn_module_state_t *state;

    end->ops = module->features[0]->ops;
    end->host = host;
    end->host.setup_option = curve_option;
    end->is_server = is_server;
    end->state = calloc(1, end->ops->state_size);
    end->endpoint = calloc(1, end->ops->endpoint_state);
    CHECK(end->state && end->endpoint);
    CHECK(module->init(&end->host, &state) == 0);
    preparing = end;
    CHECK(end->ops->prepare(end->endpoint, NULL, &end->host, 1) == is_server);
    info.endpoint_state = end->endpoint;
    CHECK(end->ops->open(end->state, &end->host, &info) == is_server);
}

static void curve_end_close(struct curve_end *end)
{
    end->ops->close(end->state);
    free(end->state);
    free(end->endpoint);
}

/** One command from `from` to `to`, in which the input may change a byte. Returns what `to` said. */
static int curve_pass(struct curve_end *from, struct curve_end *to, unsigned at, uint8_t change)
{
    const uint8_t *metadata = NULL;
    size_t metadata_size = 0;
    uint8_t out[8192];
    ssize_t size = from->ops->next_command(from->state, out, sizeof out);
    int rc;

    CHECK(size > 0);
    out[at % (unsigned)size] ^= change;
    rc = to->ops->command(to->state, out, (size_t)size, &metadata, &metadata_size);
    /* Nothing of a handshake command may be changed unnoticed; the padding of HELLO is not looked at. */
    if (change && rc == 0)
        CHECK(size == 200 && at % 200 >= 8 && at % 200 < 80);
    if (rc == 0 && to->ops->status(to->state) == TN_MECHANISM_ASKING)
        CHECK(to->ops->verdict(to->state, TN_AUTH_OK) == 0);
    return rc;
}

/** Frames after the handshake: each opens only if nothing in it was changed. */
static void curve_frames(struct curve_end *from, struct curve_end *to, const uint8_t *data,
                         size_t size)
{
    uint8_t *body;
    size_t length;

    while ((body = next_command(&data, &size, &length))) {
        uint8_t *out = malloc(length + from->ops->overhead);
        tn_secret_frame_t frame = {.body = out};
        uint8_t change = length ? body[0] : 0;
        ssize_t written;
        int rc;

        CHECK(out);
        written = from->ops->encode(from->state, change & 5 ? TN_FRAME_MORE : 0, body, length, out);
        CHECK(written == (ssize_t)(length + from->ops->overhead));
        out[length > 1 ? body[1] % (size_t)written : 0] ^= change;
        frame.size = (uint64_t)written;
        rc = to->ops->decode(to->state, &frame);
        CHECK((rc == 0) == (change == 0));
        if (rc == 0) {
            CHECK(frame.size == length && memcmp(frame.body, body, length) == 0);
            frame.body = body;
            frame.size = length;
            CHECK(to->ops->decode(to->state, &frame) < 0); /* as it came: no MESSAGE, or a replay */
        }
        free(out);
        free(body);
        if (rc < 0)
            return;
    }
}

#endif
