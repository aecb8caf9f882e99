/*
 * curve.h: a CURVE connection under test and a peer that holds the right keys, and does what the input
 * says: honestly, with a byte changed, or with bytes of its own choice sealed as they should be. So the
 * input gets to everything behind a box as well.
 *
 * An input: one octet that says how far the handshake has come (enum stage), then operations (enum
 * operation) with their arguments. The handshake's stages are made once and copied.
 */
#ifndef TNI_FUZZ_CURVE_H
#define TNI_FUZZ_CURVE_H

#include "core/zmtp/command.h"
#include "core/zmtp/metadata.h"
#include "mechanism.h"
#include "mechanisms/curve/curve.h"
#include "sodium.h"

extern const tn_module_t curve_LTX_tenon_module_v1;

enum { CLIENT, SERVER };

enum stage { FRESH, HELLO_TAKEN, WELCOME_TAKEN, INITIATE_TAKEN, UP, STAGES };

enum operation {
    RAW, /* size, bytes: a command as they are */
    PASS, /* the peer's next command */
    CHANGED, /* place, change, size: the same with a byte changed, cut or made longer */
    PROPERTIES, /* size, bytes: the same with these properties in its box */
    BACK, /* our next command, to the peer */
    VERDICT, /* status in hundreds */
    SEALED, /* flags, size, bytes: a MESSAGE of the peer */
    BROKEN, /* flags, size, bytes, place, change, size: one in which a byte is changed, cut or longer */
    REPLAYED, /* the last MESSAGE once more */
    UNSEALED, /* size, bytes: a frame as it is */
    ENCODED, /* flags, size, bytes: a frame of ours, to the peer */
    JUMP, /* the peer's nonce moves on by 1 to 2^63 */
    LATER, /* seconds go by */
    OPERATIONS,
};

struct input {
    const uint8_t *data;
    size_t size;
};

struct run {
    struct input input;
    struct curve sides[2];
    struct curve *ours, *peer;
    uint8_t *properties; /* of the peer, as long as it may look at them */
    uint8_t last[512]; /* the last MESSAGE that was sealed, if it fits */
    size_t last_size;
    bool is_honest; /* whatever came so far was the peer's own */
    bool is_admitted; /* the server was told that the peer may in */
};

static struct {
    const tn_mechanism_ops_t *ops;
    tn_host_t host;
    struct curve_endpoint endpoints[2];
    struct curve stages[STAGES][2];
    int preparing;
    uint64_t now;
} curve_fuzz;

static const uint8_t usual_properties[] = "\13Socket-Type\0\0\0\4PAIR\10Identity\0\0\0";

/* ------------------------------------------------------------------ set up once */

static uint64_t curve_clock(void)
{
    return curve_fuzz.now;
}

/* A client's secret is 1s, a server's 2s; the client is told the server's public key. */
static int curve_option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    static uint8_t secrets[2][CURVE_KEY];

    (void)setup;
    memset(secrets[CLIENT], 1, CURVE_KEY);
    memset(secrets[SERVER], 2, CURVE_KEY);
    *out_value = (tn_value_t){.type = TN_OPTION_BLOB};
    if (strcmp(name, "server") == 0)
        *out_value = (tn_value_t){.type = TN_OPTION_BOOL, .number = curve_fuzz.preparing};
    if (strcmp(name, "secretkey") == 0)
        *out_value = (tn_value_t){
            .type = TN_OPTION_BLOB, .data = secrets[curve_fuzz.preparing], .size = CURVE_KEY};
    if (strcmp(name, "serverkey") == 0)
        *out_value = (tn_value_t){
            .type = TN_OPTION_BLOB, .data = curve_fuzz.endpoints[SERVER].public, .size = CURVE_KEY};
    return 0;
}

static void hand_over(struct curve *from, struct curve *to)
{
    const uint8_t *metadata = NULL;
    size_t metadata_size = 0;
    uint8_t out[1024];
    ssize_t size = curve_fuzz.ops->next_command(from, out, sizeof out);

    CHECK(size > 0);
    CHECK(curve_fuzz.ops->command(to, out, (size_t)size, &metadata, &metadata_size) == 0);
}

