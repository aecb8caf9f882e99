#include "parley.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tenon/question.h>
#include <tenon/transport.h>

#include "parley_host.h"
#include "rules.h"

enum { ROUNDS = 64, CANARY = 64, CANARY_BYTE = 0xc5, GUARDED = 2 << 20, CREDENTIALS = 512 };

/* Our properties, which tell the sides apart. */
static const char *const metadata[2] = {"\13Socket-Type\0\0\0\4PUSH", "\13Socket-Type\0\0\0\4PULL"};
enum { METADATA = 20 };

static const tn_host_t *host;

/* What the right client shows; all that is let in. */
static uint8_t right[CREDENTIALS];
static size_t right_size;

uint8_t *parley_guarded(int which, size_t size)
{
    static uint8_t *end[2];
    long page = sysconf(_SC_PAGESIZE);

    if (!end[which]) {
        uint8_t *all = mmap(NULL, GUARDED + (size_t)page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CONFORM(all != MAP_FAILED && mprotect(all + GUARDED, (size_t)page, PROT_NONE) == 0,
                "the kit lacks memory");
        end[which] = all + GUARDED;
    }
    CONFORM(size <= GUARDED, "the kit has no room for %zu bytes", size);
    return end[which] - size;
}

/* ---- life ---- */

static void *state_new(size_t size)
{
    uint8_t *state = calloc(1, size + CANARY);

    CONFORM(state, "the kit lacks memory");
    memset(state + size, CANARY_BYTE, CANARY);
    return state;
}

static void state_free(void *state, size_t size, const char *what)
{
    const uint8_t *end = (const uint8_t *)state + size;

    for (int i = 0; i < CANARY; i++)
        if (end[i] != CANARY_BYTE)
            rules_break("the module wrote beyond its %zu bytes of \"%s\"", size, what);
    free(state);
}

void parley_begin(struct parley *parley, const struct subject *subject)
{
    memset(parley, 0, sizeof *parley);
    parley->ops = subject->feature->ops;
    parley->side[0].settings = SETTINGS_CLIENT;
    parley->side[1].settings = SETTINGS_SERVER;
    for (int i = 0; i < PARLEY_COMMANDS; i++) {
        parley->said[i].bytes = malloc(PARLEY_COMMAND_MAX);
        CONFORM(parley->said[i].bytes, "the kit lacks memory");
    }
    if (!host)
        host = parley_host_begin(subject, subject->settings);
}

void parley_end(struct parley *parley)
{
    for (int i = 0; i < PARLEY_COMMANDS; i++)
        free(parley->said[i].bytes);
}

static void note_code(struct parley_side *side, const char *op, int code)
{
    rules_check_code(op, code);
    if (code >= 0)
        return;
    side->code = code;
    snprintf(side->error, sizeof side->error, "%s", parley_host_error());
}

static bool open_side(struct parley *parley, int i)
{
    const tn_mechanism_ops_t *ops = parley->ops;
    struct parley_side *side = &parley->side[i];
    unsigned role = side->settings == SETTINGS_SERVER ? TN_ROLE_BIND : TN_ROLE_CONNECT;
    tn_handshake_info_t info = {.size = sizeof info,
                                .role = role,
                                .metadata = (const uint8_t *)metadata[i],
                                .metadata_size = METADATA,
                                .handshake = (tn_handshake_t *)side};
    struct rules_op watch;
    int rc = 0;

    side->state = state_new(ops->state_size);
    side->endpoint = state_new(ops->endpoint_state);
    parley_host_speak_for(side->settings, side->instead);
    if (ops->endpoint_state)
        rc = ops->prepare(side->endpoint, (const tn_setup_t *)side, host, role);
    note_code(side, "prepare", rc);
    if (rc < 0)
        return false;
    info.endpoint_state = ops->endpoint_state ? side->endpoint : NULL;
    watch = rules_begin("open");
    rc = ops->open(side->state, host, &info);
    rules_end(&watch);
    note_code(side, "open", rc);
    side->is_open = rc >= 0;
    side->is_server = rc > 0;
    return rc >= 0;
}

bool parley_open(struct parley *parley)
{
    bool is_open;

    for (int i = 0; i < 2; i++)
        parley->side[i] = (struct parley_side){.settings = parley->side[i].settings,
                                               .instead = parley->side[i].instead,
                                               .verdict = parley->side[i].verdict};
    is_open = open_side(parley, 0);
    parley->count = 0;
    parley->meddled = -1;
    return open_side(parley, 1) && is_open;
}

void parley_close(struct parley *parley)
{
    for (int i = 0; i < 2; i++) {
        struct parley_side *side = &parley->side[i];
        struct rules_op watch;

        if (side->is_open) {
            watch = rules_begin("close");
            parley->ops->close(side->state);
            rules_end(&watch);
        }
        state_free(side->state, parley->ops->state_size, "state_size");
        state_free(side->endpoint, parley->ops->endpoint_state, "endpoint_state");
        side->state = side->endpoint = NULL;
        side->is_open = false;
    }
}

/* ---- what the core does ---- */

static bool can_go_on(const struct parley_side *side)
{
    return side->is_open && side->code == 0 && !side->is_ready;
}

static int judge(const struct parley_side *side, const tn_credential_t *credentials, int count)
{
    uint8_t shown[CREDENTIALS];
    size_t size = 0;

    for (int i = 0; i < count; i++) {
        if (size + credentials[i].size + 1 > sizeof shown)
            return TN_AUTH_DENIED;
        shown[size++] = (uint8_t)credentials[i].size;
        if (credentials[i].size)
            memcpy(shown + size, credentials[i].data, credentials[i].size);
        size += credentials[i].size;
    }
    if (side->verdict)
        return side->verdict;
    if (right_size == 0) {
        memcpy(right, shown, size);
        right_size = size;
    }
    return size == right_size && memcmp(right, shown, size) == 0 ? TN_AUTH_OK : TN_AUTH_DENIED;
}

static void answer(struct parley *parley, struct parley_side *side)
{
    tn_credential_t credentials[TN_CREDENTIALS_MAX];
    struct rules_op watch;
    int count;

    side->was_asked = true;
    CONFORM(parley->ops->credentials && parley->ops->verdict,
            "its status is ASKING, and it lacks the op \"credentials\" or \"verdict\"");
    count = parley->ops->credentials(side->state, credentials);
    CONFORM(count >= 0 && count <= TN_CREDENTIALS_MAX, "credentials returned %d; at most %d", count,
            TN_CREDENTIALS_MAX);
    watch = rules_begin("verdict");
    note_code(side, "verdict", parley->ops->verdict(side->state, judge(side, credentials, count)));
    rules_end(&watch);
}

static void look(struct parley *parley, struct parley_side *side)
{
    int status;

    if (!can_go_on(side))
        return;
    status = parley->ops->status(side->state);
    CONFORM(status == TN_MECHANISM_HANDSHAKING || status == TN_MECHANISM_READY ||
                status == TN_MECHANISM_ASKING,
            "status returned %d, which is none", status);
    if (status == TN_MECHANISM_ASKING)
        answer(parley, side);
    /* The core lets nobody in whose properties have not come. */
    side->is_ready = status == TN_MECHANISM_READY && side->has_metadata;
}

static void take(struct parley *parley, struct parley_side *side, int from,
                 const struct parley_command *command)
{
    uint8_t *bytes = parley_guarded(0, command->size);
    const uint8_t *theirs = NULL;
    size_t size = 0;
    struct rules_op watch;
    int rc;

    if (command->size)
        memcpy(bytes, command->bytes, command->size);
    watch = rules_begin("command");
    rc = parley->ops->command(side->state, bytes, command->size, &theirs, &size);
    rules_end(&watch);
    if (rc > 0)
        rules_break("command returned %d; it returns 0 or a negative code", rc);
    note_code(side, "command", rc);
    if (rc == 0 && theirs) {
        if (side->has_metadata) /* as the core does */
            note_code(side, "command", -EPROTO);
        side->has_metadata = true;
        side->is_malformed = size != METADATA || memcmp(theirs, metadata[from], METADATA) != 0;
    }
    look(parley, side);
}

void parley_hand_over(struct parley *parley, int number)
{
    struct parley_command *command = &parley->said[number];

    take(parley, &parley->side[1 - command->from], command->from, command);
}

static void meddle_and_hand_over(struct parley *parley, int number)
{
    struct parley_command *command = &parley->said[number];
    struct parley_side *side = &parley->side[1 - command->from];
    uint8_t *kept = malloc(PARLEY_COMMAND_MAX);
    size_t size = command->size;

    CONFORM(kept, "the kit lacks memory");
    memcpy(kept, command->bytes, size);
    if (parley->meddle && can_go_on(side) && parley->meddle(parley, number, command, parley->arg))
        parley->meddled = 1 - command->from;
    for (int i = 0; i < command->times && can_go_on(side); i++)
        take(parley, side, command->from, command);
    memcpy(command->bytes, kept, size); /* the transcript is what was said */
    command->size = size;
    free(kept);
}

/* Whether it said something. */
static bool speak(struct parley *parley, int i)
{
    struct parley_side *side = &parley->side[i];
    struct parley_command *command = &parley->said[parley->count];
    struct rules_op watch;
    ssize_t size;

    if (!can_go_on(side) || parley->count == PARLEY_COMMANDS)
        return false;
    watch = rules_begin("next_command");
    size = parley->ops->next_command(side->state, command->bytes, PARLEY_COMMAND_MAX);
    rules_end(&watch);
    CONFORM(size <= PARLEY_COMMAND_MAX, "next_command returned %zd with room for %d", size,
            PARLEY_COMMAND_MAX);
    note_code(side, "next_command", (int)size);
    look(parley, side);
    if (size <= 0)
        return false;
    command->from = i;
    command->size = (size_t)size;
    command->times = 1;
    meddle_and_hand_over(parley, parley->count++);
    return true;
}

void parley_talk(struct parley *parley)
{
    int rounds = 0;

    for (bool goes_on = true; goes_on; rounds++) {
        CONFORM(rounds < ROUNDS, "client and server go on talking after %d commands", rounds);
        goes_on = speak(parley, 0);
        goes_on = speak(parley, 1) || goes_on;
    }
}

void parley_run(struct parley *parley)
{
    if (parley_open(parley))
        parley_talk(parley);
    parley_close(parley);
}

/* ---- telling ---- */

void parley_name(const struct parley_command *command, char out[32])
{
    size_t length = command->size ? command->bytes[0] : 0;

    if (length >= command->size || length > 31)
        length = 0;
    memcpy(out, command->bytes + 1, length);
    out[length] = '\0';
}

void parley_describe(const struct parley *parley, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < parley->count && used < size; i++) {
        char name[32];

        parley_name(&parley->said[i], name);
        used += (size_t)snprintf(out + used, size - used, "%s%s %s (%zu bytes)", i ? ", " : "",
                                 parley->said[i].from == 0 ? "client:" : "server:", name,
                                 parley->said[i].size);
    }
}
