#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/message.h>
#include <tenon/tenon.h>

struct reader {
    struct script *script;
    const char *pattern;
    const char *at; /* in the line */
    int line;
    bool is_ours; /* lines are about the pattern */
    const char *wrong; /* NULL: nothing */
};

/* ---- words and frames ---- */

static void skip_spaces(struct reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
    if (*reader->at == '#')
        reader->at += strlen(reader->at);
}

static bool is_end(struct reader *reader)
{
    skip_spaces(reader);
    return *reader->at == '\0';
}

/* The next word, without taking it; its length. */
static size_t next_word(struct reader *reader)
{
    skip_spaces(reader);
    return strcspn(reader->at, " \t|\n");
}

static bool take_word(struct reader *reader, const char *word)
{
    if (next_word(reader) != strlen(word) || strncmp(reader->at, word, strlen(word)) != 0)
        return false;
    reader->at += strlen(word);
    return true;
}

static void read_word(struct reader *reader, char *out, size_t size)
{
    size_t length = next_word(reader);

    if (length == 0 || length >= size) {
        reader->wrong = "a word is missing, or too long";
        return;
    }
    memcpy(out, reader->at, length);
    out[length] = '\0';
    reader->at += length;
}

static long read_number(struct reader *reader)
{
    char word[24] = "", *end = word;
    long number;

    read_word(reader, word, sizeof word);
    number = strtol(word, &end, 10);
    if (end == word || *end)
        reader->wrong = "a number is missing";
    return number;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* One character of a quoted text; false: it is none. */
static bool read_character(struct reader *reader, uint8_t *out)
{
    const char *at = reader->at;

    reader->at++;
    *out = (uint8_t)at[0];
    if (at[0] != '\\')
        return at[0] != '\0';
    reader->at++;
    *out = at[1] == 'n' ? '\n' : (uint8_t)at[1];
    if (at[1] != 'x')
        return at[1] == '\\' || at[1] == '"' || at[1] == 'n';
    if (hex(at[2]) < 0 || hex(at[3]) < 0)
        return false;
    *out = (uint8_t)(hex(at[2]) << 4 | hex(at[3]));
    reader->at += 2;
    return true;
}

static void read_quoted(struct reader *reader, struct script_frame *frame)
{
    reader->at++;
    while (*reader->at != '"') {
        if (frame->size == sizeof frame->bytes ||
            !read_character(reader, &frame->bytes[frame->size])) {
            reader->wrong = "a quoted text does not end, is too long, or has a wrong escape";
            return;
        }
        frame->size++;
    }
    reader->at++;
}

static void read_frame(struct reader *reader, struct script_frame *frame)
{
    *frame = (struct script_frame){.size = 0};
    if (is_end(reader)) {
        reader->wrong = "a frame is missing";
        return;
    }
    if (*reader->at == '"') {
        read_quoted(reader, frame);
        return;
    }
    if (*reader->at == '$') {
        frame->is_name = true;
        reader->at++;
    }
    read_word(reader, (char *)frame->bytes, sizeof frame->bytes);
    frame->size = strlen((char *)frame->bytes);
}

static void read_frames(struct reader *reader, struct script_message *message)
{
    message->is_given = true;
    do {
        if (message->count == SCRIPT_FRAMES) {
            reader->wrong = "a message has too many frames";
            return;
        }
        read_frame(reader, &message->frame[message->count++]);
        skip_spaces(reader);
    } while (!reader->wrong && *reader->at == '|' && reader->at++);
}

/* ---- steps ---- */

static unsigned take_request(struct reader *reader)
{
    static const struct {
        const char *word;
        unsigned flag;
    } requests[] = {{"subscription", TN_MSG_SUBSCRIBE},
                    {"cancellation", TN_MSG_CANCEL},
                    {"joining", TN_MSG_JOIN},
                    {"leaving", TN_MSG_LEAVE}};

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (take_word(reader, requests[i].word))
            return requests[i].flag;
    return 0;
}

static void read_peer_line(struct reader *reader, struct script_step *step)
{
    read_word(reader, step->peer, sizeof step->peer);
    if (take_word(reader, "leaves")) {
        step->verb = SCRIPT_LEAVES;
        return;
    }
    if (take_word(reader, "arrives"))
        step->verb = SCRIPT_ARRIVES;
    else if (take_word(reader, "is") && take_word(reader, "called"))
        step->verb = SCRIPT_IS_CALLED;
    else
        reader->wrong = "a peer arrives, is called, or leaves";
    while (!reader->wrong && !is_end(reader)) {
        if (take_word(reader, "as")) {
            step->has_other = true;
            read_frame(reader, &step->other);
        } else if (take_word(reader, "like")) {
            step->has_word = true;
            read_word(reader, step->word, sizeof step->word);
        } else if (take_word(reader, "room")) {
            step->has_number = true;
            step->number = read_number(reader);
        } else {
            reader->wrong = "what is known about a peer is \"as\", \"like\" and \"room\"";
        }
    }
}

static bool is_keyword(struct reader *reader)
{
    static const char *const words[] = {"more", "to", "by", "group", "->", "from"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (next_word(reader) == strlen(words[i]) &&
            strncmp(reader->at, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static void read_call(struct reader *reader, struct script_step *step)
{
    if (!is_end(reader) && !is_keyword(reader))
        read_frames(reader, &step->message);
    while (!reader->wrong && !is_end(reader)) {
        if (take_word(reader, "more")) {
            step->message.has_more = true;
        } else if (take_word(reader, "to") || take_word(reader, "by")) {
            step->has_other = true;
            read_frame(reader, &step->other);
        } else if (take_word(reader, "group")) {
            step->has_group = true;
            read_frame(reader, &step->group);
        } else if (take_word(reader, "->") || take_word(reader, "from")) {
            read_word(reader, step->peer, sizeof step->peer);
            if (!is_end(reader) && !is_keyword(reader))
                read_frames(reader, &step->wire);
        } else {
            reader->wrong = "more words than are known here";
        }
    }
    if (!step->wire.is_given)
        step->wire = step->message;
    if (!step->message.is_given) /* recv from a "x" */
        step->message = step->wire;
}

static void read_peers_traffic(struct reader *reader, struct script_step *step)
{
    read_word(reader, step->peer, sizeof step->peer);
    if (take_word(reader, "sends"))
        step->verb = SCRIPT_SENDS;
    else if (take_word(reader, "gets"))
        step->verb = SCRIPT_GETS;
    else
        reader->wrong = "no such step";
    if (reader->wrong)
        return;
    step->wire.is_nothing = step->verb == SCRIPT_GETS && take_word(reader, "nothing");
    if (step->wire.is_nothing)
        return;
    step->wire.flags = take_request(reader);
    read_frames(reader, &step->wire);
    step->wire.has_more = take_word(reader, "more");
}

static void read_rest(struct reader *reader, char *out, size_t size)
{
    skip_spaces(reader);
    snprintf(out, size, "%.*s", (int)strcspn(reader->at, "\n"), reader->at);
    reader->at += strlen(reader->at);
}

static void read_step(struct reader *reader, struct script_step *step)
{
    static const struct {
        const char *word;
        enum script_verb verb;
    } with_frame[] = {{"subscribe", SCRIPT_SUBSCRIBE},
                      {"unsubscribe", SCRIPT_UNSUBSCRIBE},
                      {"join", SCRIPT_JOIN},
                      {"leave", SCRIPT_LEAVE}};

    for (size_t i = 0; i < sizeof with_frame / sizeof *with_frame; i++) {
        if (take_word(reader, with_frame[i].word)) {
            step->verb = with_frame[i].verb;
            read_frame(reader, &step->other);
            return;
        }
    }
    if (take_word(reader, "case")) {
        step->verb = SCRIPT_CASE;
        read_rest(reader, step->word, sizeof step->word);
    } else if (take_word(reader, "option")) {
        step->verb = SCRIPT_OPTION;
        read_word(reader, step->word, sizeof step->word);
        read_frame(reader, &step->other);
    } else if (take_word(reader, "peer")) {
        read_peer_line(reader, step);
    } else if (take_word(reader, "send")) {
        step->verb = SCRIPT_SEND;
        read_call(reader, step);
    } else if (take_word(reader, "recv")) {
        step->verb = SCRIPT_RECV;
        read_call(reader, step);
    } else if (take_word(reader, "poll")) {
        step->verb = SCRIPT_POLL;
        read_rest(reader, step->word, sizeof step->word);
    } else if (take_word(reader, "dropped")) {
        step->verb = SCRIPT_DROPPED;
        read_word(reader, step->word, sizeof step->word);
        step->number = read_number(reader);
    } else if (take_word(reader, "wait")) {
        step->verb = SCRIPT_WAIT;
        step->number = read_number(reader);
    } else {
        read_peers_traffic(reader, step);
    }
}

static int code_named(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {
        {"EAGAIN", -EAGAIN},     {"EFSM", -TN_EFSM},           {"EHOSTUNREACH", -EHOSTUNREACH},
        {"EBUSY", -EBUSY},       {"EINVAL", -EINVAL},          {"ENOTSUP", -ENOTSUP},
        {"EMSGSIZE", -EMSGSIZE}, {"ENOMEM", -ENOMEM},          {"ETIMEDOUT", -ETIMEDOUT},
        {"EACCES", -EACCES},     {"ENOCOMPAT", -TN_ENOCOMPAT}, {"ENOOPTION", -TN_ENOOPTION},
        {"EPROTO", -EPROTO},     {"ENOENT", -ENOENT},
    };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].name, name) == 0)
            return codes[i].code;
    return 0;
}

static void read_expectation(struct reader *reader)
{
    struct script *script = reader->script;
    char word[32] = "";

    read_word(reader, word, sizeof word);
    if (script->count == 0 || script->steps[script->count - 1].verb == SCRIPT_CASE) {
        reader->wrong = "\"expect\" follows a step";
        return;
    }
    script->steps[script->count - 1].expected = code_named(word);
    script->steps[script->count - 1].expects_refusal = strcmp(word, "refused") == 0;
    if (!code_named(word) && strcmp(word, "refused") != 0)
        reader->wrong = "the code is not known";
}

static void add_step(struct reader *reader)
{
    struct script *script = reader->script;
    struct script_step *grown;

    if (script->count % 64 == 0) {
        grown = realloc(script->steps, (script->count + 64) * sizeof *grown);
        if (!grown) {
            reader->wrong = "no memory";
            return;
        }
        script->steps = grown;
    }
    grown = &script->steps[script->count++];
    memset(grown, 0, sizeof *grown);
    grown->line = reader->line;
    read_step(reader, grown);
    if (!reader->wrong && script->steps[0].verb != SCRIPT_CASE)
        reader->wrong = "the first step of a pattern must be \"case\"";
}

static void read_line(struct reader *reader)
{
    char name[64];

    if (is_end(reader))
        return;
    if (take_word(reader, "pattern")) {
        read_word(reader, name, sizeof name);
        reader->is_ours = !reader->wrong && strcmp(name, reader->pattern) == 0;
    } else if (!reader->is_ours) {
        return;
    } else if (take_word(reader, "expect")) {
        read_expectation(reader);
    } else if (take_word(reader, "peers")) {
        bool is_kind = take_word(reader, "are");

        reader->script->is_streams = is_kind && take_word(reader, "streams");
        reader->script->is_datagrams = is_kind && take_word(reader, "datagrams");
        if (!reader->script->is_streams && !reader->script->is_datagrams)
            reader->wrong = "peers are streams or datagrams";
    } else {
        add_step(reader);
    }
    if (!reader->wrong && !is_end(reader))
        reader->wrong = "more words than are known here";
}

int script_read(struct script *script, const char *path, const char *pattern, char *why,
                size_t size)
{
    struct reader reader = {.script = script, .pattern = pattern};
    FILE *file = fopen(path, "re");
    char line[2048];

    *script = (struct script){.count = 0};
    if (!file) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return -errno;
    }
    while (!reader.wrong && fgets(line, sizeof line, file)) {
        reader.at = line;
        reader.line++;
        read_line(&reader);
    }
    fclose(file);
    if (!reader.wrong)
        return 0;
    snprintf(why, size, "%s:%d: %s", path, reader.line, reader.wrong);
    script_end(script);
    return -EINVAL;
}

void script_end(struct script *script)
{
    free(script->steps);
    *script = (struct script){.count = 0};
}