static void keep_stage(enum stage stage, const struct curve both[2])
{
    memcpy(curve_fuzz.stages[stage], both, sizeof curve_fuzz.stages[stage]);
    for (int i = 0; i < 2; i++) {
        struct curve *kept = &curve_fuzz.stages[stage][i];
        uint8_t *copy = kept->opened ? malloc(kept->opened_size + 1) : NULL;

        if (copy)
            memcpy(copy, kept->opened, kept->opened_size);
        kept->opened = copy;
    }
}

static void make_stages(void)
{
    static struct curve both[2];

    for (int i = 0; i < 2; i++) {
        tn_handshake_info_t info = {.size = sizeof info,
                                    .metadata = usual_properties,
                                    .metadata_size = sizeof usual_properties - 1,
                                    .endpoint_state = &curve_fuzz.endpoints[i]};
        CHECK(curve_fuzz.ops->open(&both[i], &curve_fuzz.host, &info) == i);
    }
    keep_stage(FRESH, both);
    hand_over(&both[CLIENT], &both[SERVER]);
    keep_stage(HELLO_TAKEN, both);
    hand_over(&both[SERVER], &both[CLIENT]);
    keep_stage(WELCOME_TAKEN, both);
    hand_over(&both[CLIENT], &both[SERVER]);
    keep_stage(INITIATE_TAKEN, both);
    CHECK(curve_fuzz.ops->verdict(&both[SERVER], TN_AUTH_OK) == 0);
    hand_over(&both[SERVER], &both[CLIENT]);
    keep_stage(UP, both);
    for (int i = 0; i < 2; i++)
        curve_fuzz.ops->close(&both[i]);
}

static void curve_set_up(void)
{
    tn_module_state_t *state;

    fuzz_seed();
    curve_fuzz.host = host;
    curve_fuzz.host.clock_ms = curve_clock;
    curve_fuzz.host.setup_option = curve_option;
    curve_fuzz.ops = curve_LTX_tenon_module_v1.features[0]->ops;
    CHECK(curve_LTX_tenon_module_v1.init(&curve_fuzz.host, &state) == 0);
    for (int i = SERVER; i >= CLIENT; i--) {
        curve_fuzz.preparing = i;
        CHECK(curve_fuzz.ops->prepare(&curve_fuzz.endpoints[i], NULL, &curve_fuzz.host, 1) == i);
    }
    make_stages();
}

/* ------------------------------------------------------------------ arguments */

static unsigned number(struct input *input, int octets)
{
    unsigned value = 0;

    for (; octets > 0; octets--) {
        value = value << 8 | (input->size ? *input->data : 0);
        if (input->size) {
            input->data++;
            input->size--;
        }
    }
    return value;
}

/** As memory of exactly its size, to be freed. */
static uint8_t *bytes(struct input *input, size_t *out_size)
{
    size_t size = number(input, 2);
    uint8_t *copy;

    if (size > input->size)
        size = input->size;
    copy = malloc(size ? size : 1);
    CHECK(copy);
    memcpy(copy, input->data, size);
    input->data += size;
    input->size -= size;
    *out_size = size;
    return copy;
}

/** `size` bytes, copied exactly, with what number() gives changed. False: it is the same. */
static bool change(struct input *input, uint8_t **io_bytes, size_t *io_size)
{
    unsigned at = number(input, 2);
    uint8_t by = (uint8_t)number(input, 1);
    int longer = (int8_t)number(input, 1);
    size_t size = *io_size;
    uint8_t *copy;

    if (longer < 0 && (size_t)-longer > size)
        longer = -(int)size;
    size = (size_t)((ssize_t)size + longer);
    copy = calloc(1, size ? size : 1);
    CHECK(copy);
    memcpy(copy, *io_bytes, size < *io_size ? size : *io_size);
    if (size)
        copy[at % size] ^= by;
    free(*io_bytes);
    *io_bytes = copy;
    *io_size = size;
    return longer || (by && size);
}

