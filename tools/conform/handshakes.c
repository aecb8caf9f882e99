/* Who becomes ready with whom. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/question.h>

#include "mechanism_cases.h"
#include "parley.h"
#include "parley_host.h"

static void expect_right(struct parley *parley)
{
    char text[600];

    parley_run(parley);
    parley_describe(parley, text, sizeof text);
    for (int i = 0; i < 2; i++)
        CONFORM(parley->side[i].code == 0,
                "with the right options the %s ends with %d: it needs others? say them by --option "
                "(said: %s)",
                i == 0 ? "client" : "server", parley->side[i].code, text);
    CONFORM(parley_is_done(parley),
            "with the right options the %s does not become ready (said: %s)",
            parley->side[0].is_ready ? "server" : "client", text);
    for (int i = 0; i < 2; i++)
        CONFORM(!parley->side[i].is_malformed,
                "the %s has not got the properties that the other sent",
                i == 0 ? "client" : "server");
}

static void check_commands(const struct parley *parley)
{
    for (int i = 0; i < parley->count; i++) {
        char name[32];

        parley_name(&parley->said[i], name);
        CONFORM(name[0], "command %d does not begin with a name and its length", i + 1);
        for (const char *c = name; *c; c++)
            CONFORM(*c >= 'A' && *c <= 'Z', "command %d has the name \"%s\", not one of capitals",
                    i + 1, name);
    }
}

void conform_run_transcript(const struct subject *subject)
{
    struct parley first, second;
    char text[700];

    parley_begin(&first, subject);
    parley_begin(&second, subject);
    expect_right(&first);
    check_commands(&first);
    expect_right(&second);
    CONFORM(first.count == second.count, "one handshake takes %d commands and the next %d",
            first.count, second.count);
    for (int i = 0; i < first.count; i++) {
        char name[32], again[32];

        parley_name(&first.said[i], name);
        parley_name(&second.said[i], again);
        CONFORM(strcmp(name, again) == 0 && first.said[i].from == second.said[i].from,
                "command %d of one handshake is %s, and %s of the next", i + 1, name, again);
    }
    parley_describe(&first, text, sizeof text);
    conform_note("%s", text);
}

static void try_wrong(struct parley *parley, const struct setting *wrong, const char *how)
{
    parley->side[0].instead = wrong;
    parley_run(parley);
    for (int i = 0; i < 2; i++)
        CONFORM(!parley->side[i].is_ready, "with a \"%s\" that is %s the %s becomes ready",
                wrong->name, how, i == 0 ? "client" : "server");
    CONFORM(parley->side[0].code < 0 || parley->side[1].code < 0,
            "with a \"%s\" that is %s nobody refuses anybody: both wait", wrong->name, how);
}

/* What is close to the right value must not do either. */
static void try_close(struct parley *parley, const struct setting *right)
{
    struct setting wrong = *right;
    size_t length = strlen(wrong.value);

    if (length == 0 || length + 1 == sizeof wrong.value)
        return;
    strcpy(wrong.value + length, "x");
    try_wrong(parley, &wrong, "one byte too long");
    wrong.value[length - 1] = '\0';
    try_wrong(parley, &wrong, "one byte too short");
    wrong.value[0] = '\0';
    try_wrong(parley, &wrong, "empty");
}

void conform_run_wrong_credentials(const struct subject *subject)
{
    const struct settings *settings = subject->settings;
    struct parley parley;
    int wrongs = 0;

    parley_begin(&parley, subject);
    expect_right(&parley);
    for (int i = 0; i < settings->count; i++) {
        const struct setting *wrong = &settings->item[i], *right;

        if (!(wrong->sides & SETTINGS_WRONG))
            continue;
        right = settings_find(settings, SETTINGS_CLIENT, wrong->name);
        try_wrong(&parley, wrong, "wrong");
        if (right && (settings_option(subject->feature, wrong->name)->flags & TN_OPTION_SECRET))
            try_close(&parley, right);
        wrongs++;
    }
    if (wrongs == 0)
        conform_skip("it has no option that could be wrong; say one by --option wrong:NAME=VALUE");
}

void conform_run_verdicts(const struct subject *subject)
{
    static const int verdicts[] = {TN_AUTH_TEMPORARY, TN_AUTH_DENIED, TN_AUTH_ERROR};
    struct parley parley;

    parley_begin(&parley, subject);
    expect_right(&parley);
    if (!parley.side[0].was_asked && !parley.side[1].was_asked) {
        CONFORM(!(parley.ops->flags & TN_MECHANISM_NEEDS_VERDICT),
                "it needs a verdict (TN_MECHANISM_NEEDS_VERDICT), and never asks for one");
        conform_skip("it does not ask about credentials");
    }
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        parley.side[1].verdict = verdicts[i];
        parley_run(&parley);
        CONFORM(!parley.side[0].is_ready && !parley.side[1].is_ready,
                "after the verdict %d the %s is ready", verdicts[i],
                parley.side[0].is_ready ? "client" : "server");
        CONFORM(parley.side[0].code == -EACCES || parley.side[0].code == -ECONNREFUSED ||
                    verdicts[i] == TN_AUTH_TEMPORARY,
                "the client of a server that gave the verdict %d has the code %d, not -EACCES or "
                "-ECONNREFUSED",
                verdicts[i], parley.side[0].code);
    }
}