/* ------------------------------------------------------------------ commands */

/* What the core does with properties. */
static void look_at_properties(const uint8_t *data, size_t size)
{
    struct tni_metadata_cursor cursor;
    struct tni_property property;
    unsigned sum = 0;

    tni_metadata_begin(&cursor, data, size);
    while (tni_metadata_next(&cursor, &property) == 1) {
        for (size_t i = 0; i < property.value_size; i++)
            sum += property.value[i];
    }
    CHECK(sum <= 255 * size);
}

static int take(struct run *run, const uint8_t *data, size_t size)
{
    const uint8_t *metadata = NULL;
    size_t metadata_size = 0;
    int rc = curve_fuzz.ops->command(run->ours, data, size, &metadata, &metadata_size);
    int status = curve_fuzz.ops->status(run->ours);

    CHECK(rc <= 0);
    CHECK(rc == 0 || status == TN_MECHANISM_HANDSHAKING);
    if (metadata) {
        CHECK(rc == 0 && status != TN_MECHANISM_HANDSHAKING);
        look_at_properties(metadata, metadata_size);
    }
    /* A server is up by its own READY alone. */
    CHECK(status != TN_MECHANISM_READY || run->ours != &run->sides[SERVER]);
    return rc;
}

/** The peer's next command, exactly sized, to be freed; NULL: it has none. */
static uint8_t *peer_says(struct run *run, size_t *out_size)
{
    size_t room = CURVE_INITIATE_LEAST + run->peer->metadata_size;
    uint8_t *out = malloc(room), *exact;
    ssize_t size = curve_fuzz.ops->next_command(run->peer, out, room);

    CHECK(size <= (ssize_t)room);
    exact = size > 0 ? malloc((size_t)size) : NULL;
    if (exact)
        memcpy(exact, out, (size_t)size);
    free(out);
    *out_size = size > 0 ? (size_t)size : 0;
    return exact;
}

static int op_raw(struct run *run)
{
    size_t size;
    uint8_t *command = bytes(&run->input, &size);
    int rc = take(run, command, size);

    run->is_honest = false;
    free(command);
    return rc;
}

static int op_pass(struct run *run)
{
    bool is_small = run->peer->metadata_size <= CURVE_METADATA_MAX;
    bool is_fresh = curve_fuzz.now - run->sides[SERVER].welcomed_ms <= CURVE_COOKIE_MS;
    bool is_due = run->ours->step != CURVE_ASKING && run->ours->step != CURVE_SEND_READY;
    size_t size;
    uint8_t *command = peer_says(run, &size);
    int rc = command ? take(run, command, size) : 0;

    /* An ERROR of the peer is a refusal. */
    if (command && run->is_honest && is_small && is_fresh && is_due && command[1] != 'E')
        CHECK(rc == 0);
    free(command);
    return rc;
}

static int op_changed(struct run *run)
{
    size_t size;
    uint8_t *command = peer_says(run, &size);
    bool is_error, is_changed;
    int rc;

    if (!command)
        return 0;
    is_error = memcmp(command, "\5ERROR", 6) == 0;
    is_changed = change(&run->input, &command, &size);
    rc = take(run, command, size);
    /* Curve25519 does not look at the top bit of HELLO's key, and ERROR is not in a box. */
    if (is_changed && rc == 0)
        CHECK(size == CURVE_HELLO_SIZE && command[1] == 'H');
    CHECK(!is_error || rc < 0);
    free(command);
    return rc;
}

static int op_properties(struct run *run)
{
    size_t size;

    free(run->properties);
    run->properties = bytes(&run->input, &size);
    run->peer->metadata = run->properties;
    run->peer->metadata_size = size;
    return op_pass(run);
}

static int op_back(struct run *run)
{
    const uint8_t *metadata = NULL;
    size_t metadata_size = 0;
    uint8_t out[1024];
    ssize_t size = curve_fuzz.ops->next_command(run->ours, out, sizeof out);
    int rc;

    CHECK(size >= 0 && size <= (ssize_t)sizeof out);
    if (size == 0)
        return 0;
    CHECK(curve_fuzz.ops->status(run->ours) != TN_MECHANISM_READY || run->is_admitted);
    rc = curve_fuzz.ops->command(run->peer, out, (size_t)size, &metadata, &metadata_size);
    if (rc < 0)
        run->is_honest = false;
    return 0;
}

static int op_verdict(struct run *run)
{
    struct curve *server = &run->sides[SERVER];
    int status = (int)(2 + number(&run->input, 1) % 4) * 100;
    tn_credential_t credentials[TN_CREDENTIALS_MAX];

    if (curve_fuzz.ops->status(server) != TN_MECHANISM_ASKING)
        return 0;
    CHECK(curve_fuzz.ops->credentials(server, credentials) == 1);
    CHECK(credentials[0].size == CURVE_KEY);
    /* Nobody gets here with a key that is not his. */
    CHECK(memcmp(credentials[0].data, curve_fuzz.endpoints[CLIENT].public, CURVE_KEY) == 0);
    CHECK(curve_fuzz.ops->verdict(server, status) == 0);
    run->is_admitted = status == TN_AUTH_OK;
    return 0;
}

/* ------------------------------------------------------------------ frames */

static bool both_up(const struct run *run)
{
    return run->ours->step == CURVE_READY && run->peer->step == CURVE_READY;
}

/* What the core does with a frame that was opened. */
static void look_at_frame(const tn_secret_frame_t *frame)
{
    struct tni_command_view view;
    struct tni_ping ping;

    CHECK((frame->flags & ~(unsigned)(TN_FRAME_MORE | TN_FRAME_COMMAND)) == 0);
    if ((frame->flags & TN_FRAME_COMMAND) &&
        tni_command_parse(frame->body, (size_t)frame->size, &view) == 0 &&
        view.kind == TNI_COMMAND_PING && tni_command_parse_ping(&view, &ping) == 0)
        CHECK(ping.context_size <= TNI_PING_CONTEXT_MAX);
}

static int open_frame(struct run *run, uint8_t *body, size_t size, tn_secret_frame_t *out_frame)
{
    int rc;

    *out_frame = (tn_secret_frame_t){.body = body, .size = size};
    rc = curve_fuzz.ops->decode(run->ours, out_frame);
    CHECK(rc <= 0);
    if (rc == 0)
        look_at_frame(out_frame);
    return rc;
}

/** A MESSAGE of the peer, exactly sized, to be freed. */
static uint8_t *seal(struct run *run, unsigned flags, const uint8_t *body, size_t size)
{
    size_t whole = size + CURVE_MESSAGE_OVERHEAD;
    uint8_t *message = malloc(whole);

    CHECK(message);
    curve_message_seal(&run->peer->out, flags, body, size, message);
    run->last_size = whole <= sizeof run->last ? whole : 0;
    memcpy(run->last, message, run->last_size);
    return message;
}

static int op_sealed(struct run *run)
{
    unsigned flags = number(&run->input, 1);
    size_t size;
    uint8_t *body = bytes(&run->input, &size);
    uint8_t *message = seal(run, flags, body, size);
    tn_secret_frame_t frame;
    int rc = open_frame(run, message, size + CURVE_MESSAGE_OVERHEAD, &frame);

    CHECK((rc == 0) == (flags <= 2));
    if (rc == 0)
        CHECK(frame.size == size && memcmp(frame.body, body, size) == 0);
    free(message);
    free(body);
    return rc;
}

static int op_broken(struct run *run)
{
    unsigned flags = number(&run->input, 1) % 3;
    size_t size, whole;
    uint8_t *body = bytes(&run->input, &size);
    uint8_t *message = seal(run, flags, body, size);
    tn_secret_frame_t frame;
    bool is_changed;
    int rc;

    whole = size + CURVE_MESSAGE_OVERHEAD;
    is_changed = change(&run->input, &message, &whole);
    rc = open_frame(run, message, whole, &frame);
    CHECK((rc == 0) == !is_changed);
    free(message);
    free(body);
    return rc;
}