static void try_same(const struct subject *subject, unsigned settings, const char *name)
{
    struct parley parley;

    parley_begin(&parley, subject);
    expect_right(&parley);
    if (!parley.side[0].is_server && !parley.side[1].is_server)
        conform_skip("its sides are equal: neither is a server");
    CONFORM(parley.side[0].is_server != parley.side[1].is_server,
            "both sides say that they are servers");
    parley.side[0].settings = parley.side[1].settings = settings;
    parley_run(&parley);
    CONFORM(!parley.side[0].is_ready && !parley.side[1].is_ready, "one of two %s is ready", name);
}

void conform_run_two_clients(const struct subject *subject)
{
    try_same(subject, SETTINGS_CLIENT, "clients");
}

void conform_run_two_servers(const struct subject *subject)
{
    try_same(subject, SETTINGS_SERVER, "servers");
}

/* ---- what others say ---- */

static const struct {
    const char *bytes;
    size_t size;
} foreign[] = {
#define COMMAND(text)                                                                              \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
    COMMAND("\5READY\13Socket-Type\0\0\0\4PUSH"), /* NULL */
    COMMAND("\5HELLO\5admin\6secret"), /* PLAIN */
    COMMAND("\10INITIATE\13Socket-Type\0\0\0\4PUSH"),
    COMMAND("\7WELCOME"),
    COMMAND("\5HELLO\1\0"), /* CURVE, without its body */
    COMMAND("\7MESSAGE\0hello"),
    COMMAND("\4PING\0\12hello"),
    COMMAND("\11SUBSCRIBEtopic"),
    COMMAND("\5ERROR\3400"),
    COMMAND(""),
    COMMAND("\0"),
    COMMAND("\377"),
#undef COMMAND
};

static bool say_foreign(struct parley *parley, int number, struct parley_command *command,
                        void *arg)
{
    size_t which = *(const size_t *)arg, index = which / PARLEY_COMMANDS;
    const struct parley_command before = *command;

    if (number != (int)(which % PARLEY_COMMANDS) ||
        (before.size == foreign[index].size &&
         memcmp(before.bytes, foreign[index].bytes, before.size) == 0))
        return false;
    (void)parley;
    memcpy(command->bytes, foreign[index].bytes, foreign[index].size);
    command->size = foreign[index].size;
    return true;
}

/* Where a mechanism shares a command with another one, it is its own. */
static bool is_own(const struct parley *parley, int number, size_t index)
{
    const struct parley_command *said = &parley->said[number];
    size_t length = said->size ? said->bytes[0] + 1u : 0;

    return length <= said->size && length <= foreign[index].size &&
           memcmp(said->bytes, foreign[index].bytes, length) == 0;
}

void conform_run_other_mechanism(const struct subject *subject)
{
    struct parley parley;
    size_t which;
    int count;

    parley_begin(&parley, subject);
    expect_right(&parley);
    count = parley.count;
    parley.meddle = say_foreign;
    parley.arg = &which;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        for (int number = 0; number < count; number++) {
            which = i * PARLEY_COMMANDS + (size_t)number;
            parley_run(&parley);
            if (parley.meddled < 0 || is_own(&parley, number, i))
                continue;
            CONFORM(!parley.side[parley.meddled].is_ready,
                    "in place of its command %d the bytes \"%.20s\" make the %s ready", number + 1,
                    foreign[i].bytes + (foreign[i].size ? 1 : 0),
                    parley.meddled == 0 ? "client" : "server");
        }
    }
}

/* ---- room ---- */

/* How large the next command of a side is, if each one was given only that much room. */
static void squeeze(struct parley *parley, int number, size_t least)
{
    struct parley_side *side = &parley->side[parley->said[number].from];
    uint8_t *room = parley_guarded(1, least);
    ssize_t size = parley->ops->next_command(side->state, room, least);

    CONFORM(size <= (ssize_t)least, "next_command returned %zd with room for %zu", size, least);
    CONFORM(size < 0,
            "next_command returned %zd with room for %zu bytes, of which command %d needs "
            "%zu; that is -EMSGSIZE",
            size, least, number + 1, parley->said[number].size);
}

static bool stop_at(struct parley *parley, int number, struct parley_command *command, void *arg)
{
    (void)parley;
    if (number + 1 == *(int *)arg) {
        command->times = 0; /* it is handed over by the case itself */
        return true;
    }
    return false;
}

void conform_run_small_buffers(const struct subject *subject)
{
    struct parley parley;
    int stop, count;

    parley_begin(&parley, subject);
    expect_right(&parley);
    count = parley.count;
    parley.arg = &stop;
    for (int number = 0; number < count; number++) {
        size_t size = parley.said[number].size;
        const size_t rooms[] = {0, 1, size / 2, size - 1};

        stop = number;
        if (number > 0 && parley.said[number - 1].from == parley.said[number].from)
            continue;
        for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
            parley.meddle = stop_at;
            CONFORM(parley_open(&parley), "it does not open a second time");
            if (number > 0) {
                parley_talk(&parley);
                parley_hand_over(&parley, number - 1);
            }
            squeeze(&parley, number, rooms[i]);
            parley_close(&parley);
        }
    }
}