static int op_replayed(struct run *run)
{
    uint8_t *again = malloc(sizeof run->last);
    tn_secret_frame_t frame;
    int rc = 0;

    CHECK(again);
    memcpy(again, run->last, run->last_size);
    if (run->last_size)
        rc = open_frame(run, again, run->last_size, &frame);
    CHECK(!run->last_size || rc < 0);
    free(again);
    return rc;
}

static int op_unsealed(struct run *run)
{
    size_t size;
    uint8_t *body = bytes(&run->input, &size);
    tn_secret_frame_t frame;
    int rc = open_frame(run, body, size, &frame);

    run->is_honest = false;
    free(body);
    return rc;
}

static int op_encoded(struct run *run)
{
    unsigned choice = number(&run->input, 1) % 3;
    unsigned flags = choice == 1 ? TN_FRAME_MORE : choice == 2 ? TN_FRAME_COMMAND : 0;
    size_t size;
    uint8_t *body = bytes(&run->input, &size);
    uint8_t *message = malloc(size + CURVE_MESSAGE_OVERHEAD);
    tn_secret_frame_t frame = {.body = message};

    CHECK(message);
    frame.size = (uint64_t)curve_fuzz.ops->encode(run->ours, flags, body, size, message);
    CHECK(frame.size == size + CURVE_MESSAGE_OVERHEAD);
    CHECK(curve_fuzz.ops->decode(run->peer, &frame) == 0);
    CHECK(frame.flags == flags && frame.size == size && memcmp(frame.body, body, size) == 0);
    free(message);
    free(body);
    return 0;
}

static void op_jump(struct run *run)
{
    struct curve_way *way = &run->peer->out;
    uint64_t step = (uint64_t)1 << (number(&run->input, 1) % 64);

    if (way->nonce < UINT64_MAX - step)
        way->nonce += step;
}

/* ------------------------------------------------------------------ one input */

static int operate(struct run *run, enum operation operation)
{
    switch (operation) {
    case RAW:
        return op_raw(run);
    case PASS:
        return op_pass(run);
    case CHANGED:
        return op_changed(run);
    case PROPERTIES:
        return op_properties(run);
    case BACK:
        return op_back(run);
    case VERDICT:
        return op_verdict(run);
    case LATER:
        curve_fuzz.now += number(&run->input, 1) * 1000;
        return 0;
    default:
        break;
    }
    /* The core opens frames when the handshake is done, and not before. */
    if (!both_up(run))
        return 0;
    switch (operation) {
    case SEALED:
        return op_sealed(run);
    case BROKEN:
        return op_broken(run);
    case REPLAYED:
        return op_replayed(run);
    case UNSEALED:
        return op_unsealed(run);
    case ENCODED:
        return op_encoded(run);
    default:
        op_jump(run);
        return 0;
    }
}

static void begin(struct run *run, int ours)
{
    enum stage stage = number(&run->input, 1) % STAGES;

    fuzz_seed();
    curve_fuzz.now = 0;
    for (int i = 0; i < 2; i++) {
        struct curve *state = &run->sides[i];

        *state = curve_fuzz.stages[stage][i];
        if (state->opened) {
            state->opened = malloc(state->opened_size + 1);
            CHECK(state->opened);
            memcpy(state->opened, curve_fuzz.stages[stage][i].opened, state->opened_size);
        }
    }
    run->ours = &run->sides[ours];
    run->peer = &run->sides[!ours];
    run->is_honest = true;
    run->is_admitted = stage == UP || ours == CLIENT;
}

static void curve_run(const uint8_t *data, size_t size, int ours)
{
    static struct run run;

    if (!curve_fuzz.ops)
        curve_set_up();
    memset(&run, 0, sizeof run);
    run.input = (struct input){data, size};
    begin(&run, ours);
    while (run.input.size && operate(&run, number(&run.input, 1) % OPERATIONS) == 0)
        ;
    for (int i = 0; i < 2; i++)
        curve_fuzz.ops->close(&run.sides[i]);
    free(run.properties);
}

#endif
